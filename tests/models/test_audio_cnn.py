"""Numbers of M3 to M34-res from the paper's table 1."""

import math

import numpy as np
import pytest

import cnnzoo
from cnnzoo.models import audio_cnn

# (filters, convolutions of length 3) of each stage of table 1, after one convolution of length 80.
TABLE = {
    "m3": (256, [(256, 1)]),
    "m5": (128, [(128, 1), (256, 1), (512, 1)]),
    "m11": (64, [(64, 2), (128, 2), (256, 3), (512, 2)]),
    "m18": (64, [(64, 4), (128, 4), (256, 4), (512, 4)]),
    "m34_res": (48, [(48, 6), (96, 8), (192, 12), (384, 6)]),
}
LENGTHS = (2_000, 500, 125, 32)  # Of the maps of the stages, in samples.
every_variant = pytest.mark.parametrize("name", TABLE)


def convolutions(name):
    """Yield (length of the output, weights, filters) of each convolution."""
    channels, stages = TABLE[name]
    yield 8_000, 80 * channels, channels
    for length, (filters, count) in zip(LENGTHS, stages, strict=False):
        for _ in range(count):
            yield length, 3 * channels * filters, filters
            channels = filters


@every_variant
def test_the_name_counts_the_layers_with_weights(name):
    depth = int(name.removeprefix("m").removesuffix("_res"))
    assert len(list(convolutions(name))) + 1 == depth


@every_variant
def test_parameters_and_multiply_adds_follow_from_table_1(name):
    features = TABLE[name][1][-1][0]
    # Batch normalization has a scale and an offset a map.
    params = sum(weights + 2 * filters for _, weights, filters in convolutions(name))
    if name == "m34_res":
        # Every second normalization has no offset; another normalization follows each sum.
        params += sum(filters * count // 2 for filters, count in TABLE[name][1])
    assert audio_cnn.VARIANTS[name].params == params + features * 10 + 10
    macs = sum(length * weights for length, weights, _ in convolutions(name))
    assert audio_cnn.VARIANTS[name].macs == macs + features * 10


@every_variant
def test_parameters_agree_with_the_millions_of_table_1(name):
    published = {"m3": 0.2, "m5": 0.5, "m11": 1.8, "m18": 3.7, "m34_res": 4.0}[name]
    millions = audio_cnn.VARIANTS[name].params / 1e6
    # The paper cuts off the 0.56 of M5 and rounds the others.
    assert published in (round(millions, 1), math.floor(10 * millions) / 10)


@every_variant
def test_lengths_are_those_of_table_1(name):
    model = cnnzoo.create_model(name)
    assert model.get_layer("conv1").output.shape == (None, 8_000, TABLE[name][0])
    poolings = [layer for layer in model.layers if layer.name.startswith("pool")]
    expected = {"m3": 2, "m5": 4}.get(name, len(TABLE[name][1]))
    assert [layer.output.shape[1] for layer in poolings] == list(LENGTHS[:expected])


def test_a_residual_unit_adds_its_input_twice_side_by_side():
    model = cnnzoo.create_model("m34_res", input_shape=(1024, 1))
    doubled = [layer.name for layer in model.layers if layer.name.endswith("_shortcut")]
    assert doubled == [f"stage{stage}_unit1_shortcut" for stage in (2, 3, 4)]
    maps = np.random.default_rng(0).normal(size=(1, 4, 48)).astype("float32")
    twice = np.asarray(model.get_layer(doubled[0])([maps, maps]))
    assert np.array_equal(twice, np.concatenate([maps, maps], axis=-1))
    assert len([layer for layer in model.layers if layer.name.endswith("_add")]) == 3 + 4 + 6 + 3


@every_variant
def test_no_weight_is_canceled_by_a_normalization(name):
    model = cnnzoo.create_model(name, input_shape=(1024, 1))
    for layer in model.layers:
        if "conv" in layer.name and layer.weights:
            has_offset = any(weight.name in ("bias", "beta") for weight in layer.trainable_weights)
            expected = layer.name.endswith("_bn") and not layer.name.endswith("conv2_bn")
            if name != "m34_res":
                expected = layer.name.endswith("_bn")
            assert has_offset == expected, layer.name


@pytest.mark.parametrize("name", ["m3", "m18"])
def test_the_smallest_waveform_leaves_every_pooling_a_full_window(name):
    smallest = audio_cnn.VARIANTS[name].smallest
    model = cnnzoo.create_model(name, input_shape=(smallest, 2), num_classes=3)
    poolings = [layer for layer in model.layers if layer.name.startswith("pool")]
    assert poolings[-1].input.shape[1] == 4
    assert poolings[-1].output.shape[1] == 1
    assert model.output_shape == (None, 3)
