"""The state of a run in files, each enough to go on as if it had not stopped.

A file holds weights, seed generators and optimizer, the metrics and the step of the begun epoch,
the state of the callbacks, and the history. The newest two files are kept: if one is damaged, its
SHA-256 tells, and the one before is used.
"""

from __future__ import annotations

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
    """What a file holds beside variables."""

    history: list[Row]  # Of the finished epochs.
    step: int = 0  # Of the begun epoch: steps that are done.
    seconds: float = 0.0  # Of training, before this run of the program.


def save(
    folder: Path,
    model: keras.Model,
    metric: keras.metrics.Metric,
    callbacks: Sequence[Any],
    state: State,
) -> None:
    """Write the state of `model`, its optimizer, its metrics and `callbacks`, and drop old files.

    Args:
        folder: Of the files.
        model: Compiled.
        metric: The one that it was compiled with, whose variables Keras counts to the model's only
            once they are used.
        callbacks: Those with a state of their own.
        state: All else.

    Raises:
        OSError: The folder cannot be written; what stands there is untouched.
    """
    plain, arrays = _of_callbacks(callbacks)
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
        return State(metadata["history"], metadata["step"], metadata["seconds"]), parts, damaged
    if damaged:
        raise CnnzooError(f"{damaged[0]}; no checkpoint in {folder} is sound")
    return State([]), {}, []


def restore(
    parts: Mapping[str, bytes],
    model: keras.Model,
    metric: keras.metrics.Metric,
    callbacks: Sequence[Any],
) -> None:
    """Set the variables of `model`, its optimizer and metrics, and the state of `callbacks`.

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
    for place, plain in enumerate(metadata["callbacks"]):
        vars(callbacks[place]).update(plain)
    for name in sorted(set(arrays) - own):
        owner, attribute, item = name.split(".")
        values = vars(callbacks[int(owner.removeprefix("callback"))])
        if item == "":
            values[attribute] = arrays[name]
        else:
            values[attribute] = [*(values[attribute] if int(item) else []), arrays[name]]


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


def _of_callbacks(
    callbacks: Sequence[Any],
) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Return the plain values among the attributes of each callback, and the arrays.

    An array is named callback<place>.<attribute>., one in a list has its place there at the end.
    """
    plain = [
        {name: value for name, value in vars(one).items() if _is_plain(value)} for one in callbacks
    ]
    arrays = {}
    for place, one in enumerate(callbacks):
        for name, value in vars(one).items():
            if isinstance(value, np.ndarray):
                arrays[f"callback{place}.{name}."] = value
            elif isinstance(value, list) and any(isinstance(item, np.ndarray) for item in value):
                items = {f"callback{place}.{name}.{i:06}": item for i, item in enumerate(value)}
                arrays |= items
    return plain, arrays


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
