"""Whitening filters against the patches' covariance."""

import keras
import numpy as np
import pytest

from cnnzoo import layers
from cnnzoo.errors import CnnzooError
from cnnzoo.export.folding import folded

RNG = np.random.default_rng(8)


def correlated_images():
    """Images whose neighboring pixels and channels are alike, of mean 0."""
    noise = RNG.normal(size=(40, 12, 11, 3))
    smooth = noise[:, 1:, 1:] + noise[:, :-1, 1:] + noise[:, 1:, :-1] + noise[:, :-1, :-1]
    return (smooth @ [[1, 0.8, 0.5], [0, 0.4, 0.3], [0, 0, 0.2]]).astype("float32")


def built(channels=3, kernel_size=2):
    layer = layers.WhiteningConv2D(kernel_size)
    layer.build((None, 12, 12, channels))
    return layer


@pytest.mark.parametrize("kernel_size", [2, 3])
def test_adapted_filters_have_uncorrelated_outputs_of_variance_1(kernel_size):
    images, layer = correlated_images(), built(kernel_size=kernel_size)
    layer.adapt(images, epsilon=0.0)
    maps = np.asarray(layer(images)).reshape(-1, layer.kernel.shape[-1])
    half = maps.shape[1] // 2
    moments = maps[:, :half].T @ maps[:, :half] / len(maps)
    assert half == 3 * kernel_size**2
    assert np.allclose(moments, np.eye(half), atol=2e-3)
    assert np.allclose(maps[:, half:], -maps[:, :half], atol=1e-5)


def test_filters_are_the_eigenvectors_over_the_root_of_variance_and_epsilon():
    images, layer = correlated_images(), built()
    layer.adapt(images)
    patches = np.array(
        [
            image[row : row + 2, column : column + 2].ravel()
            for image in images.astype("float64")
            for row in range(image.shape[0] - 1)
            for column in range(image.shape[1] - 1)
        ]
    )
    moments = patches.T @ patches / len(patches)
    filters = np.asarray(layer.kernel).reshape(12, 24)[:, :12].astype("float64")
    variances = 1 / (filters**2).sum(axis=0) - 5e-4
    assert (np.diff(variances) < 0).all()  # The largest first.
    assert np.allclose(moments @ filters, filters * variances, atol=1e-3)


def test_the_kernel_is_not_trained_and_the_bias_is():
    layer = built()
    assert [weight.name for weight in layer.trainable_weights] == ["bias"]
    layer.trainable = False
    layer.trainable = True
    assert [weight.name for weight in layer.trainable_weights] == ["bias"]


def test_before_it_is_adapted_the_kernel_is_orthogonal_and_always_the_same():
    keras.utils.set_random_seed(1)
    first = np.asarray(built().kernel)
    keras.utils.set_random_seed(2)
    assert np.array_equal(np.asarray(built().kernel), first)
    filters = first.reshape(12, 24)
    assert np.allclose(filters[:, :12].T @ filters[:, :12], np.eye(12), atol=1e-5)
    assert np.array_equal(filters[:, 12:], -filters[:, :12])


def test_adapted_filters_are_saved_and_exported(tmp_path):
    images = keras.Input((11, 10, 3))
    model = keras.Model(images, layers.WhiteningConv2D(2, name="whiten")(images))
    model.get_layer("whiten").adapt(correlated_images())
    model.get_layer("whiten").bias.assign(RNG.normal(size=24))
    values = correlated_images()[:2]
    expected = np.asarray(model(values))
    assert expected.shape == (2, *model.output_shape[1:]) == (2, 10, 9, 24)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(np.asarray(loaded(values)), expected)
    plain = folded(model)
    assert type(plain.get_layer("whiten")) is keras.layers.Conv2D
    assert np.allclose(plain(values), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 8, 8, 1), (4, 1, 8, 3), (8, 8, 3), (0, 8, 8, 3)])
def test_other_images_are_refused(shape):
    message = r"images must be \[count, height, width, 3\], with sides of at least 2; got \["
    with pytest.raises(CnnzooError, match=message):
        built().adapt(np.zeros(shape))
