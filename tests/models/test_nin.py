"""Network in network against the sizes of the authors' model."""

import math

import keras
import numpy as np

import cnnzoo
from cnnzoo.models.nin import VARIANTS

# (side of the maps, kernel, maps that are seen, filters) of each convolution.
CONVOLUTIONS = (
    *((32, 5, 3, 192), (32, 1, 192, 160), (32, 1, 160, 96)),
    *((16, 5, 96, 192), (16, 1, 192, 192), (16, 1, 192, 192)),
    *((8, 3, 192, 192), (8, 1, 192, 192), (8, 1, 192, 10)),
)


def test_parameters_and_multiply_adds():
    kernels = [size**2 * seen * filters for _, size, seen, filters in CONVOLUTIONS]
    biases = sum(filters for *_, filters in CONVOLUTIONS)
    assert VARIANTS["nin"].params == sum(kernels) + biases == 966_986
    slides = [side**2 * one for (side, *_), one in zip(CONVOLUTIONS, kernels, strict=True)]
    assert VARIANTS["nin"].macs == sum(slides) == 222_486_528


def test_the_layers():
    model = cnnzoo.create_model("nin")
    assert sum(math.prod(w.shape) for w in model.trainable_weights) == VARIANTS["nin"].params
    found = [
        (layer.output.shape[1], layer.kernel_size[0], layer.input.shape[-1], layer.filters)
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D)
    ]
    assert found == list(CONVOLUTIONS)
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.rate for layer in dropouts] == [0.5, 0.5]


def test_poolings_are_those_of_caffe_at_even_sides():
    model = cnnzoo.create_model("nin", input_shape=(8, 8, 3))
    maps = np.random.default_rng(0).normal(size=(1, 8, 8, 2)).astype("float32")
    for block, summary in ((1, np.max), (2, np.mean)):
        pooled = np.asarray(model.get_layer(f"block{block}_pool")(maps))
        for row in range(4):
            for column in range(4):
                window = maps[0, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
                expected = summary(window, axis=(0, 1))
                assert np.allclose(pooled[0, row, column], expected, atol=1e-6)


def test_logits_are_the_means_of_the_activated_maps_of_the_classes():
    model = cnnzoo.create_model("nin", input_shape=(8, 8, 3))
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    maps = np.asarray(keras.Model(model.input, model.get_layer("logits").output)(images))
    expected = np.maximum(maps, 0).mean(axis=(1, 2))
    assert (expected > 0).all()  # No class starts silent.
    assert np.allclose(model(images), expected, atol=1e-5)
