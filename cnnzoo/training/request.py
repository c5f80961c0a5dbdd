"""What a run is to train: from a recipe, the fields replaced in it, a run folder and the data.

Data of the user's come in any size: fields that nobody has set are changed to suit it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras

from cnnzoo.config.recipe import Recipe, get_recipe, resolve
from cnnzoo.config.schedules import Cosine, OneCycle, Plateau, Steps
from cnnzoo.datasets import DATASETS, Dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.dataset import Data, find, kind_of, name_of, path_of, reading
from cnnzoo.pipelines.custom_data.kind import count_images
from cnnzoo.pipelines.custom_data.split_tables import by_split
from cnnzoo.training import run_folder
from cnnzoo.training.networks import spec_of
from cnnzoo.training.run_data import input_spec

STEPS = 10  # That an epoch of custom data has at least, by smaller batches,
SMALLEST_BATCH = 4  # of no fewer examples than these.
FEW = 1_000  # Images, below which trained weights are a better start than random ones.
_LINEAR = ("sgd", "momentum", "nesterov")  # Whose rate is in proportion to the batch size.


class Request(NamedTuple):
    """What to train."""

    name: str  # Of the run.
    base: Recipe  # As it stands.
    recipe: Recipe  # With fields replaced.
    data: Data | None  # If not what the recipe names.
    suited: Collection[str] = ()  # Fields that were changed to suit the size of the data.


def request(
    recipe: str | Recipe | None,
    data: Data | None,
    fields: Mapping[str, Any],
    *,
    out: str | Path | None = None,
    resume: bool = False,
    network: keras.Model | None = None,
) -> Request:
    """Return what to train.

    Args:
        recipe: A recipe, or the name of one; by default that of the run to resume, or else the
            usual one for the kind of `data`.
        data: A data set, or the name or path of one, instead of the recipe's.
        fields: Values of the recipe to replace; a layer that augments is called by its class.
        out: Folder of the run to resume, by default the latest.
        resume: Whether to take fields that are not given from there.
        network: A network instead of the recipe's.

    Raises:
        CnnzooError: The recipe or a field is unknown or wrong, data are missing or cannot be read,
            or a data set of another content has a name of the catalog.
    """
    paths = {name: str(value) for name, value in fields.items() if isinstance(value, Path)}
    fields = {
        **fields,
        **{name: paths[name] for name in ("weights", "teacher", "leave_out") if name in paths},
    }
    layer = fields.get("augmentation")
    if isinstance(layer, keras.layers.Layer):
        fields = {**fields, "augmentation": type(layer).__name__}
    started = run_folder.started(recipe, out) if resume else None
    if started is not None:
        kept = {field: getattr(started.recipe, field) for field in started.replaced}
        found, _ = _resolved(started.recipe if recipe is None else recipe, data, {**kept, **fields})
        return found if recipe is not None else found._replace(name=started.name or found.name)
    if recipe is None:
        recipe = usual_recipe(fields.get("dataset") if data is None else data)
    found, custom = _resolved(recipe, data, fields)
    if not custom:
        return found
    dataset = find(
        found.recipe.dataset if data is None else data,
        spec_of(found.recipe, network).input_shape,
        **reading(found.recipe.to_json()),
    )
    suited = suit(found.recipe, dataset, fields)
    changed = list(found.recipe.differences(suited))
    return found._replace(recipe=suited, data=dataset, suited=changed)


def usual_recipe(data: Data | None) -> str:
    """Return the name of the usual recipe for the kind and number of `data`.

    Raises:
        CnnzooError: There are no such data, or no recipe for their kind.
    """
    if data is None:
        raise CnnzooError("recipe must be given where data are not; got None")
    kind = kind_of(data)
    if kind == "texts":
        return "texts_small"
    if kind != "images":
        raise CnnzooError(f"recipe must be given for {kind}; got None")
    path = path_of(str(data))[0] if isinstance(data, (str, Path)) else None
    if path is not None and path.is_dir() and not by_split(path):
        count = count_images(path, FEW)
    else:
        shape = input_spec(get_recipe("images_transfer").model).input_shape
        count = sum(find(data, shape, complete=False).sizes.values())
    return "images_transfer" if count < FEW else "images_small"


def _resolved(
    recipe: str | Recipe, data: Data | None, fields: Mapping[str, Any]
) -> tuple[Request, bool]:
    """Return what `resolve` makes of `recipe` and `fields`, and whether the data are custom."""
    name = None if data is None else name_of(data)
    if isinstance(data, Dataset) and name in DATASETS and DATASETS[data.name] is not data:
        raise CnnzooError(f"dataset name must be new; got {name!r}, which is taken")
    if name is not None:
        fields = {**fields, "dataset": str(name)}
    dataset = fields.get("dataset", "mnist")
    own = isinstance(recipe, Recipe) and recipe.dataset == dataset and not isinstance(data, Dataset)
    custom = dataset not in DATASETS and not own
    return Request(*resolve(recipe, fields, custom=custom), data), custom


def suit(recipe: Recipe, dataset: Dataset, given: Collection[str]) -> Recipe:
    """Return `recipe` with fields changed, but for the `given` ones, as the size of the data needs.

    Validation has an example of each class. An epoch has ten steps, unless the batches for that
    were of fewer than four examples; the learning rate of SGD is in proportion to their size.

    Args:
        recipe: What to train.
        dataset: Custom data.
        given: Names of fields that stay as they are.
    """
    fields: dict[str, Any] = {}
    classes, count = len(dataset.class_names), dataset.sizes["train"]
    if recipe.folds is not None:
        count = sum(dataset.sizes.values()) * (recipe.folds - 1) // recipe.folds
    held_out = round(recipe.validation * (count if recipe.validation < 1 else 1))
    if "validation" not in given and held_out < classes:
        fields["validation"] = held_out = max(min(classes, count // 2), 1)
    training = max(count - max(held_out, 1), 1)
    most = min(max(training // STEPS, SMALLEST_BATCH), training)
    if "batch_size" not in given and recipe.batch_size > most:
        fields["batch_size"] = 2 ** (most.bit_length() - 1)
        if "learning_rate" not in given and recipe.optimizer in _LINEAR:
            factor = fields["batch_size"] / recipe.batch_size
            fields["learning_rate"] = _times(recipe.learning_rate, factor)
    return recipe.replace(**fields)


def _times(
    rate: float | Cosine | OneCycle | Steps | Plateau, factor: float
) -> float | Cosine | OneCycle | Steps | Plateau:
    if isinstance(rate, float):
        return _rounded(rate * factor)
    greatest = dataclasses.fields(rate)[0].name  # "peak" or "initial".
    return rate.replace(**{greatest: _rounded(getattr(rate, greatest) * factor)})


def _rounded(rate: float) -> float:
    return float(f"{rate:.6g}")  # No 0.010000000000000002.
