"""The drawing of a network: its parts, and that nothing is lost between them."""

import re

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo import figures
from cnnzoo.guard.shapes import without_values
from cnnzoo.models import resnet_cifar
from cnnzoo.report import structure


def parts(name, **options):
    with without_values():
        return structure.parts_of(structure.rows_of(cnnzoo.create_model(name, **options)))


def test_a_small_network_is_drawn_layer_by_layer():
    assert [part.name for part in parts("lenet5")] == [
        *("conv1", "pool1", "conv2", "pool2", "flatten", "dense1", "dense2", "logits")
    ]
    kinds = ["convolution", "pooling"] * 2 + ["other"] + ["dense"] * 3
    assert [part.kind for part in parts("lenet5")] == kinds


def test_a_deeper_one_is_drawn_by_unit_and_a_very_deep_one_by_stage():
    units = [f"stage{stage}_unit{unit}" for stage in (1, 2, 3) for unit in (1, 2, 3)]
    assert [part.name for part in parts("resnet20")] == ["stem", *units, "pool", "logits"]
    stages = ["stem", "stage1", "stage2", "stage3", "pool", "logits"]
    assert [part.name for part in parts("resnet110")] == stages
    assert len(parts("resnet50")) <= 26


@pytest.mark.parametrize("name", ["resnet20", "resnet56"])
def test_the_parts_have_all_parameters_and_multiply_adds(name):
    variant = resnet_cifar.VARIANTS[name]
    assert sum(part.params for part in parts(name)) == variant.params
    assert sum(part.macs for part in parts(name)) == variant.macs


def test_many_layers_without_stages_are_grouped_evenly():
    tensor = first = keras.Input((4,))
    for place in range(100):
        tensor = keras.layers.Dense(4, name=f"layer{place}")(tensor)
    found = structure.parts_of(structure.rows_of(keras.Model(first, tensor)))
    assert [len(part.layers) for part in found] == [4] * 25
    assert found[0].name == "layer0 to layer3"
    assert sum(part.params for part in found) == 100 * 20
    assert structure.described(found[0]) == "4 Dense"


def test_a_network_over_texts_of_any_length_is_counted_for_fifty_tokens():
    any_length, fifty = (
        parts("text_cnn_rand", input_shape=(length,), vocabulary_size=9)
        for length in (None, structure.LENGTH)
    )
    assert [part.macs for part in any_length] == [part.macs for part in fifty]


def test_the_drawing_tells_name_output_and_counts_of_each_part():
    found = parts("lenet5")
    drawn = figures.svg(structure.drawing(found), "x")
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    assert {part.name for part in found} <= set(texts)
    assert {"28 × 28 × 6", "400", "48.1 k", "240 k", "14 × 14", "all"} <= set(texts)


def test_the_frame_of_a_receptive_field_lies_where_the_unit_looks():
    """By hand: unit 2 of a 3x3 convolution with stride 2 and no padding sees rows 4 to 6."""
    first = keras.Input((11, 9, 1))
    tensor = keras.layers.Conv2D(1, 3, strides=2, name="conv")(first)
    (part,) = structure.parts_of(structure.rows_of(keras.Model(first, tensor)))
    figure = structure.fields_drawing(np.zeros((11, 9, 1), np.uint8), [part])
    (frame,) = figure.axes[0].patches
    # Of 5x4 units, the middle one is (2, 2); pixel 4 is drawn from 3.5 to 4.5.
    assert frame.get_bbox().bounds == pytest.approx((3.5, 3.5, 3, 3))


def test_where_all_units_see_all_there_are_no_frames():
    assert structure.fields_drawing(np.zeros((28, 28, 1), np.uint8), parts("mlp")) is None
