"""ResNets for ImageNet against table 1 of the paper."""

import math

import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.cost import multiply_adds
from cnnzoo.models.resnet import VARIANTS

# Billions of multiply-adds: table 1, whose digits are cut or rounded, and torchvision's page.
PAPER = {"resnet18": 1.8, "resnet34": 3.6, "resnet50": 3.8, "resnet101": 7.6, "resnet152": 11.3}
TORCHVISION = {
    "resnet18": 1.814,
    "resnet34": 3.664,
    "resnet50": 4.089,
    "resnet101": 7.801,
    "resnet152": 11.514,
}
WIDTHS, SIDES = (64, 128, 256, 512), (56, 28, 14, 7)


def stages(row):
    """Yield units, filters, side, maps seen by the first unit, and maps at the end of a stage."""
    seen = 64
    for units, width, side in zip(row.units, WIDTHS, SIDES, strict=True):
        end = 4 * width if row.bottleneck else width
        yield units, width, side, seen, end
        seen = end


def parameters(row):
    total = 49 * 3 * 64 + 2 * 64
    for units, width, _, seen, end in stages(row):
        entering = seen + (units - 1) * end
        if row.bottleneck:
            total += entering * width + units * (9 * width**2 + width * end)
            total += units * 2 * (2 * width + end)
        else:
            total += 9 * entering * width + units * (9 * width**2 + 4 * width)
        total += (seen * end + 2 * end) * (seen != end)
    return total + end * 1000 + 1000


def products(row, stride_at):
    total = 49 * 3 * 64 * 112**2
    for stage, (units, width, side, seen, end) in enumerate(stages(row)):
        entering = seen + (units - 1) * end
        if row.bottleneck:
            total += side**2 * (entering * width + units * (9 * width**2 + width * end))
            # A 1x1 convolution before the stride runs on four times the pixels.
            total += 3 * side**2 * seen * width * (stage > 0 and stride_at == "conv2")
        else:
            total += side**2 * 9 * width * (entering + units * width)
        total += side**2 * seen * end * (seen != end)
    return total + end * 1000


@pytest.mark.parametrize("name", VARIANTS)
def test_the_table_follows_from_table_1(name):
    row = VARIANTS[name]
    layers_per_unit = 3 if row.bottleneck else 2
    assert f"resnet{layers_per_unit * sum(row.units) + 2}" == name
    assert row.params == parameters(row)
    assert row.macs == products(row, "conv2")
    assert round(row.macs / 1e9, 3) == TORCHVISION[name]
    assert products(row, "conv1") / 1e9 == pytest.approx(PAPER[name], abs=0.07)


@pytest.mark.parametrize("stride_at", ["conv1", "conv2"])
@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_the_layers(name, stride_at):
    row = VARIANTS[name]
    model = cnnzoo.create_model(name, stride_at=stride_at)
    assert sum(math.prod(w.shape) for w in model.trainable_weights) == row.params
    assert multiply_adds(model) == products(row, stride_at)
    assert model.get_layer("stem_conv").output.shape[1:] == (112, 112, 64)
    assert model.get_layer("stem_pool").output.shape[1:] == (56, 56, 64)
    for stage, (_, _, side, _, end) in enumerate(stages(row), 1):
        assert model.get_layer(f"stage{stage}_unit2_add").output.shape[1:] == (side, side, end)
    strided = "conv1" if name == "resnet18" else stride_at
    names = [layer.name for layer in model.layers if getattr(layer, "strides", None) == (2, 2)]
    expected = {f"stage{n}_unit1_{c}" for n in (2, 3, 4) for c in (strided, "shortcut_conv")}
    assert set(names) == expected | {"stem_conv", "stem_pool"}


def test_resnet50_has_regular_names():
    model = cnnzoo.create_model("resnet50", input_shape=(32, 32, 3))
    parts = [f"{part}{step}" for step in (1, 2, 3) for part in ("conv", "bn")]
    places = [f"stage{n}_unit{u}" for n, us in enumerate((3, 4, 6, 3), 1) for u in range(1, us + 1)]
    expected = {f"{place}_{part}" for place in places for part in parts}
    expected |= {f"stage{n}_unit1_shortcut_{part}" for n in (1, 2, 3, 4) for part in ("conv", "bn")}
    assert {layer.name for layer in model.layers if layer.weights} == expected | {
        "stem_conv",
        "stem_bn",
        "logits",
    }


def test_the_stem_pads_three_and_one_on_every_side():
    model = cnnzoo.create_model("resnet18", input_shape=(8, 10, 3))
    images = np.random.default_rng(0).normal(size=(2, 8, 10, 3)).astype("float32")
    padded = np.pad(images, [(0, 0), (3, 3), (3, 3), (0, 0)])
    kernel = np.asarray(model.get_layer("stem_conv").kernel)
    maps = np.zeros((2, 4, 5, 64))
    for row in range(4):
        for column in range(5):
            window = padded[:, 2 * row : 2 * row + 7, 2 * column : 2 * column + 7]
            maps[:, row, column] = np.einsum("bijc,ijcf->bf", window, kernel)
    maps = np.maximum(maps / np.sqrt(1 + 1e-5), 0)
    maps = np.pad(maps, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=-np.inf)
    pooled = np.stack(
        [
            [maps[:, 2 * r : 2 * r + 3, 2 * c : 2 * c + 3].max(axis=(1, 2)) for c in range(3)]
            for r in range(2)
        ]
    ).transpose(2, 0, 1, 3)
    answer = images
    for name in ("conv_pad", "conv", "bn", "relu", "pool_pad", "pool"):
        answer = model.get_layer(f"stem_{name}")(answer)
    assert np.allclose(np.asarray(answer), pooled, atol=1e-4)


@pytest.mark.parametrize("wrong", ["conv3", "", None, 2])
def test_other_places_of_the_stride_are_refused(wrong):
    with pytest.raises(CnnzooError, match=f"stride_at must be 'conv1' or 'conv2'; got {wrong!r}"):
        cnnzoo.create_model("resnet50", stride_at=wrong)
