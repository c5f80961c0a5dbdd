"""What happens at one position of a window."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cnnzoo.errors import CnnzooError


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


def numbers(name: str, values: Any, shape: str) -> np.ndarray:
    """Return `values` as floats, so that uint8 pixels do not overflow.

    Args:
        name: Of the argument.
        values: Anything that NumPy takes for an array.
        shape: What is said of it, if it is no such array.

    Raises:
        CnnzooError: They are no array of finite numbers, or an empty one.
    """
    try:
        found = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        got = type(values).__name__
        raise CnnzooError(f"{name} must be an array of numbers {shape}; got {got}") from None
    if not found.size:
        raise CnnzooError(f"{name} must have no empty side; got the shape {found.shape}")
    if not np.isfinite(found).all():
        raise CnnzooError(f"{name} must be finite; got {found[~np.isfinite(found)][0]}")
    return found
