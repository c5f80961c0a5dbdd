"""The state of a run in one file: enough to go on as if it had not stopped."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.files import read, write_whole

Row = dict[str, float]  # One epoch of the history.


def save(path: Path, model: keras.Model, history: list[Row]) -> None:
    """Write the variables of `model` and its optimizer, and the history, whole or not at all."""
    arrays: dict[str, Any] = {
        name: np.asarray(variable) for name, variable in _variables(model).items()
    }
    buffer = io.BytesIO()
    np.savez(buffer, history=np.array(json.dumps(history)), **arrays)
    write_whole(path, buffer.getvalue())


def restore(path: Path, model: keras.Model) -> list[Row]:
    """Set the variables of `model` and its optimizer from `path`, and return the history.

    Raises:
        CnnzooError: The file is damaged or of another model.
    """
    variables = _variables(model)
    try:
        with np.load(io.BytesIO(read(path)), allow_pickle=False) as archive:
            arrays: dict[str, Any] = dict(archive)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise CnnzooError(f"{path} is damaged: {error}") from error
    history = json.loads(str(arrays.pop("history", "[]")))
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    if {name: array.shape for name, array in arrays.items()} != shapes:
        raise CnnzooError(f"{path} must hold the variables of this recipe's model; it does not")
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return history


def _variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Weights, seed generators and optimizer, by a name that does not depend on the process."""
    parts = {"model": model.variables, "optimizer": model.optimizer.variables}
    return {
        f"{part}_{place}": variable
        for part, variables in parts.items()
        for place, variable in enumerate(variables)
    }
