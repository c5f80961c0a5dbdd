"""Checks of the arguments of inspection.

Each returns what fits, as the type that is needed, or raises `CnnzooError`: a sentence that says
what must be. So does each for a model that is neither Functional nor Sequential and built.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.graph import Call, embeddings, graph, holds_tokens, walk
from cnnzoo.registry import unknown

PADDING = 0  # The token that fills up short texts, in the zoo as in Keras's masks.


def inputs(model: keras.Model, given: Any) -> np.ndarray:
    """Return `given`, finite numbers `[batch, ...]` as large as `model` takes, as its own type."""
    check_channels_last(model)
    values = np.asarray(given)
    rule = _unmet(model, values)
    if rule is not None:
        raise CnnzooError(f"inputs must be {rule}; got {values.dtype.name} {list(values.shape)}")
    if not np.isfinite(values).all():
        raise CnnzooError("inputs must be finite; got NaN or infinity")
    return values.astype(taken(model).dtype)


def _unmet(model: keras.Model, values: np.ndarray) -> str | None:
    """Return what the model's inputs must be, unless `values` are that."""
    wanted = taken(model)
    shape = _written(wanted.shape)
    if holds_tokens(wanted) and (values.dtype.kind not in "iu" or values.ndim != 2):
        return f"tokens, integers {shape}, for {model.name} is over texts"
    if values.dtype.kind not in "biuf":
        return f"numbers {shape}"
    pairs = zip(wanted.shape[1:], values.shape[1:], strict=False)
    if values.ndim != len(wanted.shape) or any(side not in (None, size) for side, size in pairs):
        return f"of shape {shape}, as {model.name} takes"
    return f"at least one example of shape {shape}" if values.size == 0 else None


def tokens(model: keras.Model, given: Any) -> np.ndarray:
    """Return `given` as tokens that `model` has vectors for, int32 `[texts, length]`."""
    layers = embeddings(model)
    if not layers:
        raise CnnzooError(
            f"model must turn tokens [texts, length] into vectors; {model.name} takes "
            f"{list(graph(model).inputs[0].shape[1:])} and has no embedding"
        )
    found = inputs(model, given)
    end = min(getattr(layer, "input_dim", np.inf) for layer in layers)
    for token in (found.min(), found.max()):
        if not 0 <= token < end:
            raise CnnzooError(f"tokens must be 0 to {end - 1} for {model.name}; got {token}")
    return found.astype("int32")


def continuous(model: keras.Model, given: Any) -> np.ndarray:
    """Return `given` as `inputs` does, for methods that change floats by a little."""
    float_type(model)
    return inputs(model, given)


def spatial(model: keras.Model, given: Any) -> np.ndarray:
    """Return `given` as `continuous` does, images or sounds, `[batch, *sides, channels]`."""
    values = continuous(model, given)
    if values.ndim < 3:
        raise CnnzooError(
            f"model must take images or sounds, [batch, *sides, channels]; "
            f"{model.name} takes {_written(model.inputs[0].shape)}"
        )
    return values


def filler(name: str, given: Any, batch: np.ndarray) -> np.ndarray:
    """Return `given`, a number, an example or a batch of them, as an array like `batch`."""
    values = np.asarray(given)
    try:
        return np.broadcast_to(values.astype(batch.dtype), batch.shape)
    except ValueError:
        raise CnnzooError(
            f"{name} must be a number, or an array like one of the inputs, "
            f"{list(batch.shape[1:])}; got {values.dtype.name} {list(values.shape)}"
        ) from None


def float_type(model: keras.Model) -> str:
    """Return the type that `model` takes, one of floats."""
    dtype = taken(model).dtype
    if "float" not in dtype:
        raise CnnzooError(
            f"model must take floats, for which there are gradients; {model.name} takes {dtype}"
        )
    return dtype


def taken(model: keras.Model) -> keras.KerasTensor:
    """Return the only input of `model`."""
    return _one("input", graph(model).inputs)


def check_channels_last(model: keras.Model) -> None:
    """Refuse a model that puts channels first."""
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
    """Return the last call of the layer named `path`: "conv1", or "inner/conv1" if nested."""
    found = dict(walk(model))
    if path not in found:
        raise CnnzooError(unknown(f"layer of {model.name}", path, found, see="model.summary()"))
    return found[path]


def maps(model: keras.Model, path: str) -> Call:
    """Return the last call of a layer that gives feature maps, `[batch, *sides, units]`."""
    call = layer(model, path)
    shape = call.outputs[0].shape
    if len(shape) < 3:
        raise CnnzooError(
            f"layer must give feature maps, [batch, *sides, units]; "
            f"{path!r} of {model.name} gives {_written(shape)}"
        )
    return call


def unit(call: Call, given: int) -> int:
    """Return `given`, a unit (channel) of what the layer gives."""
    return _index("unit", given, call.outputs[0].shape[-1], f"layer {call.layer.name!r}")


def classes(model: keras.Model, given: Any, examples: int, name: str = "class_id") -> np.ndarray:
    """Return the class of each of `examples`, int32 `[examples]`.

    Args:
        model: From what it takes to logits or scores, `[batch, classes]`.
        given: One class for all, or one each.
        examples: How many there are.
        name: What to call `given`.
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
    """Return the number of classes of `model`, which gives logits or scores, `[batch, classes]`."""
    output = _one("output", graph(model).outputs)
    if len(output.shape) != 2 or output.shape[-1] is None:
        raise CnnzooError(
            f"model must give logits or scores, [batch, classes]; "
            f"{model.name} gives {_written(output.shape)}"
        )
    return output.shape[-1]


def count(
    name: str, given: int, most: int | None = None, things: str = "", *, least: int = 1
) -> int:
    """Return `given`, a number of at least 1 and at most as many `things` as there are."""
    if most is None:
        return _whole(name, given, least, math.inf, f"at least {least}")
    return _whole(name, given, least, most, f"{least} to {most}, the {things} there are")


def share(name: str, given: float) -> float:
    """Return `given`, a share of a whole, 0 to 1."""
    if not 0 <= given <= 1:
        raise CnnzooError(f"{name} must be 0 to 1; got {given}")
    return given


def _index(name: str, given: int, end: int, of: str) -> int:
    return _whole(name, given, 0, end - 1, f"0 to {end - 1} for {of}")


def _whole(name: str, given: int, least: int, most: float, rule: str) -> int:
    try:
        whole = operator.index(given)
    except TypeError:
        raise CnnzooError(f"{name} must be an integer; got {given!r}") from None
    if not least <= whole <= most:
        raise CnnzooError(f"{name} must be {rule}; got {given}")
    return whole


def _written(shape: Sequence[int | None]) -> str:
    """Return the `shape` of a batch as messages have it."""
    return f"[batch, {', '.join('any' if side is None else str(side) for side in shape[1:])}]"
