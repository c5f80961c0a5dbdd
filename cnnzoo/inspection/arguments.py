"""What those who look into a model ask for, checked; each mistake is told in one sentence."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.graph import Call, graph, walk
from cnnzoo.registry import unknown


def inputs(model: keras.Model, given: Any) -> np.ndarray:
    """Return `given` as the model's own type, `[batch, ...]`.

    Raises:
        CnnzooError: The model is not built, takes several inputs or puts channels first, or `given`
            is not numeric, empty, not finite, or of another size or rank than the model takes.
    """
    wanted = _one("input", graph(model).inputs)
    _check_channels_last(model)
    values = np.asarray(given)
    shape = f"[batch, {', '.join(map(str, wanted.shape[1:]))}]".replace("None", "any")
    rule, got = f"inputs must be {{}} {shape}", f"got {values.dtype.name} {list(values.shape)}"
    dtype = keras.backend.standardize_dtype(wanted.dtype)
    if "int" in dtype and len(wanted.shape) == 2:
        if values.dtype.kind not in "iu" or values.ndim != 2:
            raise CnnzooError(
                f"{rule.format('tokens, integers')}, for {model.name} is over texts; {got}"
            )
    elif values.dtype.kind not in "biuf":
        raise CnnzooError(f"{rule.format('numbers')}; {got}")
    if values.ndim != len(wanted.shape) or any(
        side not in (None, size)
        for side, size in zip(wanted.shape[1:], values.shape[1:], strict=True)
    ):
        raise CnnzooError(f"{rule.format('of shape')}, as {model.name} takes; {got}")
    if values.size == 0:
        raise CnnzooError(f"{rule.format('at least one example of shape')}; {got}")
    if not np.isfinite(values).all():
        raise CnnzooError("inputs must be finite; got NaN or infinity")
    return values.astype(dtype)


def continuous(model: keras.Model, given: Any) -> np.ndarray:
    """Return `given` as `inputs` does, for methods that change inputs by a little.

    Raises:
        CnnzooError: As for `inputs`, or the model takes integers.
    """
    dtype = keras.backend.standardize_dtype(_one("input", graph(model).inputs).dtype)
    if "float" not in dtype:
        raise CnnzooError(
            f"model must take floats, for which there are gradients; {model.name} takes {dtype}"
        )
    return inputs(model, given)


def _check_channels_last(model: keras.Model) -> None:
    for path, call in walk(model):
        if getattr(call.layer, "data_format", None) == "channels_first":
            raise CnnzooError(
                f"model must put channels last; layer {path!r} of {model.name} puts them first"
            )


def _one(kind: str, tensors: Sequence[Any]) -> Any:
    if len(tensors) != 1:
        raise CnnzooError(f"model must have one {kind}; got {len(tensors)}")
    return tensors[0]


def layer(model: keras.Model, path: str) -> Call:
    """Return the last call of the layer named `path`: "conv1", or "inner/conv1" if nested.

    Raises:
        CnnzooError: The model is not built, or has no such layer.
    """
    found = dict(walk(model))
    if path not in found:
        raise CnnzooError(unknown(f"layer of {model.name}", path, found, see="model.summary()"))
    return found[path]


def maps(model: keras.Model, path: str) -> Call:
    """Return the last call of a layer that gives feature maps, `[batch, *sides, units]`.

    Raises:
        CnnzooError: As for `layer`, or the layer's output has no spatial sides.
    """
    call = layer(model, path)
    shape = call.outputs[0].shape
    if len(shape) < 3:
        raise CnnzooError(
            f"layer must give feature maps, [batch, *sides, units]; "
            f"{path!r} of {model.name} gives {_sides(shape)}"
        )
    return call


def unit(call: Call, given: int) -> int:
    """Return `given`, a unit (channel) of what the layer gives.

    Raises:
        CnnzooError: It is out of range or no integer.
    """
    return _index("unit", given, call.outputs[0].shape[-1], f"layer {call.layer.name!r}")


def classes(model: keras.Model, given: Any, examples: int, name: str = "class_id") -> np.ndarray:
    """Return the class of each of `examples`, int32 `[examples]`.

    Args:
        model: From what it takes to logits or scores, `[batch, classes]`.
        given: One class for all, or one each.
        examples: How many there are.
        name: What to call `given`.

    Raises:
        CnnzooError: A class is out of range or no integer, there are more or fewer than examples,
            or the model gives no logits.
    """
    count = class_count(model)
    listed = [given] * examples if np.ndim(given) == 0 else list(given)
    if len(listed) != examples:
        raise CnnzooError(
            f"{name} must be one class or one for each of {examples} examples; got {len(listed)}"
        )
    checked = [_index(name, one, count, model.name) for one in listed]
    return np.array(checked, np.int32)


def class_count(model: keras.Model) -> int:
    """Return how many classes `model` tells apart.

    Raises:
        CnnzooError: The model gives no logits or scores, `[batch, classes]`.
    """
    output = _one("output", graph(model).outputs)
    if len(output.shape) != 2 or output.shape[-1] is None:
        raise CnnzooError(
            f"model must give logits or scores, [batch, classes]; "
            f"{model.name} gives {_sides(output.shape)}"
        )
    return output.shape[-1]


def count(name: str, given: int, most: int, things: str) -> int:
    """Return `given`, how many `things` are asked for, of `most` that there are.

    Raises:
        CnnzooError: It is no integer from 1 to `most`.
    """
    whole = _integer(name, given)
    if not 1 <= whole <= most:
        raise CnnzooError(f"{name} must be 1 to {most}, the {things} there are; got {given}")
    return whole


def _index(name: str, given: int, end: int, of: str) -> int:
    index = _integer(name, given)
    if not 0 <= index < end:
        raise CnnzooError(f"{name} must be 0 to {end - 1} for {of}; got {given}")
    return index


def _integer(name: str, given: int) -> int:
    try:
        return operator.index(given)
    except TypeError:
        raise CnnzooError(f"{name} must be an integer; got {given!r}") from None


def _sides(shape: Sequence[int | None]) -> str:
    return f"[batch, {', '.join('any' if side is None else str(side) for side in shape[1:])}]"
