import keras
import numpy as np
import pytest

from cnnzoo import by_hand
from cnnzoo.errors import CnnzooError

KINDS = {"max": "MaxPooling", "average": "AveragePooling"}
SIZES = {1: (11,), 2: (9, 8), 3: (5, 6, 7)}


def numbers(*shape):
    """Values below zero too, so that a padding with zeros would be the maximum."""
    return np.random.default_rng(sum(shape)).normal(-1, 1, size=shape).astype("float32")


@pytest.mark.parametrize("rank", SIZES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, 1), (3, 2), (2, 3)])
def test_pooling_is_that_of_keras(rank, kind, padding, size, stride):
    inputs = numbers(*SIZES[rank], 2)
    layer = getattr(keras.layers, f"{KINDS[kind]}{rank}D")(size, stride, padding)
    theirs = np.asarray(layer(inputs[np.newaxis]))[0]
    ours = by_hand.pool(inputs, size, kind, stride=stride, padding=padding)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_each_side_has_its_own_size():
    inputs = np.arange(12).reshape(4, 3, 1)
    assert by_hand.pool(inputs, (4, 1))[..., 0].tolist() == [[9, 10, 11]]


def test_l2_pooling_is_the_root_of_the_sum_of_squares():
    inputs = np.array([[3, 4, 0, -5], [0, 0, 12, 0]])[..., None]
    assert by_hand.pool(inputs, 2, "l2")[..., 0].tolist() == [[5, 13]]
    # Each window has a third column outside of the input, before or after it.
    same = by_hand.pool(inputs, (2, 3), "l2", padding="same")
    np.testing.assert_allclose(same[..., 0], [[5, 13]])


def test_the_trace_has_the_values_of_each_window():
    inputs = numbers(5, 4, 2)
    trace = []
    outputs = by_hand.pool(inputs, 2, "average", padding="same", trace=trace)
    assert [step.position for step in trace] == list(np.ndindex(outputs.shape))
    for step in trace:
        np.testing.assert_array_equal(step.values, inputs[step.window])
        assert step.values.mean() == pytest.approx(step.result, abs=1e-6)
        assert step.result == outputs[step.position]
        assert (step.kernel, step.products) == (None, None)
        row, column, channel = step.position
        expected = inputs[2 * row : 2 * row + 2, 2 * column : 2 * column + 2, [channel]]
        np.testing.assert_allclose(step.values, expected)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"kind": "maximum"}, "kind 'maximum' is unknown; did you mean max?"),
        ({"padding": "full"}, 'padding must be "valid" or "same" for pooling; got "full"'),
        ({"padding": "non"}, "padding 'non' is unknown; known: full, same, valid"),
        ({"size": 0}, "size must be a positive integer; got 0"),
        ({"size": (2, 2, 2)}, "size must be a number, or one per side of 2"),
        ({"size": 6}, "a side must have the 6 positions or more that a window spans, .*; got 5"),
        ({"stride": 0}, "stride must be a positive integer; got 0"),
        ({"inputs": np.ones(3)}, r"inputs must have the shape \[\*sides, channels\]; got \(3,\)"),
    ],
)
def test_wrong_input_gets_a_sentence(arguments, sentence):
    with pytest.raises(CnnzooError, match=sentence):
        by_hand.pool(**{"inputs": np.ones((5, 5, 1)), **arguments})
