"""The networks of airbench against the sizes in its code."""

import math

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.models.airbench import VARIANTS

WIDTHS = {"airbench93": (64, 128, 128), "airbench94": (64, 256, 256)}
# With the whitening kernels, which are not trained.
WHOLE = {"airbench93": 569_016, "airbench94": 1_971_640}
every_variant = pytest.mark.parametrize("name", WIDTHS)


def kernels(name):
    """Yield (side of the maps that a kernel slides over, weights) of each trained convolution."""
    seen = 24  # Two filters for each of the 2x2x3 values of a patch.
    for filters, before, after in zip(WIDTHS[name], (31, 15, 7), (15, 7, 3), strict=True):
        yield before, 9 * seen * filters
        yield after, 9 * filters * filters
        seen = filters


@every_variant
def test_parameters_and_multiply_adds(name):
    row, last = VARIANTS[name], WIDTHS[name][-1]
    offsets = 24 + sum(2 * filters for filters in WIDTHS[name])
    assert row.params == offsets + sum(weights for _, weights in kernels(name)) + last * 10
    assert row.params + 12 * 24 == WHOLE[name]
    slides = sum(side**2 * weights for side, weights in kernels(name))
    assert row.macs == 31**2 * 12 * 24 + slides + last * 10


@every_variant
def test_the_layers_and_what_is_trained(name):
    model = cnnzoo.create_model(name)
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert trained == VARIANTS[name].params
    frozen = [weight.path for weight in model.non_trainable_weights if "moving" not in weight.path]
    assert frozen == ["whiten/kernel"]
    blocks = [model.get_layer(f"block{block}_gelu2").output for block in (1, 2, 3)]
    assert [maps.shape[1:] for maps in blocks] == [
        (side, side, filters) for side, filters in zip((15, 7, 3), WIDTHS[name], strict=True)
    ]
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            assert (layer.momentum, layer.epsilon, layer.scale) == (0.6, 1e-12, False)
    # Pooling comes before the first normalization of a block.
    assert model.get_layer("block2_pool").input is model.get_layer("block2_conv1").output
    assert model.get_layer("block2_bn1").input is model.get_layer("block2_pool").output


def test_convolutions_start_by_passing_on_their_inputs():
    model = cnnzoo.create_model("airbench93", input_shape=(12, 12, 3))
    images = np.random.default_rng(0).normal(size=(2, 5, 5, 24)).astype("float32")
    maps = np.asarray(model.get_layer("block1_conv1")(images))
    assert np.allclose(maps[..., :24], images, atol=1e-6)
    assert not np.allclose(maps[..., 24:48], images, atol=0.1)


def test_logits_are_a_ninth_of_the_product_with_the_pooled_maps():
    model = cnnzoo.create_model("airbench93", input_shape=(12, 12, 3))
    images = np.random.default_rng(0).normal(size=(3, 12, 12, 3)).astype("float32")
    maps = keras.Model(model.input, model.get_layer("block3_gelu2").output)(images)
    (kernel,) = model.get_layer("logits").get_weights()
    expected = np.asarray(maps).max(axis=(1, 2)) @ kernel / 9
    assert np.allclose(model(images), expected, atol=1e-5)


def test_the_pooling_is_the_3x3_window_of_the_code():
    assert cnnzoo.create_model("airbench94").get_layer("pool").input.shape[1:3] == (3, 3)
