"""Which folder a run writes, and whether it may: `recipe.json` says with what it was started."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras

from cnnzoo.addresses import folder_at, is_address, required_local
from cnnzoo.config.recipe import Recipe, named
from cnnzoo.errors import CnnzooError
from cnnzoo.files import is_temporary, read, write_whole

METRICS = "metrics.json"  # Of a finished run.
_EARLIER = {  # What version 0.1 wrote there, without a digest.
    *("accuracy", "loss", "examples", "split", "epoch", "validation", "seed", "params", "epochs"),
    *("seconds", "peak_memory_bytes", "hardware", "versions", "commit"),
}
_RECIPE = "recipe.json"  # The recipe, and with which data and model it was started.
# In the card's metadata: the digest of a part, or its configuration -> what the part is.
_PARTS = {
    "data_sha256": "dataset",
    "model_sha256": "model",
    "weights_sha256": "weights",
    "teacher_sha256": "teacher",
    "leave_out_sha256": "leave_out",
    "augmentation": "augmentation",
}


def run_folder_at(out: str | Path | None) -> Path | None:
    """Return the folder of a run, which may be at an address: there, its copy."""
    if out is None:
        return None
    return folder_at(str(out)) if is_address(out) else required_local(out, "a run")


def folder_of(name: str, out: str | Path | None, resume: bool) -> Path:
    """Return the run folder that `train` writes, which is new or empty unless the run is resumed.

    Raises:
        CnnzooError: It is neither, or holds no run to resume.
    """
    folder = Path(out) if out is not None else _latest(name)
    if out is None and not resume:
        folder = folder.with_name(str(int(folder.name) + 1))
    started = holds_run(folder)
    if resume and not started:
        raise CnnzooError(f"out must be the folder of a run to resume; got {str(folder)!r}")
    if started and not resume:
        raise CnnzooError(
            f"out must be a new folder; {folder} holds a run, which --resume continues"
        )
    if not resume and folder.exists() and not _is_empty(folder):
        raise CnnzooError(f"out must be a new or empty folder; got {str(folder)!r}")
    return folder


def _is_empty(folder: Path) -> bool:
    """Return whether nothing stands in `folder`; what a killed process left does not count."""
    return folder.is_dir() and all(is_temporary(path) for path in folder.iterdir())


def _latest(name: str) -> Path:
    """Return the latest folder below runs/<name>/, or 0 there if it has none."""
    base = Path("runs") / name
    numbers = [int(path.name) for path in base.glob("*") if path.name.isdecimal()]
    return base / str(max(numbers, default=0))


class Started(NamedTuple):
    """With what a run was started."""

    name: str | None  # Of the run; older versions did not write it.
    recipe: Recipe
    replaced: list[str]  # Fields in which it differs from the recipe that was named.


def started(recipe: str | Recipe | None, out: str | Path | None) -> Started | None:
    """Return with what the run in `out`, or the latest one of `recipe`, was started; None if none.

    Raises:
        CnnzooError: Its recipe is damaged, or neither recipe nor folder is named.
    """
    if out is not None:
        folder = Path(out)
    elif recipe is not None:
        folder = _latest(named(recipe)[0])
    else:
        raise CnnzooError("out must be the folder of a run to resume, where no recipe is named")
    found = _identity(folder)
    if found is None and recipe is None:
        raise CnnzooError(f"out must be the folder of a run to resume; got {str(folder)!r}")
    if found is None:
        return None
    return Started(found["name"], _recipe(folder, found), found["replaced"])


def holds_run(folder: Path) -> bool:
    """Return whether a run was started in `folder`."""
    return (folder / _RECIPE).is_file()


def _identity(folder: Path) -> dict[str, Any] | None:
    """Return with what the run in `folder` was started, or None without a run."""
    path = folder / _RECIPE
    if not holds_run(folder):
        return None
    try:
        found = json.loads(read(path))
        held = {name: found[name] for name in ("recipe", "data_sha256", "model_sha256")}
        # Of a layer, of fine-tuning, and of a later version only.
        others: dict[str, Any] = {
            "name": None,
            "replaced": [],
            "augmentation": None,
            "weights_sha256": None,
            "teacher_sha256": None,
            "leave_out_sha256": None,
        }
        return {**others, **{key: found[key] for key in others if key in found}, **held}
    except (ValueError, KeyError, TypeError) as error:
        raise CnnzooError(f"{path} is damaged, or of another version of cnnzoo") from error


def read_metrics(folder: Path) -> dict[str, Any] | None:
    """Return the metrics of the run in `folder`, or None if it is not finished.

    Raises:
        CnnzooError: Their file is damaged.
    """
    path = folder / METRICS
    if not path.is_file():
        return None
    try:
        found = json.loads(read(path))
        earlier = set(found) <= _EARLIER and found["accuracy"] <= 1
        sound = earlier or found["sha256"] == _digest(found)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CnnzooError(f"{path} is damaged: it is no JSON of metrics") from error
    if not sound:
        raise CnnzooError(f"{path} is damaged: its SHA-256 does not match")
    return found


def write_metrics(folder: Path, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Write the metrics of a finished run, and return them with the SHA-256 of what they say."""
    whole = {**metrics, "sha256": _digest(metrics)}
    write_whole(folder / METRICS, json.dumps(whole, indent=1).encode())
    return whole


