"""Numbers of the plain convolutional networks, by hand."""

import math

import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.models import basic_cnn


def weights_of(model):
    return {
        layer.name: sum(math.prod(weight.shape) for weight in layer.trainable_weights)
        for layer in model.layers
        if layer.trainable_weights
    }


def test_the_parameters_of_the_course_are_where_it_has_them():
    weights = weights_of(cnnzoo.create_model("basic_cnn"))
    assert weights == {
        "stage1_conv1": 16 * (9 * 3 + 1),
        "stage2_conv1": 32 * (9 * 16 + 1),
        "stage3_conv1": 64 * (9 * 32 + 1),
        "dense": 500 * (4 * 4 * 64 + 1),
        "logits": 10 * (500 + 1),
    }
    assert sum(weights.values()) == basic_cnn.VARIANTS["basic_cnn"].params == 541_094


def test_the_multiply_adds_of_the_course():
    convolutions = 32**2 * 9 * 3 * 16 + 16**2 * 9 * 16 * 32 + 8**2 * 9 * 32 * 64
    dense = 4 * 4 * 64 * 500 + 500 * 10
    assert basic_cnn.VARIANTS["basic_cnn"].macs == convolutions + dense == 3_318_664


def test_the_small_network_has_fewer_than_100000_parameters():
    weights = weights_of(cnnzoo.create_model("basic_cnn_small"))
    sizes = zip((1, 16, 16, 32, 32, 64), (16, 16, 32, 32, 64, 64), strict=True)
    expected = [count for seen, made in sizes for count in (9 * seen * made, 2 * made)]
    assert list(weights.values()) == [*expected, 10 * (3 * 3 * 64 + 1)]
    assert sum(weights.values()) == basic_cnn.VARIANTS["basic_cnn_small"].params == 77_786


def test_the_multiply_adds_of_the_small_network():
    first = 28**2 * 9 * (1 * 16 + 16 * 16)
    second = 14**2 * 9 * (16 * 32 + 32 * 32)
    third = 7**2 * 9 * (32 * 64 + 64 * 64)
    assert basic_cnn.VARIANTS["basic_cnn_small"].macs == first + second + third + 5_760 == 7_344_000


@pytest.mark.parametrize(
    ("name", "sides"), [("basic_cnn", (16, 8, 4)), ("basic_cnn_small", (14, 7, 3))]
)
def test_each_stage_halves_the_maps(name, sides):
    model = cnnzoo.create_model(name)
    shapes = [model.get_layer(f"stage{stage}_pool").output.shape[1:] for stage in (1, 2, 3)]
    assert shapes == [
        (side, side, filters) for side, filters in zip(sides, (16, 32, 64), strict=True)
    ]


def test_dropout_comes_before_each_dense_layer():
    for name, dropouts in (("basic_cnn", 2), ("basic_cnn_small", 1)):
        layers = cnnzoo.create_model(name, dropout=0.4).layers
        rates = [layer.rate for layer in layers if hasattr(layer, "rate")]
        assert rates == [0.4] * dropouts
        for before, layer in zip(layers, layers[1:], strict=False):
            if layer.name in ("dense", "logits"):
                assert before.name.startswith("dropout")


@pytest.mark.parametrize(
    ("name", "filters", "params", "macs"),
    [
        ("basic_cnn_20k", (16, 16, 24, 24, 32), 18_554, 3_951_680),
        ("basic_cnn_8k", (8, 8, 16, 16, 24), 7_954, 1_354_992),
    ],
)
def test_networks_for_small_devices_by_hand(name, filters, params, macs):
    row, sides = basic_cnn.VARIANTS[name], (28, 28, 14, 14, 7)
    pairs = list(zip((1, *filters), filters, strict=False))
    kernels = [9 * seen * made for seen, made in pairs]
    head = 10 * (filters[-1] + 1)
    assert row.params == params == sum(kernels) + 2 * sum(filters) + head
    areas = [side * side for side in sides]
    positions = sum(area * count for area, count in zip(areas, kernels, strict=True))
    assert row.macs == macs == positions + 10 * filters[-1]
    model = cnnzoo.create_model(name)
    assert sum(math.prod(one.shape) for one in model.trainable_weights) == params
    assert model.get_layer("pool").input.shape[1:] == (7, 7, filters[-1])


@pytest.mark.parametrize("name", list(basic_cnn.VARIANTS))
def test_the_smallest_images(name):
    smallest = basic_cnn.VARIANTS[name].smallest
    shape = (smallest, smallest, 2)
    assert cnnzoo.create_model(name, input_shape=shape).output_shape == (None, 10)
    with pytest.raises(CnnzooError, match=f"must be at least {smallest}x{smallest} for {name}"):
        cnnzoo.create_model(name, input_shape=(smallest, smallest - 1, 2))


@pytest.mark.parametrize("wrong", [-0.1, 1, "much", None])
def test_dropout_must_be_a_fraction(wrong):
    with pytest.raises(CnnzooError, match=f"dropout must be at least 0 and below 1; got {wrong!r}"):
        cnnzoo.create_model("basic_cnn", dropout=wrong)
