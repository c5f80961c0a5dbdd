"""The layers of LeNet-5 against plain NumPy, written from the paper."""

import keras
import numpy as np
import pytest

from cnnzoo import layers

RNG = np.random.default_rng(2)
MAPS = [[0, 2], [1], [0, 1, 2]]


def test_scaled_tanh_is_one_at_one():
    values = np.asarray(layers.ScaledTanh()(np.array([[1.0, -1.0, 0.0, 100.0]], "float32")))[0]
    assert values == pytest.approx([1, -1, 0, 1.7159], abs=1e-4)


def test_subsampling_sums_scales_and_shifts():
    images = RNG.normal(size=(2, 6, 5, 3)).astype("float32")
    layer = layers.Subsampling2D(2)
    layer.build(images.shape)
    coefficient, bias = RNG.normal(size=(2, 3)).astype("float32")
    layer.set_weights([coefficient, bias])
    expected = np.zeros((2, 3, 2, 3))
    for row in range(3):
        for column in range(2):
            window = images[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            expected[:, row, column] = window.sum(axis=(1, 2)) * coefficient + bias
    assert np.allclose(layer(images), expected, atol=1e-5)
    assert layer.compute_output_shape(images.shape) == (2, 3, 2, 3)


def test_partial_convolution_sees_only_the_listed_maps():
    images = RNG.normal(size=(2, 7, 6, 3)).astype("float32")
    layer = layers.PartialConv2D(MAPS, 3, limit=2.4)
    layer.build(images.shape)
    kernel, bias = (
        RNG.normal(size=(3, 3, 6)).astype("float32"),
        RNG.normal(size=3).astype("float32"),
    )
    layer.set_weights([kernel, bias])
    expected = np.zeros((2, 5, 4, 3)) + bias
    pair = 0
    for output, seen in enumerate(MAPS):
        for channel in seen:
            for row in range(5):
                for column in range(4):
                    window = images[:, row : row + 3, column : column + 3, channel]
                    expected[:, row, column, output] += (window * kernel[..., pair]).sum(
                        axis=(1, 2)
                    )
            pair += 1
    assert np.allclose(layer(images), expected, atol=1e-4)
    assert layer.compute_output_shape(images.shape) == (2, 5, 4, 3)


def test_partial_convolution_starts_within_the_limits_of_the_paper():
    keras.utils.set_random_seed(0)  # Of 25 numbers, all are below 0.9 of the limit now and then.
    layer = layers.PartialConv2D(MAPS, 5, limit=2.4)
    layer.build((None, 9, 9, 3))
    kernel = np.abs(np.asarray(layer.kernel))
    for pairs, fan_in in (([0, 1], 50), ([2], 25), ([3, 4, 5], 75)):
        assert 0.9 * 2.4 / fan_in < kernel[..., pairs].max() <= 2.4 / fan_in


def test_rbf_is_minus_the_squared_distance():
    codes = np.sign(RNG.normal(size=(4, 84)))
    values = RNG.normal(size=(3, 84)).astype("float32")
    expected = -((values[:, None] - codes[None]) ** 2).sum(axis=-1)
    layer = layers.RBF(codes)
    assert np.allclose(layer(values), expected, rtol=1e-5)
    assert not layer.trainable_weights
    assert layer.compute_output_shape(values.shape) == (3, 4)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: layers.ScaledTanh(), (8, 8, 3)),
        (
            lambda: layers.Subsampling2D(2, initializer=keras.initializers.RandomUniform(-1, 1)),
            (8, 8, 3),
        ),
        (lambda: layers.PartialConv2D(MAPS, 5, limit=2.4), (8, 8, 3)),
        (lambda: layers.RBF([[1.0, -1.0], [1.0, 1.0]]), (2,)),
    ],
)
def test_saved_and_loaded_layers_compute_the_same(layer, shape, tmp_path):
    images = keras.Input(shape)
    model = keras.Model(images, layer()(images))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    values = RNG.normal(size=(2, *shape)).astype("float32")
    assert np.array_equal(np.asarray(model(values)), np.asarray(loaded(values)))
