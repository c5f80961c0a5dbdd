"""ResNets with pre-activation against the paper's appendix and its code."""

import math
import time

import numpy as np
import pytest

import cnnzoo
from cnnzoo.inspection.cost import multiply_adds
from cnnzoo.models import resnet_cifar
from cnnzoo.models.preact_resnet import VARIANTS


def bottleneck_kernels(n):
    """Weights of the convolutions of a stage, and of the whole network of depth 9n + 2.

    A unit of width w has w x 4w, 3x3 x w x w and 4w x w weights; the first sees fewer maps and has
    a projection to 4w.
    """
    stages = []
    for width, seen in ((16, 16), (32, 64), (64, 128)):
        unit = 9 * width**2 + 4 * width**2
        stages.append(n * unit + (n - 1) * 4 * width**2 + seen * width + seen * 4 * width)
    return stages


def bottleneck_parameters(n):
    norms = 2 * sum(n * 2 * w + (n - 1) * 4 * w for w in (16, 32, 64)) + 2 * (16 + 64 + 128 + 256)
    return 27 * 16 + sum(bottleneck_kernels(n)) + norms + 256 * 10 + 10


def bottleneck_products(n):
    # The first 1x1 convolution strides, so that a stage's kernels all run on the stage's own maps.
    sides = zip(bottleneck_kernels(n), (32, 16, 8), strict=True)
    return 27 * 16 * 32**2 + sum(weights * side**2 for weights, side in sides) + 256 * 10


@pytest.mark.parametrize(
    ("depth", "published"),
    [(164, 1.7), (1001, 10.2)],  # Millions; without normalization, as 10.2 shows.
)
def test_the_table_of_bottlenecks_follows_from_the_depth(depth, published):
    row = VARIANTS[f"preact_resnet{depth}"]
    assert 9 * row.units + 2 == depth
    assert row.params == bottleneck_parameters(row.units)
    assert row.macs == bottleneck_products(row.units)
    kernels = 27 * 16 + sum(bottleneck_kernels(row.units)) + 2570
    assert round(kernels / 1e6, 1) == published


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
def test_basic_units_cost_what_those_of_2015_do(depth):
    # The last normalization's 64 maps make up for the 32 -> 16 and 64 -> 32 of the first units'.
    old, new = resnet_cifar.VARIANTS[f"resnet{depth}"], VARIANTS[f"preact_resnet{depth}"]
    assert (new.params, new.macs, new.units) == (old.params, old.macs, old.units)


@pytest.mark.parametrize(("name", "ends"), [("20", (16, 32, 64)), ("164", (64, 128, 256))])
def test_the_layers(name, ends):
    name = f"preact_resnet{name}"
    model = cnnzoo.create_model(name)
    assert sum(math.prod(w.shape) for w in model.trainable_weights) == VARIANTS[name].params
    assert multiply_adds(model) == VARIANTS[name].macs
    for stage, (side, filters) in enumerate(zip((32, 16, 8), ends, strict=True), 1):
        maps = model.get_layer(f"stage{stage}_unit2_add").output
        assert maps.shape[1:] == (side, side, filters)


def sources(model, name):
    """Names of the layers that feed `name`."""
    tensors = model.get_layer(name).input
    tensors = tensors if isinstance(tensors, list) else [tensors]
    return {tensor._keras_history.operation.name for tensor in tensors}


def test_the_first_unit_parts_after_its_activation_and_the_last_gets_one_more():
    model = cnnzoo.create_model("preact_resnet20")
    assert sources(model, "stage1_unit1_bn1") == {"stem_conv"}
    assert sources(model, "stage1_unit1_add") == {"stage1_unit1_relu1", "stage1_unit1_conv2"}
    assert sources(model, "stage1_unit2_add") == {"stage1_unit1_add", "stage1_unit2_conv2"}
    assert sources(model, "final_bn") == {"stage3_unit3_add"}
    assert sources(model, "pool") == {"final_relu"}


def test_projections_start_after_the_activation_and_the_first_convolution_strides():
    model = cnnzoo.create_model("preact_resnet164", input_shape=(8, 8, 3))
    for stage, strides in ((1, 1), (2, 2), (3, 2)):
        unit = f"stage{stage}_unit1"
        assert sources(model, f"{unit}_shortcut_conv") == {f"{unit}_relu1"}
        assert model.get_layer(f"{unit}_conv1").strides == (strides, strides)
        assert model.get_layer(f"{unit}_conv2").strides == (1, 1)
        assert sources(model, f"{unit}_add") == {f"{unit}_shortcut_conv", f"{unit}_conv3"}


def test_without_residuals_every_fourth_pixel_of_the_stem_remains():
    model = cnnzoo.create_model("preact_resnet20", input_shape=(9, 12, 3))
    for layer in model.layers:
        if layer.name.endswith("_conv2"):
            layer.kernel.assign(np.zeros(layer.kernel.shape))
    images = np.random.default_rng(0).normal(size=(2, 9, 12, 3)).astype("float32")
    stem = np.maximum(np.asarray(model.get_layer("stem_conv")(images)), 0)
    means = stem[:, ::4, ::4].mean(axis=(1, 2))
    logits = means @ np.asarray(model.get_layer("logits").kernel)[:16]
    assert np.allclose(np.asarray(model(images)), logits, atol=1e-3)


def test_an_untrained_deep_network_stays_within_float16():
    model = cnnzoo.create_model("preact_resnet110", input_shape=(8, 8, 3))
    images = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype("float32")
    assert np.abs(np.asarray(model(images))).max() < 1000


@pytest.mark.slow
def test_preact_resnet1001_builds_in_less_than_a_minute():
    start = time.process_time()  # Of this process alone, whatever else the machine does.
    model = cnnzoo.create_model("preact_resnet1001")
    assert time.process_time() - start < 60
    weighted = [layer for layer in model.layers if hasattr(layer, "kernel")]
    assert len(weighted) == 1001 + 3  # Three projections.
    expected = VARIANTS["preact_resnet1001"].params
    assert sum(math.prod(w.shape) for w in model.trainable_weights) == expected
