"""Every operation against Keras's layer of the same name, and what wrong input says."""

import itertools

import keras
import numpy as np
import pytest

from cnnzoo import by_hand
from cnnzoo.errors import CnnzooError

LAYERS = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}
SIZES = {1: (11,), 2: (9, 8), 3: (5, 6, 7)}
KERNELS = {1: (3,), 2: (3, 2), 3: (2, 3, 1)}
# Keras has no layer that is both strided and dilated.
STEPS = [(1, 1), (2, 1), (3, 1), (1, 2)]


def numbers(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype("float32")


def by_keras(layer, inputs, *weights):
    layer.build((None, *inputs.shape))
    layer.set_weights(weights)
    return np.asarray(layer(inputs[np.newaxis]))[0]


def assert_same(ours, theirs):
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("rank", LAYERS)
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("stride", "dilation"), STEPS)
def test_convolution_is_that_of_keras(rank, padding, stride, dilation):
    inputs, kernel, bias = numbers(*SIZES[rank], 2), numbers(*KERNELS[rank], 2, 4), numbers(4)
    how = {"strides": stride, "padding": padding, "dilation_rate": dilation}
    layer = LAYERS[rank](4, KERNELS[rank], **how)
    ours = by_hand.convolve(inputs, kernel, bias, stride=stride, padding=padding, dilation=dilation)
    assert_same(ours, by_keras(layer, inputs, kernel, bias))


def test_each_side_has_its_own_stride_and_dilation():
    inputs, kernel = numbers(9, 11, 2), numbers(2, 3, 2, 3)
    strided = keras.layers.Conv2D(3, (2, 3), strides=(3, 2), padding="same", use_bias=False)
    ours = by_hand.convolve(inputs, kernel, stride=(3, 2), padding="same")
    assert_same(ours, by_keras(strided, inputs, kernel))
    dilated = keras.layers.Conv2D(3, (2, 3), dilation_rate=(1, 3), use_bias=False)
    ours = by_hand.convolve(inputs, kernel, dilation=(1, 3))
    assert_same(ours, by_keras(dilated, inputs, kernel))


def test_stride_leaves_out_what_it_steps_over_whatever_the_dilation():
    inputs, kernel = numbers(13, 12, 2), numbers(3, 3, 2, 2)
    every = by_hand.convolve(inputs, kernel, dilation=2)
    ours = by_hand.convolve(inputs, kernel, dilation=2, stride=(2, 3))
    np.testing.assert_array_equal(ours, every[::2, ::3])


@pytest.mark.parametrize(("rank", "layer"), [(1, "DepthwiseConv1D"), (2, "DepthwiseConv2D")])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("stride", "dilation"), STEPS)
def test_depthwise_convolution_is_that_of_keras(rank, layer, padding, stride, dilation):
    sides, window = (10,) * rank, (3,) * rank
    inputs, kernel, bias = numbers(*sides, 3), numbers(*window, 3, 2), numbers(6)
    how = {"strides": stride, "padding": padding, "dilation_rate": dilation}
    theirs = getattr(keras.layers, layer)(window, depth_multiplier=2, **how)
    ours = by_hand.convolve_depthwise(
        inputs, kernel, bias, stride=stride, padding=padding, dilation=dilation
    )
    assert_same(ours, by_keras(theirs, inputs, kernel, bias))


def test_groups_are_those_of_keras():
    inputs, kernel, bias = numbers(6, 6, 4), numbers(3, 3, 2, 6), numbers(6)
    layer = keras.layers.Conv2D(6, 3, groups=2)
    assert_same(
        by_hand.convolve(inputs, kernel, bias, groups=2), by_keras(layer, inputs, kernel, bias)
    )


@pytest.mark.parametrize(("size", "window"), [(7, 3), (3, 5), (4, 4)])
def test_full_padding_is_that_of_numpy_with_the_kernel_reversed(size, window):
    inputs, kernel = numbers(size), numbers(window)
    ours = by_hand.convolve(inputs[:, None], kernel[::-1, None, None], padding="full")
    np.testing.assert_allclose(ours[:, 0], np.convolve(inputs, kernel, "full"), atol=1e-6)


def test_full_padding_in_two_dimensions_multiplies_polynomials():
    # (1 + 2x + 3y)(4 + 5x) = 4 + 13x + 10x^2 + 12y + 15xy; rows are powers of y.
    first, second = np.array([[1, 2], [3, 0]]), np.array([[4, 5]])
    ours = by_hand.convolve(first[..., None], second[:, ::-1, None, None], padding="full")
    assert ours[..., 0].tolist() == [[4, 13, 10], [12, 15, 0]]


def test_bytes_do_not_overflow():
    pixels = np.full((3, 3, 1), 255, np.uint8)
    assert by_hand.convolve(pixels, np.full((3, 3, 1, 1), 2, np.uint8)).tolist() == [[[4590]]]


