"""Inputs of methods that change them by a little, checked; each mistake is told in one sentence."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import arguments


def continuous(model: keras.Model, given: Any) -> np.ndarray:
    """Return `given` as `arguments.inputs` does, for methods that change inputs by a little.

    Raises:
        CnnzooError: As for `arguments.inputs`, or the model takes integers.
    """
    _check_continuous(model)
    return arguments.inputs(model, given)


def spatial(model: keras.Model, given: Any) -> np.ndarray:
    """Return `given` as `continuous` does, `[batch, *sides, channels]`.

    Raises:
        CnnzooError: As for `continuous`, or examples have no sides.
    """
    values = continuous(model, given)
    if values.ndim < 3:
        raise CnnzooError(
            f"model must take images or sounds, [batch, *sides, channels]; "
            f"{model.name} takes {arguments.written(model.inputs[0].shape)}"
        )
    return values


def of_any_size(model: keras.Model, image: Any) -> np.ndarray:
    """Return `image`, one example `[*sides, channels]`, as the model's own type.

    Raises:
        CnnzooError: Its rank or channels are not those that the model takes, it is not numeric or
            finite, or as for `continuous`.
    """
    values, dtype, wanted = np.asarray(image), _check_continuous(model), arguments.shape(model)
    arguments.check_channels_last(model)
    if (
        values.dtype.kind not in "biuf"
        or values.ndim != len(wanted)
        or (values.ndim < 2 or values.shape[-1] != wanted[-1] or values.size == 0)
    ):
        sides = ", ".join(["any"] * (len(wanted) - 1))
        raise CnnzooError(
            f"image must be numbers [{sides}, {wanted[-1]}], as {model.name} takes but for the "
            f"size; got {values.dtype.name} {list(values.shape)}"
        )
    if not np.isfinite(values).all():
        raise CnnzooError("image must be finite; got NaN or infinity")
    return values.astype(dtype)


def filler(name: str, given: Any, batch: np.ndarray) -> np.ndarray:
    """Return `given`, a number, an example or a batch of them, as an array like `batch`.

    Raises:
        CnnzooError: It is none of these.
    """
    values = np.asarray(given)
    try:
        return np.broadcast_to(values.astype(batch.dtype), batch.shape)
    except ValueError:
        raise CnnzooError(
            f"{name} must be a number, or an array like one of the inputs, "
            f"{list(batch.shape[1:])}; got {values.dtype.name} {list(values.shape)}"
        ) from None


def _check_continuous(model: keras.Model) -> str:
    dtype = keras.backend.standardize_dtype(arguments.taken(model).dtype)
    if "float" not in dtype:
        raise CnnzooError(
            f"model must take floats, for which there are gradients; {model.name} takes {dtype}"
        )
    return dtype
