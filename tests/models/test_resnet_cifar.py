"""ResNets for CIFAR-10 against section 4.2 of the paper."""

import math

import numpy as np
import pytest

import cnnzoo
from cnnzoo.inspection.cost import multiply_adds
from cnnzoo.models.resnet_cifar import VARIANTS

# Table 6, in millions.
PUBLISHED = {20: "0.27", 32: "0.46", 44: "0.66", 56: "0.85", 110: "1.7", 1202: "19.4"}
DEPTHS = {name: int(name.removeprefix("resnet").removesuffix("_b")) for name in VARIANTS}


def parameters(n, option_b):
    """3x3 kernels and two values a map for normalization, of a network of depth 6n + 2."""
    stem = 27 * 16 + 2 * 16
    stages = sum(2 * n * 9 * w * w + 2 * n * 2 * w for w in (16, 32, 64))
    narrow_inputs = 9 * 32 * (32 - 16) + 9 * 64 * (64 - 32)  # Their first units see half the maps.
    projections = (16 * 32 + 2 * 32 + 32 * 64 + 2 * 64) * option_b
    return stem + stages - narrow_inputs + projections + 64 * 10 + 10


def products(n, option_b):
    """A full stage costs 2n * 9 * 16 * 16 * 32 * 32 each: half the side, twice the filters."""
    stage = 9 * 16 * 16 * 32 * 32
    narrow_inputs = stage  # Half of a convolution, in two stages.
    projections = 2 * (16 * 32 * 16 * 16) * option_b
    return 27 * 16 * 32 * 32 + 3 * 2 * n * stage - narrow_inputs + projections + 64 * 10


@pytest.mark.parametrize("name", VARIANTS)
def test_the_table_follows_from_the_depth(name):
    row, depth, option_b = VARIANTS[name], DEPTHS[name], name.endswith("_b")
    assert 6 * row.units + 2 == depth
    assert row.params == parameters(row.units, option_b)
    assert row.macs == products(row.units, option_b)
    if not option_b:
        digits = len(PUBLISHED[depth].split(".")[1])
        assert f"{row.params / 1e6:.{digits}f}" == PUBLISHED[depth]


@pytest.mark.parametrize("name", ["resnet20", "resnet20_b"])
def test_the_layers_of_resnet20(name):
    model = cnnzoo.create_model(name)
    weighted = [layer for layer in model.layers if hasattr(layer, "kernel")]
    assert len(weighted) == (20 if name == "resnet20" else 22)
    assert sum(math.prod(w.shape) for w in model.trainable_weights) == VARIANTS[name].params
    assert multiply_adds(model) == VARIANTS[name].macs
    for stage, shape in enumerate([(32, 32, 16), (16, 16, 32), (8, 8, 64)], 1):
        for unit in (1, 2, 3):
            assert model.get_layer(f"stage{stage}_unit{unit}_relu2").output.shape[1:] == shape
    assert not any(layer.use_bias for layer in weighted[:-1])


def test_without_residuals_option_a_keeps_every_fourth_pixel_of_the_stem():
    model = cnnzoo.create_model("resnet20", input_shape=(9, 12, 3))
    for layer in model.layers:
        if layer.name.endswith("_bn2"):
            layer.gamma.assign(np.zeros(layer.gamma.shape))
    images = np.random.default_rng(0).normal(size=(2, 9, 12, 3)).astype("float32")
    kernel = np.asarray(model.get_layer("stem_conv").kernel)
    padded = np.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)])
    pixels = [
        np.einsum("bijc,ijcf->bf", padded[:, row : row + 3, column : column + 3], kernel)
        for row in range(0, 9, 4)
        for column in range(0, 12, 4)
    ]
    means = np.maximum(pixels / np.sqrt(1 + 1e-5), 0).mean(axis=0)
    logits = means @ np.asarray(model.get_layer("logits").kernel)[:16]
    assert np.allclose(np.asarray(model(images)), logits, atol=1e-4)


def test_strided_kernels_are_centered_where_the_shortcut_looks():
    model = cnnzoo.create_model("resnet20", input_shape=(6, 7, 3))
    convolution = model.get_layer("stage2_unit1_conv1")
    delta = np.zeros(convolution.kernel.shape)
    delta[1, 1, range(16), range(16)] = 1
    convolution.kernel.assign(delta)
    maps = np.random.default_rng(0).normal(size=(1, 6, 7, 16)).astype("float32")
    convolved = convolution(model.get_layer("stage2_unit1_conv1_pad")(maps))
    assert np.array_equal(
        np.asarray(convolved), np.asarray(model.get_layer("stage2_unit1_shortcut")(maps))
    )


def test_initial_kernels_are_normal_with_two_over_fan_in():
    model = cnnzoo.create_model("resnet20")
    kernel = np.asarray(model.get_layer("stage3_unit2_conv1").kernel)
    deviation = math.sqrt(2 / (9 * 64))
    assert kernel.std() == pytest.approx(deviation, rel=0.03)
    assert np.abs(kernel).max() > 3 * deviation  # A truncated normal ends at 2.3.


def test_normalization_has_the_constants_of_caffe():
    model = cnnzoo.create_model("resnet20")
    norms = [layer for layer in model.layers if layer.name.endswith(("bn", "bn1", "bn2"))]
    assert len(norms) == 19
    assert {(norm.momentum, norm.epsilon) for norm in norms} == {(0.9, 1e-5)}


def test_an_untrained_deep_network_stays_within_float16():
    model = cnnzoo.create_model("resnet56", input_shape=(8, 8, 3))
    images = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype("float32")
    assert np.abs(np.asarray(model(images))).max() < 1000
