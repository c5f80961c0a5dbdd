"""Checks of the arguments of inspection; each mistake is reported in one sentence."""

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
    values = np.asarray(given)
    rule = _unmet(model, values)
    if rule is not None:
        raise CnnzooError(f"inputs must be {rule}; got {values.dtype.name} {list(values.shape)}")
    if not np.isfinite(values).all():
        raise CnnzooError("inputs must be finite; got NaN or infinity")
    return values.astype(keras.backend.standardize_dtype(taken(model).dtype))


def _unmet(model: keras.Model, values: np.ndarray) -> str | None:
    """Return what the model's inputs must be, unless `values` are that."""
    check_channels_last(model)
    wanted = taken(model)
    shape, over_tokens = written(wanted.shape), _over_tokens(wanted)
    if over_tokens and (values.dtype.kind not in "iu" or values.ndim != 2):
        return f"tokens, integers {shape}, for {model.name} is over texts"
    if values.dtype.kind not in "biuf":
        return f"numbers {shape}"
    pairs = zip(wanted.shape[1:], values.shape[1:], strict=False)
    if values.ndim != len(wanted.shape) or any(side not in (None, size) for side, size in pairs):
        return f"of shape {shape}, as {model.name} takes"
    return f"at least one example of shape {shape}" if values.size == 0 else None


def continuous(model: keras.Model, given: Any) -> np.ndarray:
    """Return `given` as `checks.inputs` does, for methods that change inputs by a little.

    Raises:
        CnnzooError: As for `checks.inputs`, or the model takes integers.
    """
    check_continuous(model)
    return inputs(model, given)


def spatial(model: keras.Model, given: Any) -> np.ndarray:
    """Return `given` as `continuous` does, `[batch, *sides, channels]`.

    Raises:
        CnnzooError: As for `continuous`, or examples have no sides.
    """
    values = continuous(model, given)
    if values.ndim < 3:
        raise CnnzooError(
            f"model must take images or sounds, [batch, *sides, channels]; "
            f"{model.name} takes {written(model.inputs[0].shape)}"
        )
    return values


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


def check_continuous(model: keras.Model) -> str:
    """Return the type that `model` takes.

    Raises:
        CnnzooError: The model takes integers, or as for `taken`.
    """
    dtype = keras.backend.standardize_dtype(taken(model).dtype)
    if "float" not in dtype:
        raise CnnzooError(
            f"model must take floats, for which there are gradients; {model.name} takes {dtype}"
        )
    return dtype


def taken(model: keras.Model) -> keras.KerasTensor:
    """Return the input of `model`.

    Raises:
        CnnzooError: The model is not built or takes several inputs.
    """
    return _one("input", graph(model).inputs)


def shape(model: keras.Model) -> tuple[int | None, ...]:
    """Return the shape of one example that `model` takes; None where a side may have any size.

    Raises:
        CnnzooError: The model is not built or takes several inputs.
    """
    return tuple(taken(model).shape[1:])


def side_count(model: keras.Model) -> int:
    """Return how many sides an example has: 2 of an image, 1 of a sound or of tokens.

    Raises:
        CnnzooError: The model is not built or takes several inputs.
    """
    tensor = taken(model)
    return 1 if _over_tokens(tensor) else len(tensor.shape) - 2


def _over_tokens(tensor: keras.KerasTensor) -> bool:
    return "int" in keras.backend.standardize_dtype(tensor.dtype) and len(tensor.shape) == 2


def check_channels_last(model: keras.Model) -> None:
    """Refuse a model that puts channels first.

    Raises:
        CnnzooError: A layer of it does, or it is not built.
    """
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
            f"{path!r} of {model.name} gives {written(shape)}"
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
    """Return the number of classes of `model`.

    Raises:
        CnnzooError: The model gives no logits or scores, `[batch, classes]`.
    """
    output = _one("output", graph(model).outputs)
    if len(output.shape) != 2 or output.shape[-1] is None:
        raise CnnzooError(
            f"model must give logits or scores, [batch, classes]; "
            f"{model.name} gives {written(output.shape)}"
        )
    return output.shape[-1]


def count(
    name: str, given: int, most: int | None = None, things: str = "", *, least: int = 1
) -> int:
    """Return `given`, a number of at least 1 and at most as many `things` as there are.

    Raises:
        CnnzooError: It is no integer, or out of range.
    """
    whole = _integer(name, given)
    if whole < least or (most is not None and whole > most):
        rule = f"at least {least}" if most is None else f"{least} to {most}, the {things} there are"
        raise CnnzooError(f"{name} must be {rule}; got {given}")
    return whole


def share(name: str, given: float) -> float:
    """Return `given`, a share of a whole.

    Raises:
        CnnzooError: It is not from 0 to 1.
    """
    if not 0 <= given <= 1:
        raise CnnzooError(f"{name} must be 0 to 1; got {given}")
    return given


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


def written(shape: Sequence[int | None]) -> str:
    """Return the `shape` of a batch as messages have it."""
    return f"[batch, {', '.join('any' if side is None else str(side) for side in shape[1:])}]"