def _digest(metrics: Mapping[str, Any]) -> str:
    others = {name: value for name, value in metrics.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(others, sort_keys=True).encode()).hexdigest()


def require_same_recipe(folder: Path, recipe: Recipe) -> None:
    """Refuse another recipe than that of the run in `folder`, if there is one.

    Raises:
        CnnzooError: It is another; the message names the fields.
    """
    found = _identity(folder)
    changed = _recipe(folder, found).changes(recipe) if found else []
    if changed:
        raise CnnzooError(
            f"recipe must be the one that {folder} was started with; changed: {', '.join(changed)}"
        )


def _recipe(folder: Path, found: Mapping[str, Any]) -> Recipe:
    try:
        return Recipe.from_json(found["recipe"])
    except CnnzooError as error:
        raise CnnzooError(f"{folder / _RECIPE} is not one of this version: {error}") from error


def write_identity(
    folder: Path, recipe: Recipe, replaced: list[str], metadata: Mapping[str, Any]
) -> None:
    """Write with what a run is started: its recipe, and data and model by the card's `metadata`.

    Args:
        folder: Of the run; one that was started before is only checked.
        recipe: That of the run.
        replaced: Fields in which it differs from the recipe that was named.
        metadata: Of the card.

    Raises:
        CnnzooError: The run in `folder` was started with other data, model or augmentation.
    """
    found = _identity(folder)
    of_recipe = ("augmentation", "weights", "teacher", "leave_out")
    names = {**metadata, **{field: getattr(recipe, field) for field in of_recipe}}
    for part, what in _PARTS.items():
        if found and found[part] != metadata.get(part):
            raise CnnzooError(
                f"{what} must be the one that {folder} was started with; {names[what]} is another"
            )
    if found is None:
        parts = {part: metadata[part] for part in _PARTS if part in metadata}
        name = {"name": metadata["name"], "replaced": replaced}
        content = {**name, "recipe": recipe.to_json(), **parts}
        write_whole(folder / _RECIPE, json.dumps(content, indent=1).encode())


def unnamed_config(layer: keras.layers.Layer) -> dict[str, Any]:
    """Return the configuration of a layer in JSON's types, without the names that Keras numbers."""
    text = json.dumps(keras.saving.serialize_keras_object(layer))
    unnamed = ("name", "build_config")
    return json.loads(text, object_pairs_hook=lambda c: {k: v for k, v in c if k not in unnamed})


def structure_digest(model: keras.Model) -> str:
    """Return the SHA-256 of a model's configuration, whatever was built in the process before it.

    Keras numbers the names that it gives itself, through the process: `cast_2` may be `cast` in the
    next. Here numbers start from 0 for each model.
    """
    names: dict[str, dict[str, int]] = {}

    def numbered(name: re.Match[str]) -> str:
        alike = names.setdefault(name[1], {})
        return f'"{name[1]}_{alike.setdefault(name[0], len(alike))}"'

    config = re.sub(r'"(\w*?[A-Za-z])(?:_\d+)?"', numbered, model.to_json())
    return hashlib.sha256(config.encode()).hexdigest()
