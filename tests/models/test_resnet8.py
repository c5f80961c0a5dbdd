"""ResNet-8 against the reference code of MLPerf Tiny."""

import math

import pytest

import cnnzoo
from cnnzoo.inspection.cost import multiply_adds
from cnnzoo.models.resnet8 import VARIANTS


def test_the_parameters_of_every_stage():
    model = cnnzoo.create_model("resnet8")
    weights = {}
    for layer in model.layers:
        place = layer.name.split("_")[0]
        own = sum(math.prod(weight.shape) for weight in layer.trainable_weights)
        weights[place] = weights.get(place, 0) + own
    assert {place: count for place, count in weights.items() if count} == {
        "stem": 27 * 16 + 16 + 32,
        "stage1": 2 * (9 * 16 * 16 + 16 + 32),
        "stage2": 9 * 16 * 32 + 9 * 32 * 32 + 16 * 32 + 3 * 32 + 2 * 64,
        "stage3": 9 * 32 * 64 + 9 * 64 * 64 + 32 * 64 + 3 * 64 + 2 * 128,
        "logits": 64 * 10 + 10,
    }
    assert sum(weights.values()) == 78_186 == VARIANTS["resnet8"].params
    assert model.count_params() == 78_666  # With two moving statistics for each of 240 maps.


def test_the_multiply_adds_of_every_stage():
    stem, stage1 = 27 * 16 * 32**2, 2 * 9 * 16 * 16 * 32**2
    stage2 = (9 * 16 * 32 + 9 * 32 * 32 + 16 * 32) * 16**2
    stage3 = (9 * 32 * 64 + 9 * 64 * 64 + 32 * 64) * 8**2
    assert stem + stage1 + stage2 + stage3 + 64 * 10 == VARIANTS["resnet8"].macs
    assert multiply_adds(cnnzoo.create_model("resnet8")) == VARIANTS["resnet8"].macs


def test_the_maps_and_the_constants():
    model = cnnzoo.create_model("resnet8")
    shapes = [model.get_layer(f"stage{stage}_unit1_relu2").output.shape[1:] for stage in (1, 2, 3)]
    assert shapes == [(32, 32, 16), (16, 16, 32), (8, 8, 64)]
    norm = model.get_layer("stem_bn")
    assert (norm.momentum, norm.epsilon) == (0.99, 1e-3)
    assert all(layer.use_bias for layer in model.layers if hasattr(layer, "kernel"))
    added = model.get_layer("stage2_unit1_add").input
    # No normalization between the projection and the sum.
    assert any(model.get_layer("stage2_unit1_shortcut_conv").output is tensor for tensor in added)


def test_the_large_one_has_26_filters_where_the_other_has_16():
    first, second, third = 26, 52, 104
    kernels = {
        32: 27 * first + 2 * 9 * first * first,
        16: 9 * first * second + 9 * second * second + first * second,
        8: 9 * second * third + 9 * third * third + second * third,
    }
    biases = 3 * first + 3 * second + 3 * third
    normalized = 3 * first + 2 * second + 2 * third
    params = sum(kernels.values()) + biases + 2 * normalized + third * 10 + 10
    assert VARIANTS["resnet8_large"].params == params == 204_526
    macs = sum(side**2 * weights for side, weights in kernels.items()) + third * 10
    assert VARIANTS["resnet8_large"].macs == macs == 32_562_192
    model = cnnzoo.create_model("resnet8_large")
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == params


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 9, 1)])
def test_other_images(shape):
    assert cnnzoo.create_model("resnet8", input_shape=shape).output_shape == (None, 10)
