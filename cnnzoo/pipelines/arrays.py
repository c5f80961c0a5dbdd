"""Arrays and tensors of any library to NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnzoo.errors import CnnzooError


def as_array(value: Any, name: str) -> np.ndarray:
    """Return `value`, an array, a dense tensor or nested lists of numbers, as an array.

    A PyTorch tensor may need gradients or be on a device; bfloat16 becomes float32.

    Raises:
        CnnzooError: It is something else; `name` stands in the message.
    """
    kind = type(value).__name__
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if value.dtype.itemsize == 2 and value.is_floating_point() else value
    if hasattr(value, "dense_shape") or hasattr(value, "row_splits"):
        raise CnnzooError(f"{name} must be a dense array; got a {kind}")
    try:
        array = np.asarray(value)
    except Exception as error:  # Of any kind: libraries raise what they like.
        raise CnnzooError(f"{name} must be an array of numbers; got a {kind}") from error
    if array.dtype == object:
        raise CnnzooError(f"{name} must be an array of numbers; got a {kind}")
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array
