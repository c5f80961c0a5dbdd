"""ShuffleNetV2 against table 5 of its paper, and counts that others publish."""

import math

import numpy as np
import pytest

import cnnzoo
from cnnzoo.models.shufflenet_v2 import VARIANTS

WIDTHS = {"shufflenet_v2_050": (48, 96, 192), "shufflenet_v2_100": (116, 232, 464)}
every_variant = pytest.mark.parametrize("name", WIDTHS)


@every_variant
def test_parameters_and_multiply_adds(name):
    params, macs, seen = 27 * 24 + 2 * 24, 27 * 24 * 32**2, 24
    for filters, units, side in zip(WIDTHS[name], (4, 8, 4), (16, 8, 4), strict=True):
        half = filters // 2
        # Figure 3d: left a depthwise and a pointwise convolution, right one more at full size.
        left = 9 * seen + seen * half
        params += left + 2 * (seen + half)
        params += seen * half + 9 * half + half * half + 2 * 3 * half
        macs += (left + 9 * half + half * half) * side**2 + seen * half * (2 * side) ** 2
        # Figure 3c: one half of the channels stays as it is.
        branch = 2 * half * half + 9 * half
        params += (units - 1) * (branch + 2 * 3 * half)
        macs += (units - 1) * branch * side**2
        seen = filters
    params += seen * 1024 + 2 * 1024 + 1024 * 10 + 10
    macs += seen * 1024 * 4**2 + 1024 * 10
    assert (VARIANTS[name].params, VARIANTS[name].macs) == (params, macs)


def test_what_others_publish():
    # chenyaofo/pytorch-cifar-models: millions of parameters and of multiply-adds.
    published = {"shufflenet_v2_050": (0.35, 10.90), "shufflenet_v2_100": (1.26, 45.00)}
    for name, row in VARIANTS.items():
        assert (round(row.params / 1e6, 2), round(row.macs / 1e6, 2)) == published[name]


@every_variant
def test_the_layers(name):
    model = cnnzoo.create_model(name)
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert trained == VARIANTS[name].params
    for stage, (side, filters) in enumerate(zip((16, 8, 4), WIDTHS[name], strict=True), 1):
        for unit in range(1, (4, 8, 4)[stage - 1] + 1):
            maps = model.get_layer(f"stage{stage}_unit{unit}_shuffle").output
            assert maps.shape[1:] == (side, side, filters)


def test_a_unit_passes_on_every_second_of_its_maps():
    model = cnnzoo.create_model("shufflenet_v2_050", input_shape=(8, 8, 3))
    before = model.get_layer("stage1_unit1_shuffle").output
    assert model.get_layer("stage1_unit2_kept").input is before
    assert model.get_layer("stage1_unit2_half").input is before
    assert model.get_layer("stage1_unit2_conv1").input is (
        model.get_layer("stage1_unit2_half").output
    )
    maps = np.random.default_rng(0).normal(size=(1, 4, 4, 48)).astype("float32")
    kept = model.get_layer("stage1_unit2_kept")(maps)
    joined = model.get_layer("stage1_unit2_concat")([kept, np.zeros((1, 4, 4, 24), "float32")])
    shuffled = np.asarray(model.get_layer("stage1_unit2_shuffle")(joined))
    assert np.array_equal(shuffled[..., ::2], maps[..., :24])
    assert not shuffled[..., 1::2].any()
