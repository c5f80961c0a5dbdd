"""All-CNN-C against tables 1 to 3 of its paper."""

import math

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.models.all_cnn import VARIANTS

# (side of the maps, kernel, maps that are seen, filters) of each convolution.
CONVOLUTIONS = (
    *((32, 3, 3, 96), (32, 3, 96, 96), (16, 3, 96, 96)),
    *((16, 3, 96, 192), (16, 3, 192, 192), (8, 3, 192, 192)),
    *((6, 3, 192, 192), (6, 1, 192, 192), (6, 1, 192, 10)),
)


def test_parameters_and_multiply_adds():
    kernels = [size**2 * seen * filters for _, size, seen, filters in CONVOLUTIONS]
    biases = sum(filters for *_, filters in CONVOLUTIONS)
    assert VARIANTS["all_cnn_c"].params == sum(kernels) + biases == 1_369_738
    assert round(VARIANTS["all_cnn_c"].params / 1e6, 1) == 1.4  # Table 3; the paper rounds up 1.37.
    slides = [side**2 * one for (side, *_), one in zip(CONVOLUTIONS, kernels, strict=True)]
    assert VARIANTS["all_cnn_c"].macs == sum(slides) == 270_798_336


def test_the_layers():
    model = cnnzoo.create_model("all_cnn_c")
    assert sum(math.prod(w.shape) for w in model.trainable_weights) == VARIANTS["all_cnn_c"].params
    found = [
        (layer.output.shape[1], layer.kernel_size[0], layer.input.shape[-1], layer.filters)
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D)
    ]
    assert found == list(CONVOLUTIONS)
    assert model.get_layer("pool").input.shape == (None, 6, 6, 10)  # Table 1.
    assert not [layer for layer in model.layers if "Pooling2D" in type(layer).__name__][:-1]


def test_dropout_of_the_images_and_after_the_strides():
    model = cnnzoo.create_model("all_cnn_c", input_shape=(9, 9, 3))
    dropouts = {
        layer.name: layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)
    }
    assert dropouts == {"dropout1": pytest.approx(0.2), "dropout2": 0.5, "dropout3": 0.5}
    assert model.get_layer("dropout2").input is model.get_layer("relu3").output
    assert model.get_layer("dropout3").input is model.get_layer("relu6").output


def test_logits_are_the_means_of_the_activated_maps_of_the_classes():
    model = cnnzoo.create_model("all_cnn_c", input_shape=(16, 16, 3))
    images = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")
    maps = np.asarray(keras.Model(model.input, model.get_layer("logits").output)(images))
    expected = np.maximum(maps, 0).mean(axis=(1, 2))
    assert (expected > 0).all()  # No class starts silent.
    assert np.allclose(model(images), expected, atol=1e-5)
