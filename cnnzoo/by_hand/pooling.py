"""Max, average and L2 pooling over any number of sides, each channel by itself.

A window that reaches over the border, with padding "same", has fewer values: what lies outside is
neither a zero nor counted.

Source: Boureau, Ponce and LeCun 2010, A theoretical analysis of feature pooling in visual
recognition; L2 pooling: Sermanet, Chintala and LeCun 2012, https://arxiv.org/abs/1204.3968,
here with equal weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cnnzoo import registry
from cnnzoo.by_hand.windows import Side, Step, each, numbers, sides
from cnnzoo.errors import CnnzooError

_KINDS: dict[str, Callable[..., Any]] = {
    "max": np.max,
    "average": np.mean,
    "l2": np.linalg.norm,  # The root of the sum of squares.
}


def pool(
    inputs: Any,
    size: int | tuple[int, ...] = 2,
    kind: str = "max",
    *,
    stride: int | tuple[int, ...] | None = None,
    padding: str = "valid",
    trace: list[Step] | None = None,
) -> np.ndarray:
    """Return one number for each window and channel of `inputs`, float `[*output sides, channels]`.

    Args:
        inputs: One example, `[*sides, channels]`.
        size: Of the window, the same for all sides or one per side.
        kind: "max", "average" or "l2", the root of the sum of squares.
        stride: Steps from one window to the next; None is the window's size.
        padding: "valid" or "same".
        trace: A list, to which a `Step` is added for each number of the output.

    Raises:
        CnnzooError: A number is not positive, kind or padding is unknown, or no window fits.
    """
    inputs = numbers("inputs", inputs, "[*sides, channels]")
    if kind not in _KINDS:
        raise CnnzooError(registry.unknown("kind", kind, _KINDS))
    if padding == "full":
        raise CnnzooError('padding must be "valid" or "same" for pooling; got "full"')
    sizes = tuple(each("size", size, inputs.ndim - 1))
    windows = sides(inputs.shape[:-1], sizes, sizes if stride is None else stride, padding, 1)
    outputs = np.zeros((*(side.outputs for side in windows), inputs.shape[-1]))
    for position in np.ndindex(outputs.shape):
        *place, channel = position
        seen = (_inside(side, start) for side, start in zip(windows, place, strict=True))
        window = (*seen, slice(channel, channel + 1))
        values = inputs[window]
        outputs[position] = _KINDS[kind](values)
        if trace is not None:
            how = (None, None, 0.0, float(outputs[position]), kind)
            margins = ((0, 0),) * len(windows)
            trace.append(Step(position, window, values, *how, inputs, margins, outputs))
    return outputs


def _inside(side: Side, place: int) -> slice:
    """Return the part of a window that is inside the input, which is not padded."""
    start = place * side.stride - side.before
    return slice(max(start, 0), min(start + side.kernel, side.size))
