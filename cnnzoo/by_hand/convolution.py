"""Convolution over any number of sides, with a loop for all to see.

Like every network, it does not turn the kernel around, which mathematics calls a cross-correlation.
The convolution of mathematics is that with the kernel reversed, `kernel[::-1, ::-1]` in two
dimensions. Kernels and channels are laid out as Keras has them, but there is no batch: one example.

Sources: Goodfellow, Bengio and Courville 2016, Deep Learning, section 9.1,
https://www.deeplearningbook.org/contents/convnets.html; classic kernels, Gonzalez and Woods,
Digital Image Processing, chapter 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnzoo.by_hand.windows import Step, each, numbers, sides
from cnnzoo.errors import CnnzooError
from cnnzoo.registry import Registry

# Kernels `[3, 3]` as they were set by hand before networks learned theirs; `convolve` takes one as
# `kernel[:, :, np.newaxis, np.newaxis]`: one channel, one filter. Sobel's response is positive
# where the image grows brighter to the right (`sobel_x`) or downwards (`sobel_y`).
KERNELS: Registry[np.ndarray] = Registry("kernel")

for _name, _rows, _divisor in (
    ("identity", [[0, 0, 0], [0, 1, 0], [0, 0, 0]], 1),
    ("box_blur", [[1, 1, 1], [1, 1, 1], [1, 1, 1]], 9),
    ("gaussian_blur", [[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
    ("sharpen", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]], 1),
    ("sobel_x", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], 1),
    ("sobel_y", [[-1, -2, -1], [0, 0, 0], [1, 2, 1]], 1),
    ("laplacian", [[0, 1, 0], [1, -4, 1], [0, 1, 0]], 1),
    ("high_pass", [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], 1),
    ("emboss", [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], 1),
):
    _kernel = np.array(_rows, float) / _divisor
    _kernel.setflags(write=False)  # They are shared by all who look one up.
    KERNELS.add(_name, _kernel)


def convolve(
    inputs: Any,
    kernel: Any,
    bias: Any = None,
    *,
    stride: int | tuple[int, ...] = 1,
    padding: str = "valid",
    dilation: int | tuple[int, ...] = 1,
    groups: int = 1,
    trace: list[Step] | None = None,
) -> np.ndarray:
    """Return the feature maps of `inputs`, float `[*output sides, filters]`.

    Args:
        inputs: One example, `[*sides, channels]`: `[length, channels]`, `[height, width, channels]`
            or `[depth, height, width, channels]`.
        kernel: `[*kernel sides, channels / groups, filters]`.
        bias: `[filters]`; none adds nothing.
        stride: Steps from one window to the next, the same for all sides or one per side.
        padding: "valid" for none, "same" or "full"; see `output_size`.
        dilation: Distance of the positions that one window sees; likewise.
        groups: Parts of the channels, each seen by its own part of the filters.
        trace: A list, to which a `Step` is added for each number of the output.

    Raises:
        CnnzooError: The shapes do not fit, a number is not positive, or the padding is unknown.
    """
    inputs, kernel, bias = _checked(inputs, kernel, bias, groups)
    *kernel_sides, channels, filters = kernel.shape
    windows = sides(inputs.shape[:-1], tuple(kernel_sides), stride, padding, dilation)
    margins = tuple((side.before, side.after) for side in windows)
    padded = np.pad(inputs, (*margins, (0, 0)))
    outputs = np.zeros((*(side.outputs for side in windows), filters))
    for position in np.ndindex(outputs.shape):
        *place, unit = position
        of_filter = kernel[..., unit]
        first = unit // (filters // groups) * channels  # Of the channels that the filter sees.
        seen = (side.window(start) for side, start in zip(windows, place, strict=True))
        window = (*seen, slice(first, first + channels))
        values = padded[window]
        products = values * of_filter
        outputs[position] = products.sum() + bias[unit]
        if trace is not None:
            how = (of_filter, products, float(bias[unit]), float(outputs[position]), "sum")
            trace.append(Step(position, window, values, *how, padded, margins, outputs))
    return outputs


def convolve_depthwise(
    inputs: Any,
    kernel: Any,
    bias: Any = None,
    *,
    stride: int | tuple[int, ...] = 1,
    padding: str = "valid",
    dilation: int | tuple[int, ...] = 1,
    trace: list[Step] | None = None,
) -> np.ndarray:
    """Return feature maps each of which sees one channel, float `[*sides, channels * multiplier]`.

    Args:
        inputs: One example, `[*sides, channels]`.
        kernel: `[*kernel sides, channels, multiplier]`; the maps of a channel stand together.
        bias: `[channels * multiplier]`.
        stride: As for `convolve`, and so are the others.
        padding: "valid", "same" or "full".
        dilation: Distance of the positions that one window sees.
        trace: A list, to which a `Step` is added for each number of the output.

    Raises:
        CnnzooError: As for `convolve`.
    """
    kernel = numbers("kernel", kernel, "[*sides, channels, multiplier]")
    *kernel_sides, channels, multiplier = kernel.shape
    kernel = kernel.reshape(*kernel_sides, 1, channels * multiplier)
    how: Any = {"stride": stride, "padding": padding, "dilation": dilation, "trace": trace}
    return convolve(inputs, kernel, bias, groups=channels, **how)


def _checked(inputs: Any, kernel: Any, bias: Any, groups: int) -> tuple[np.ndarray, ...]:
    inputs = numbers("inputs", inputs, "[*sides, channels]")
    kernel = numbers("kernel", kernel, "[*sides, channels, filters]")
    *_, channels, filters = kernel.shape
    if inputs.ndim != kernel.ndim - 1:
        raise CnnzooError(
            f"inputs must have {kernel.ndim - 1} axes, the sides and the channels of one example, "
            f"for a kernel of the shape {kernel.shape}; got the shape {inputs.shape}"
        )
    (groups,) = each("groups", groups, 1)
    if channels * groups != inputs.shape[-1]:
        raise CnnzooError(
            f"kernel must have the inputs' {inputs.shape[-1]} channels, divided by the groups, "
            f"{groups}, in its last axis but one; got the shape {kernel.shape}"
        )
    if filters % groups:
        raise CnnzooError(f"groups must divide the {filters} filters of the kernel; got {groups}")
    bias = np.zeros(filters) if bias is None else numbers("bias", bias, "[filters]")
    if bias.shape != (filters,):
        raise CnnzooError(f"bias must have the shape ({filters},); got {bias.shape}")
    return inputs, kernel, bias
