"""The drawing of a network, and of what its units see."""

import re

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo import plot_style
from cnnzoo.guard.shapes import without_values
from cnnzoo.inspection.plots import architecture
from cnnzoo.inspection.plots.architecture import draw_parts, parts_of, rows_of
from cnnzoo.report import structure


def parts(name):
    with without_values():
        return parts_of(rows_of(cnnzoo.create_model(name)))


def test_the_drawing_tells_name_output_and_counts_of_each_part():
    found = parts("lenet5")
    drawn = plot_style.svg(draw_parts(found, "LeNet-5 of 1998"), "x")
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    assert {part.name for part in found} <= set(texts)
    assert {"28 × 28 × 6", "400", "48.1 k", "240 k", "14 × 14", "all"} <= set(texts)
    assert "LeNet-5 of 1998" in texts


def test_parts_of_networks_with_two_towers_have_names_of_their_own():
    for name in ("alexnet_2012", "wavenet_10"):
        names = [part.name for part in parts(name)]
        assert len(set(names)) == len(names) <= 26


@pytest.mark.parametrize(
    ("count", "text"), [(0, "\N{EN DASH}"), (999, "999"), (999_499, "999 k"), (999_999, "1 M")]
)
def test_counts_are_short(count, text):
    assert architecture._short(count) == text


def test_the_frame_of_a_receptive_field_lies_where_the_unit_looks():
    """By hand: unit 2 of a 3x3 convolution with stride 2 and no padding sees rows 4 to 6."""
    first = keras.Input((11, 9, 1))
    tensor = keras.layers.Conv2D(1, 3, strides=2, name="conv")(first)
    (part,) = parts_of(rows_of(keras.Model(first, tensor)))
    figure = structure.fields_drawing(np.zeros((11, 9, 1), np.uint8), [part])
    (frame,) = figure.axes[0].patches
    # Of 5x4 units, the middle one is (2, 2); pixel 4 is drawn from 3.5 to 4.5.
    assert frame.get_bbox().bounds == pytest.approx((3.5, 3.5, 3, 3))


def test_where_all_units_see_all_there_are_no_frames():
    assert structure.fields_drawing(np.zeros((28, 28, 1), np.uint8), parts("mlp")) is None
