"""The state of a run in files, each enough to resume it as if it had not stopped.

A file holds weights, seed generators and optimizer, the metrics and the step of the current epoch,
what the callbacks have learned, and the history. The newest two files are kept: if one is damaged,
its SHA-256 shows it, and the one before is used.
"""

from __future__ import annotations

import copy
import inspect
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.files import read_sealed, write_sealed

FOLDER = "checkpoints"  # In a run folder.
_KEPT = 2

Row = dict[str, float]  # One epoch of the history.


class State(NamedTuple):
    """What a file holds besides variables."""

    history: list[Row]  # Of the finished epochs.
    step: int = 0  # Steps of the current epoch that are done.
    seconds: float = 0.0  # Of training, before this run of the program.
    over: bool = False  # Whether a callback has ended the training.


def save(
    folder: Path,
    model: keras.Model,
    metric: keras.metrics.Metric,
    callbacks: Sequence[Any],
    fresh: Sequence[Mapping[str, Any]],
    state: State,
) -> None:
    """Write the state of `model`, its optimizer, its metrics and `callbacks`, and drop old files.

    Args:
        metric: The one that `model` was compiled with, whose variables Keras counts to the model's
            only once they are used.
        fresh: What `memories` returned of `callbacks` before the first step; what is still so is
            left out.

    Raises:
        OSError: The folder cannot be written; what stands there is untouched.
    """
    plain, arrays = _of_callbacks(callbacks, fresh)
    arrays |= {name: np.asarray(variable) for name, variable in _variables(model, metric).items()}
    kinds = [type(one).__name__ for one in callbacks]
    metadata = {**state._asdict(), "callback_classes": kinds, "callbacks": plain}
    parts = {f"{name}.npy": _npy(array) for name, array in arrays.items()}
    done = len(state.history), state.step
    path = folder / "epoch{:05}_step{:08}.ckpt".format(*done)
    write_sealed(path, {"state.json": json.dumps(metadata).encode(), **parts})
    for old in _files(folder)[:-_KEPT]:
        old.unlink(missing_ok=True)


def read_state(folder: Path) -> tuple[State, Mapping[str, bytes], list[str]]:
    """Return the state in the newest sound file, its parts, and what is wrong with newer files.

    Without a file, it is the state before the first step, and there are no parts.

    Raises:
        CnnzooError: There are files, and all are damaged.
    """
    damaged: list[str] = []
    for path in reversed(_files(folder)):
        try:
            parts = read_sealed(path)
        except CnnzooError as error:
            damaged.append(str(error))
            continue
        metadata = json.loads(parts["state.json"])
        state = State(**{name: metadata[name] for name in State._fields if name in metadata})
        return state, parts, damaged
    if damaged:
        raise CnnzooError(f"{damaged[0]}; no checkpoint in {folder} is sound")
    return State([]), {}, []


def restore(
    parts: Mapping[str, bytes],
    model: keras.Model,
    metric: keras.metrics.Metric,
    callbacks: Sequence[Any],
) -> None:
    """Set the variables of `model`, its optimizer and metrics, and what `callbacks` had learned.

    Attributes named like arguments of Keras's constructors are settings and stay as they are.

    Raises:
        CnnzooError: The file is of another model or other callbacks.
    """
    arrays = {
        name.removesuffix(".npy"): np.load(io.BytesIO(part), allow_pickle=False)
        for name, part in parts.items()
        if name.endswith(".npy")
    }
    variables = _variables(model, metric)
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    own = {name for name in arrays if not name.startswith("callback")}
    stored = {name: arrays[name].shape for name in own}
    if stored != shapes:
        raise CnnzooError("checkpoint must hold the variables of this recipe's model; it does not")
    for name, variable in variables.items():
        variable.assign(arrays[name])
    metadata = json.loads(parts["state.json"])
    kinds, expected = [type(one).__name__ for one in callbacks], metadata["callback_classes"]
    if kinds != expected:
        raise CnnzooError(
            f"callbacks must be those that the run was started with, {expected}; got {kinds}"
        )
    learned: list[dict[str, Any]] = metadata["callbacks"]
    for name in sorted(set(arrays) - own):
        owner, attribute, item = name.split(".")
        values = learned[int(owner.removeprefix("callback"))]
        if item:
            values.setdefault(attribute, []).append(arrays[name])
        else:
            values[attribute] = arrays[name]
    for one, values in zip(callbacks, learned, strict=True):
        settings = _settings(type(one))
        vars(one).update({name: values[name] for name in values if name not in settings})


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("epoch*.ckpt"))


def _variables(model: keras.Model, metric: keras.metrics.Metric) -> dict[str, keras.Variable]:
    """Weights, seed generators, optimizer and metrics, by names that no process changes."""
    of_metrics = {id(one): one for one in [*model.metrics_variables, *metric.variables]}
    parts = {
        "model": model.variables,
        "optimizer": model.optimizer.variables,
        "metrics": list(of_metrics.values()),
    }
    return {
        f"{part}_{place}": variable
        for part, variables in parts.items()
        for place, variable in enumerate(variables)
    }


def memories(callbacks: Sequence[Any]) -> list[dict[str, Any]]:
    """Return a copy of the attributes of each callback that a file can hold."""
    return [
        {name: copy.deepcopy(value) for name, value in vars(one).items() if _is_kept(value)}
        for one in callbacks
    ]


def _settings(kind: type) -> set[str]:
    """Return the names of the arguments that Keras's constructors of a class take.

    Keras changes some of these in training, once, in a way that is undone when it is done twice.
    """
    makers = [
        vars(base)["__init__"]
        for base in kind.__mro__[:-1]
        if "__init__" in vars(base) and base.__module__.partition(".")[0] == "keras"
    ]
    return {name for maker in makers for name in inspect.signature(maker).parameters}


def _of_callbacks(
    callbacks: Sequence[Any], fresh: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Return the plain values among the changed attributes of each callback, and the arrays.

    An array is named callback<place>.<attribute>., one in a list has its place there at the end.
    """
    plain: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for place, (one, before) in enumerate(zip(callbacks, fresh, strict=True)):
        plain.append({})
        for name, value in vars(one).items():
            if not _is_kept(value) or (name in before and _same(value, before[name])):
                continue
            if _is_plain(value):
                plain[-1][name] = value
            elif isinstance(value, list):
                arrays |= {f"callback{place}.{name}.{i:06}": item for i, item in enumerate(value)}
            else:
                arrays[f"callback{place}.{name}."] = np.asarray(value)
    return plain, arrays


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(_same, value, other))
    return type(value) is type(other) and np.array_equal(value, other)


def _is_kept(value: Any) -> bool:
    listed = isinstance(value, list) and any(isinstance(item, np.ndarray) for item in value)
    return _is_plain(value) or isinstance(value, (np.ndarray, np.generic)) or listed


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
