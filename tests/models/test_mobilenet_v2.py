"""MobileNetV2 against table 2 of its paper, and counts that others publish."""

import math

import keras
import pytest

import cnnzoo
from cnnzoo.models.mobilenet_v2 import VARIANTS

# (side, expansion, maps seen, filters, whether it strides) of each unit for 32x32 images.
FULL = (
    *((32, 1, 32, 16, 1), (32, 6, 16, 24, 1), (32, 6, 24, 24, 1)),
    *((16, 6, 24, 32, 2), (16, 6, 32, 32, 1), (16, 6, 32, 32, 1)),
    *((8, 6, 32, 64, 2), (8, 6, 64, 64, 1), (8, 6, 64, 64, 1), (8, 6, 64, 64, 1)),
    *((8, 6, 64, 96, 1), (8, 6, 96, 96, 1), (8, 6, 96, 96, 1)),
    *((4, 6, 96, 160, 2), (4, 6, 160, 160, 1), (4, 6, 160, 160, 1), (4, 6, 160, 320, 1)),
)
# Half of each, to the next multiple of 8 that is at least 90% of it.
HALF = {32: 16, 16: 8, 24: 16, 64: 32, 96: 48, 160: 80, 320: 160}
WIDTHS = {"mobilenet_v2_050": HALF, "mobilenet_v2_100": {width: width for width in HALF}}
every_variant = pytest.mark.parametrize("name", WIDTHS)


def units(name):
    width = WIDTHS[name]
    return [(side, t, width[seen], width[c], step) for side, t, seen, c, step in FULL]


@every_variant
def test_parameters_and_multiply_adds(name):
    stem, last = WIDTHS[name][32], WIDTHS[name][320]
    params = 27 * stem + 2 * stem + last * 1280 + 2 * 1280 + 1280 * 10 + 10
    macs = 27 * stem * 32**2 + last * 1280 * 4**2 + 1280 * 10
    for side, expansion, seen, filters, step in units(name):
        inner = expansion * seen
        expand = seen * inner if expansion > 1 else 0
        normalized = (inner if expansion > 1 else 0) + inner + filters
        params += expand + 9 * inner + inner * filters + 2 * normalized
        macs += expand * (side * step) ** 2 + (9 * inner + inner * filters) * side**2
    assert (VARIANTS[name].params, VARIANTS[name].macs) == (params, macs)


def test_what_others_publish():
    # chenyaofo/pytorch-cifar-models: millions of parameters and of multiply-adds.
    published = {"mobilenet_v2_050": (0.70, 27.97), "mobilenet_v2_100": (2.24, 87.98)}
    for name, row in VARIANTS.items():
        assert (round(row.params / 1e6, 2), round(row.macs / 1e6, 2)) == published[name]


@every_variant
def test_the_units(name):
    model = cnnzoo.create_model(name)
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert trained == VARIANTS[name].params
    projections = [layer for layer in model.layers if layer.name.endswith("_project")]
    assert [(layer.output.shape[1], layer.filters) for layer in projections] == [
        (side, filters) for side, _, _, filters, _ in units(name)
    ]
    added = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    same = [one for one in units(name) if one[2] == one[3] and one[4] == 1]
    assert len(added) == len(same) == 10
    relus = [layer for layer in model.layers if isinstance(layer, keras.layers.ReLU)]
    assert {layer.max_value for layer in relus} == {6}
    # Bottlenecks are linear.
    assert model.get_layer("stage3_unit2_add").input[1] is (
        model.get_layer("stage3_unit2_project_bn").output
    )


def test_strides_start_at_the_first_pixel():
    model = cnnzoo.create_model("mobilenet_v2_050")
    strided = [layer for layer in model.layers if getattr(layer, "strides", (1, 1)) == (2, 2)]
    assert [layer.name for layer in strided] == [
        f"stage{stage}_unit1_depthwise" for stage in (3, 4, 6)
    ]
    for layer in strided:
        padding = model.get_layer(f"{layer.name}_pad")
        assert layer.padding == "valid"
        assert padding.padding == ((1, 1), (1, 1))


def test_depthwise_kernels_start_by_what_one_of_them_sees():
    keras.utils.set_random_seed(0)
    model = cnnzoo.create_model("mobilenet_v2_100", input_shape=(8, 8, 3))
    kernel = model.get_layer("stage7_unit1_depthwise").get_weights()[0]
    assert kernel.shape == (3, 3, 960, 1)
    assert kernel.std() == pytest.approx(math.sqrt(2 / 9), rel=0.03)
