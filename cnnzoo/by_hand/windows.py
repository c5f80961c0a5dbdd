"""A window that slides over an input: how many positions it takes, and what happens at each.

Source: Dumoulin and Visin 2016, A guide to convolution arithmetic for deep learning,
https://arxiv.org/abs/1603.07285, relation 15; TensorFlow's rule for padding "same".
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from cnnzoo import registry
from cnnzoo.errors import CnnzooError

PADDINGS = ("valid", "same", "full")


class Side(NamedTuple):
    """A window that slides along one side."""

    size: int  # Input positions.
    kernel: int
    stride: int
    dilation: int
    before: int = 0  # Positions of padding in front of the input.
    after: int = 0

    @property
    def span(self) -> int:
        """From the first position of a window to its last, the gaps of dilation among them."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def outputs(self) -> int:
        """How many windows there are."""
        return (self.before + self.size + self.after - self.span) // self.stride + 1

    def window(self, place: int) -> slice:
        """Return the positions of the padded input that make the output at `place`."""
        start = place * self.stride
        return slice(start, start + self.span, self.dilation)


class Step(NamedTuple):
    """How one number of the output is made; `inputs` and `outputs` are shared by all steps."""

    position: tuple[int, ...]  # Of the number in `outputs`.
    window: tuple[slice, ...]  # Of `inputs`; `inputs[window]` are the values.
    values: np.ndarray  # float `[*sides, channels]`.
    kernel: np.ndarray | None  # Of this filter, as large as the values; None for pooling.
    products: np.ndarray | None  # Values times kernel.
    bias: float
    result: float  # The sum of the products and the bias; for pooling, `operation` of the values.
    operation: str  # "sum", or the kind of pooling.
    inputs: np.ndarray  # With their padding, float `[*sides, channels]`.
    padding: tuple[tuple[int, int], ...]  # Positions before and after each side of the input.
    outputs: np.ndarray  # float `[*sides, filters]`, complete once the operation has ended.


def output_size(
    size: int, kernel: int, *, stride: int = 1, padding: str = "valid", dilation: int = 1
) -> int:
    """Return how many outputs a side of `size` positions gives.

    It is `(size + padded - span) // stride + 1`, where `span` is `(kernel - 1) * dilation + 1`.
    "valid" pads nothing; "full" pads `span - 1` at both ends; "same" pads so little that there are
    `size / stride` outputs, rounded up, and an odd position goes to the end.

    Raises:
        CnnzooError: A number is not positive, the padding is unknown, or no window fits.
    """
    return side(size, kernel, stride, padding, dilation).outputs


def explain_size(
    size: int, kernel: int, *, stride: int = 1, padding: str = "valid", dilation: int = 1
) -> str:
    """Return the arithmetic of `output_size`, one line per step.

    Raises:
        CnnzooError: As for `output_size`.
    """
    found = side(size, kernel, stride, padding, dilation)
    padded = found.before + size + found.after
    return (
        f"span:    ({kernel} - 1) * {dilation} + 1 = {found.span} positions under the kernel\n"
        f"padded:  {found.before} + {size} + {found.after} = {padded} positions ({padding!r})\n"
        f"outputs: ({padded} - {found.span}) // {stride} + 1 = {found.outputs}"
    )


def sides(
    sizes: tuple[int, ...], kernels: tuple[int, ...], stride: Any, padding: str, dilation: Any
) -> list[Side]:
    """Return the window along each side; stride and dilation are a number, or one per side.

    Raises:
        CnnzooError: As for `output_size`.
    """
    strides = each("stride", stride, len(sizes))
    dilations = each("dilation", dilation, len(sizes))
    return [
        side(size, kernel, step, padding, gap)
        for size, kernel, step, gap in zip(sizes, kernels, strides, dilations, strict=True)
    ]


def side(size: int, kernel: int, stride: int, padding: str, dilation: int) -> Side:
    """Return the window along one side.

    Raises:
        CnnzooError: As for `output_size`.
    """
    given = {"size": size, "kernel": kernel, "stride": stride, "dilation": dilation}
    unpadded = Side(**{name: _positive(name, value) for name, value in given.items()})
    before, after = _margins(unpadded, padding)
    padded = unpadded._replace(before=before, after=after)
    if padded.outputs < 1:
        raise CnnzooError(
            f"a side must have the {padded.span} positions or more that a window spans, "
            f'or padding be "same"; got {size}'
        )
    return padded


def _margins(side: Side, padding: str) -> tuple[int, int]:
    if padding not in PADDINGS:
        raise CnnzooError(registry.unknown("padding", padding, PADDINGS))
    if padding == "valid":
        return 0, 0
    if padding == "full":
        return side.span - 1, side.span - 1
    outputs = -(-side.size // side.stride)
    total = max((outputs - 1) * side.stride + side.span - side.size, 0)
    return total // 2, total - total // 2


def each(name: str, value: Any, count: int) -> list[int]:
    """Return `value`, a positive integer or one per side, as a list of `count`.

    Raises:
        CnnzooError: It is neither.
    """
    values = list(value) if isinstance(value, Iterable) else [value] * count
    if len(values) != count:
        raise CnnzooError(f"{name} must be a number, or one per side of {count}; got {value!r}")
    return [_positive(name, number) for number in values]


def _positive(name: str, value: Any) -> int:
    if not hasattr(value, "__index__") or operator.index(value) < 1:
        raise CnnzooError(f"{name} must be a positive integer; got {value!r}")
    return operator.index(value)


def numbers(name: str, values: Any, shape: str) -> np.ndarray:
    """Return `values` as floats `shape`, so that uint8 pixels do not overflow.

    Raises:
        CnnzooError: They are no array of finite numbers, an empty one, or one with fewer axes.
    """
    try:
        found = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        got = type(values).__name__
        raise CnnzooError(f"{name} must be an array of numbers {shape}; got {got}") from None
    if not found.size:
        raise CnnzooError(f"{name} must have no empty side; got the shape {found.shape}")
    if found.ndim < shape.count(",") + 1:
        raise CnnzooError(f"{name} must have the shape {shape}; got {found.shape}")
    if not np.isfinite(found).all():
        raise CnnzooError(f"{name} must be finite; got {found[~np.isfinite(found)][0]}")
    return found
