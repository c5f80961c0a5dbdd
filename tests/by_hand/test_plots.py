import subprocess
import sys

import numpy as np
import pytest

from cnnzoo import by_hand, plot_style
from cnnzoo.errors import CnnzooError


def texts(axes):
    """The numbers written into a panel, row by row."""
    return [text.get_text() for text in axes.texts]


def panels(figure):
    """The panels of a picture of one row, by title."""
    return {axes.get_title(): axes for axes in figure.axes}


def outlined(axes):
    """The corner and size of the outlined boxes, in cells."""
    thick = [patch for patch in axes.patches if patch.get_linewidth() > 2]
    return [
        (box.get_x() + 0.5, box.get_y() + 0.5, box.get_width(), box.get_height()) for box in thick
    ]


def test_a_step_is_drawn_with_all_its_numbers():
    image = np.arange(1, 10).reshape(3, 3, 1)
    kernel = np.array([[1, 0], [0, -1]])[..., None, None]
    trace = []
    by_hand.convolve(image, kernel, [0.5], trace=trace)
    figure = by_hand.draw_step(trace[2])  # Row 1, column 0.
    assert figure._suptitle.get_text() == (
        "output at (1, 0), filter 0: sum of 4 products + bias 0.5 = -3.5"
    )
    drawn = panels(figure)
    assert texts(drawn["input"]) == [str(number) for number in range(1, 10)]
    assert texts(drawn["× kernel"]) == ["1", "0", "0", "-1"]
    assert texts(drawn["= products"]) == ["4", "0", "0", "-8"]
    assert texts(drawn["output"]) == ["-3.5", "-3.5", "-3.5", ""]  # The last is not made yet.
    assert outlined(drawn["input"]) == [(0, 1, 2, 2)]
    assert outlined(drawn["output"]) == [(0, 1, 1, 1)]
    assert plot_style.png(figure).startswith(b"\x89PNG")


def test_padding_is_outside_of_the_input():
    trace = []
    by_hand.convolve(np.full((2, 2, 1), 5), np.ones((3, 3, 1, 1)), padding="same", trace=trace)
    axes = panels(by_hand.draw_step(trace[0]))["input"]
    assert outlined(axes) == [(-1, -1, 3, 3)]
    assert texts(axes) == [*"0000", *"0550", *"0550", *"0000"]
    assert np.isnan(axes.images[0].get_array().filled(np.nan)).sum() == 12  # White.


def test_dilation_leaves_gaps():
    trace = []
    by_hand.convolve(np.ones((3, 3, 1)), np.ones((2, 2, 1, 1)), dilation=2, trace=trace)
    axes = panels(by_hand.draw_step(trace[0]))["input"]
    assert outlined(axes) == [(0, 0, 1, 1), (2, 0, 1, 1), (0, 2, 1, 1), (2, 2, 1, 1)]


def test_pooling_has_values_and_no_kernel():
    trace = []
    by_hand.pool(np.arange(16).reshape(4, 4, 1), trace=trace)
    figure = by_hand.draw_step(trace[3])
    assert figure._suptitle.get_text() == "output at (1, 1), channel 0: max of 4 values = 15"
    assert list(panels(figure)) == ["input", "values", "output"]
    assert texts(panels(figure)["values"]) == ["10", "11", "14", "15"]


@pytest.mark.parametrize(
    ("sides", "window", "rows"), [((6,), (3,), 2), ((4, 5), (2, 3), 2), ((3, 4, 5), (2, 2, 2), 4)]
)
def test_each_channel_and_plane_has_a_row(sides, window, rows):
    inputs = np.arange(np.prod(sides) * 2).reshape(*sides, 2)
    kernel = np.arange(np.prod(window) * 4).reshape(*window, 2, 2)
    trace = []
    by_hand.convolve(inputs, kernel, trace=trace)
    step = trace[-1]
    figure = by_hand.draw_step(step)
    *shown, output = figure.axes
    assert len(shown) == 3 * rows
    products = [float(text) for axes in shown[2::3] for text in texts(axes)]
    assert sum(products) == pytest.approx(step.result)
    assert texts(output)[-1] == f"{step.result:g}"
    assert [axes.get_ylabel()[-9:] for axes in shown[0:4:3]] == ["channel 0", "channel 1"]


def test_large_grids_have_no_numbers_and_many_channels_six_rows():
    trace = []
    by_hand.convolve(np.ones((13, 12, 9)), np.ones((3, 3, 9, 1)), trace=trace)
    figure = by_hand.draw_step(trace[0])
    assert len(figure.axes) == 6 * 3 + 1
    assert texts(figure.axes[0]) == []
    assert len(texts(figure.axes[1])) == 9


def test_all_places_of_a_window_are_drawn():
    (axes,) = by_hand.draw_size(5, 2, stride=2, padding="same", dilation=3).axes
    # ceil(5 / 2) = 3 windows that span 4, over 8 positions: one before and two after.
    assert [line.get_xdata().tolist() for line in axes.lines] == [[-1, 2], [1, 4], [3, 6]]
    assert len(axes.patches) == 8
    with pytest.raises(CnnzooError, match="size must be at most 40 with its padding; got 44"):
        by_hand.draw_size(40, 3, padding="full")


def test_it_loads_neither_keras_nor_tensorflow():
    code = "from cnnzoo import by_hand; [getattr(by_hand, name) for name in by_hand.__all__]"
    probe = f"{code}\nimport sys; print([n for n in ('keras', 'tensorflow') if n in sys.modules])"
    command = [sys.executable, "-c", probe]
    assert subprocess.run(command, capture_output=True, text=True).stdout.strip() == "[]"
