"""Which folder a run writes, and whether it may: `recipe.json` says with what it was begun."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from cnnzoo.config.recipe import Recipe
from cnnzoo.datasets import Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.files import read, write_whole

_RECIPE = "recipe.json"  # The recipe, and with which data and model it was begun.
_PARTS = {"data_sha256": "dataset", "model_sha256": "model"}  # Digest -> what it is of.


def folder_of(name: str, out: str | Path | None, resume: bool) -> Path:
    """Return the run folder that `train` writes, which is new or empty unless the run is resumed.

    Raises:
        CnnzooError: It is neither, or holds no run to resume.
    """
    base = Path("runs") / name
    numbers = sorted(int(path.name) for path in base.glob("*") if path.name.isdecimal())
    if out is not None:
        folder = Path(out)
    elif resume:
        folder = base / str(max(numbers, default=0))
    else:
        folder = base / str(max(numbers, default=0) + 1)
    begun = holds_run(folder)
    if resume and not begun:
        raise CnnzooError(f"out must be the folder of a run to resume; got {str(folder)!r}")
    if begun and not resume:
        raise CnnzooError(
            f"out must be a new folder; {folder} holds a run, which --resume goes on with"
        )
    if not resume and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CnnzooError(f"out must be a new or empty folder; got {str(folder)!r}")
    return folder


def holds_run(folder: Path) -> bool:
    """Return whether a run was begun in `folder`."""
    return (folder / _RECIPE).is_file()


def identity(folder: Path) -> dict[str, Any] | None:
    """Return with what the run in `folder` was begun, or None where there is none.

    Raises:
        CnnzooError: The file is damaged.
    """
    path = folder / _RECIPE
    if not holds_run(folder):
        return None
    try:
        found = json.loads(read(path))
        return {name: found[name] for name in ("recipe", *_PARTS)}
    except (ValueError, KeyError, TypeError) as error:
        raise CnnzooError(f"{path} is damaged, or of another version of cnnzoo") from error


def write_identity(folder: Path, recipe: Recipe, metadata: Mapping[str, Any]) -> None:
    """Write with what a run is begun; `metadata` are those of its card."""
    found = {"recipe": recipe.to_json(), **{part: metadata[part] for part in _PARTS}}
    write_whole(folder / _RECIPE, json.dumps(found, indent=1).encode())


def require_same_recipe(folder: Path, begun: dict[str, Any] | None, recipe: Recipe) -> None:
    """Refuse another recipe than the one that the run was started with, if it was.

    Raises:
        CnnzooError: It is another; the message names the fields.
    """
    changed = Recipe.from_json(begun["recipe"]).changes(recipe) if begun else []
    if changed:
        raise CnnzooError(
            f"recipe must be the one that {folder} was started with; changed: {', '.join(changed)}"
        )


def require_same_parts(
    folder: Path, begun: dict[str, Any] | None, metadata: Mapping[str, Any]
) -> None:
    """Refuse other data or another model than those that the run was started with, if it was.

    Raises:
        CnnzooError: They are others.
    """
    for part, what in _PARTS.items():
        if begun and begun[part] != metadata[part]:
            raise CnnzooError(
                f"{what} must be the one that {folder} was started with; {metadata[what]} is another now"
            )


def fingerprint(dataset: Dataset, examples: Examples) -> str:
    """Return a SHA-256 of class names, labels and a thousand of the examples."""
    found = hashlib.sha256("\n".join(dataset.class_names).encode())
    found.update(np.ascontiguousarray(examples.labels).tobytes())
    for place in np.linspace(0, len(examples.labels) - 1, 1_000).astype(int):
        one = examples.inputs[place]
        found.update(one.encode() if isinstance(one, str) else one.tobytes())
    return found.hexdigest()


def structure_digest(model: keras.Model) -> str:
    """Return the SHA-256 of a model's configuration, whatever was built in the process before it.

    Keras numbers the names that it gives itself through the process: `cast_2` may be `cast` in the
    next. Here numbers begin anew with each model.
    """
    names: dict[str, dict[str, int]] = {}

    def numbered(name: re.Match[str]) -> str:
        alike = names.setdefault(name[1], {})
        return f'"{name[1]}_{alike.setdefault(name[0], len(alike))}"'

    config = re.sub(r'"(\w*?[A-Za-z])(?:_\d+)?"', numbered, model.to_json())
    return hashlib.sha256(config.encode()).hexdigest()