@pytest.mark.parametrize("how", [{}, {"stride": 2, "padding": "same"}, {"padding": "full"}])
def test_the_trace_tells_how_each_number_is_made(how):
    inputs, kernel, bias = numbers(5, 6, 2), numbers(3, 2, 2, 3), numbers(3)
    trace = []
    outputs = by_hand.convolve(inputs, kernel, bias, trace=trace, **how)
    assert [step.position for step in trace] == list(np.ndindex(outputs.shape))
    for step in trace:
        unit = step.position[-1]
        assert step.outputs is outputs
        np.testing.assert_array_equal(step.values, step.inputs[step.window])
        np.testing.assert_array_equal(step.kernel, kernel[..., unit])
        np.testing.assert_array_equal(step.products, step.values * step.kernel)
        assert step.products.sum() + bias[unit] == pytest.approx(step.result, abs=1e-6)
        assert step.result == outputs[step.position]
        inside = tuple(
            slice(before, before + size)
            for (before, _), size in zip(step.padding, inputs.shape[:2], strict=True)
        )
        np.testing.assert_array_equal(step.inputs[inside], inputs)
        assert step.inputs.sum() == pytest.approx(inputs.sum(), abs=1e-5)


def test_the_trace_of_a_depthwise_convolution_sees_one_channel():
    inputs, kernel = numbers(4, 4, 3), numbers(2, 2, 3, 2)
    trace = []
    by_hand.convolve_depthwise(inputs, kernel, trace=trace)
    for step in trace:
        channel, multiple = divmod(step.position[-1], 2)
        row, column = step.position[:2]
        expected = inputs[row : row + 2, column : column + 2, [channel]]
        np.testing.assert_allclose(step.values, expected)
        np.testing.assert_allclose(step.kernel, kernel[:, :, [channel], multiple])


IMAGE, KERNEL = np.ones((5, 5, 2)), np.ones((3, 3, 2, 4))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"kernel": np.ones((3, 3))}, r"kernel must have the shape \[\*sides, .*got \(3, 3\)"),
        (
            {"kernel": np.ones((3, 2, 4))},
            r"inputs must have 2 axes, .* one example, for a kernel .*\(3, 2, 4\)",
        ),
        (
            {"inputs": np.ones((1, 5, 5, 2))},
            r"inputs must have 3 axes.*got the shape \(1, 5, 5, 2\)",
        ),
        ({"kernel": np.ones((3, 3, 1, 4))}, r"kernel must have the inputs' 2 channels.*\(3, 3, 1"),
        (
            {"kernel": np.ones((6, 3, 2, 4))},
            "a side must have the 6 positions or more that a window spans, .*; got 5",
        ),
        (
            {"dilation": 3},
            "a side must have the 7 positions or more that a window spans, .*; got 5",
        ),
        ({"stride": 0}, "stride must be a positive integer; got 0"),
        ({"stride": 1.5}, "stride must be a positive integer; got 1.5"),
        ({"stride": (1, 2, 3)}, r"stride must be a number, or one per side of 2; got \(1, 2, 3\)"),
        ({"dilation": -1}, "dilation must be a positive integer; got -1"),
        ({"padding": "sama"}, "padding 'sama' is unknown; did you mean same?"),
        ({"bias": np.ones(3)}, r"bias must have the shape \(4,\); got \(3,\)"),
        ({"inputs": "picture"}, r"inputs must be an array of numbers \[\*sides, .*got str"),
        ({"inputs": [[1, 2], [3]]}, "inputs must be an array of numbers"),
        ({"inputs": np.ones((5, 0, 2))}, "inputs must have no empty side"),
        ({"inputs": np.full((5, 5, 2), np.nan)}, "inputs must be finite; got nan"),
        ({"kernel": np.ones((3, 3, 1, 3)), "groups": 2}, "groups must divide the 3 filters"),
        ({"groups": 0}, "groups must be a positive integer; got 0"),
    ],
)
def test_wrong_input_gets_a_sentence(arguments, sentence):
    with pytest.raises(CnnzooError, match=sentence) as raised:
        by_hand.convolve(**{"inputs": IMAGE, "kernel": KERNEL, **arguments})
    assert "\n" not in str(raised.value)


def test_a_wrong_depthwise_kernel_gets_a_sentence():
    with pytest.raises(CnnzooError, match=r"kernel must .*\[\*sides, channels, multiplier\]"):
        by_hand.convolve_depthwise(IMAGE, np.ones((3, 3)))
    with pytest.raises(CnnzooError, match="kernel must have the inputs' 2 channels"):
        by_hand.convolve_depthwise(IMAGE, np.ones((3, 3, 3, 1)))


def test_the_sizes_are_those_of_keras():
    for size, kernel, padding in itertools.product((5, 8, 12), (1, 2, 4, 5), ("valid", "same")):
        for stride, dilation in [(1, 1), (2, 1), (3, 1), (7, 1), (1, 2)]:
            how = {"padding": padding, "strides": stride, "dilation_rate": dilation}
            if padding == "valid" and (kernel - 1) * dilation >= size:
                continue
            layer = keras.layers.Conv1D(1, kernel, **how)
            theirs = layer.compute_output_shape((None, size, 1))[1]
            numbers = {"stride": stride, "padding": padding, "dilation": dilation}
            assert by_hand.output_size(size, kernel, **numbers) == theirs, (size, kernel, how)
