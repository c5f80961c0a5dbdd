"""Wide ResNets against the paper's tables 1 and 4 and its code."""

import math

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.cost import multiply_adds
from cnnzoo.models.wide_resnet import VARIANTS

# Table 4, in millions; WRN-16-4 is not in it.
PUBLISHED = {"wrn40_2": 2.2, "wrn40_4": 8.9, "wrn16_8": 11.0, "wrn28_10": 36.5}


def kernels(n, k):
    """Weights of the convolutions of each stage of a network of depth 6n + 4 and width k.

    A stage has 2n convolutions from w to w maps, but the first sees fewer, as does the projection.
    """
    widths = [16, 16 * k, 32 * k, 64 * k]
    return [
        9 * w * w * (2 * n - 1) + 9 * seen * w + seen * w
        for seen, w in zip(widths[:-1], widths[1:], strict=True)
    ]


def parameters(n, k):
    inside = sum(2 * n * width * k for width in (16, 32, 64))  # Maps that are normalized in units.
    # First units normalize the maps of the stage before, the last normalization those of the last.
    outside = 16 + (16 + 32 + 64) * k - (16 + 32 + 64) * k
    return 27 * 16 + sum(kernels(n, k)) + 2 * (inside + outside) + 64 * k * 10 + 10


def products(n, k):
    stages = sum(w * side**2 for w, side in zip(kernels(n, k), (32, 16, 8), strict=True))
    return 27 * 16 * 32**2 + stages + 64 * k * 10


@pytest.mark.parametrize("name", VARIANTS)
def test_the_table_follows_from_depth_and_width(name):
    row = VARIANTS[name]
    depth, width = map(int, name.removeprefix("wrn").split("_"))
    assert (6 * row.units + 4, row.width) == (depth, width)
    assert row.params == parameters(row.units, width)
    assert row.macs == products(row.units, width)
    if name in PUBLISHED:
        assert round(row.params / 1e6, 1) == PUBLISHED[name]


def test_wrn_28_10_takes_5_2_billion_multiply_adds_as_others_report():
    assert round(VARIANTS["wrn28_10"].macs / 1e9, 1) == 5.2


def test_the_layers_of_wrn_16_4():
    model = cnnzoo.create_model("wrn16_4")
    assert sum(math.prod(w.shape) for w in model.trainable_weights) == VARIANTS["wrn16_4"].params
    assert multiply_adds(model) == VARIANTS["wrn16_4"].macs
    weighted = [layer for layer in model.layers if hasattr(layer, "kernel")]
    assert len(weighted) == 1 + 12 + 3 + 1  # Stem, units, projections and logits.
    for stage, (side, filters) in enumerate([(32, 64), (16, 128), (8, 256)], 1):
        for unit in (1, 2):
            maps = model.get_layer(f"stage{stage}_unit{unit}_add").output
            assert maps.shape[1:] == (side, side, filters)


def test_units_that_change_size_share_their_activation_with_the_projection():
    model = cnnzoo.create_model("wrn16_4", input_shape=(8, 8, 3))
    for stage in (1, 2, 3):
        active = model.get_layer(f"stage{stage}_unit1_relu1").output
        assert model.get_layer(f"stage{stage}_unit1_shortcut_conv").input is active
        first = f"stage{stage}_unit1_conv1" + ("_pad" if stage > 1 else "")
        assert model.get_layer(first).input is active
        before = model.get_layer(f"stage{stage}_unit1_add").output
        assert any(before is tensor for tensor in model.get_layer(f"stage{stage}_unit2_add").input)


def test_dropout_stands_between_the_convolutions_and_works_only_in_training():
    keras.utils.set_random_seed(0)
    model = cnnzoo.create_model("wrn16_4", input_shape=(8, 8, 3), dropout=0.3)
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.rate for layer in dropouts] == [0.3] * 6
    for layer in dropouts:
        unit = layer.name.removesuffix("_dropout")
        assert layer.input is model.get_layer(f"{unit}_relu2").output
        assert layer.output is model.get_layer(f"{unit}_conv2").input
    plain = cnnzoo.create_model("wrn16_4", input_shape=(8, 8, 3))
    assert not [layer for layer in plain.layers if isinstance(layer, keras.layers.Dropout)]
    plain.set_weights([w for w in model.get_weights() if w.dtype != np.uint32])
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    assert np.array_equal(np.asarray(model(images)), np.asarray(plain(images)))
    assert not np.allclose(model(images, training=True), plain(images, training=True))


@pytest.mark.parametrize("wrong", [1, -0.1, 1.5, "0.3", None, True, float("nan")])
def test_wrong_dropout_is_refused(wrong):
    with pytest.raises(CnnzooError, match=r"dropout must be at least 0 and below 1; got "):
        cnnzoo.create_model("wrn16_4", dropout=wrong)
