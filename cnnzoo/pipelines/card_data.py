"""The data of a trained model: found again by its card, matched by class names, compared."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np

from cnnzoo.addresses import is_address
from cnnzoo.datasets import DATASETS, Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.dataset import Data, find, path_of, reading
from cnnzoo.pipelines.custom_data.examples import listed
from cnnzoo.pipelines.splits import whole


def dataset_of(
    card: Mapping[str, Any],
    shape: tuple[int, ...],
    data: Data | None = None,
    encoding: str | None = None,
    *,
    of_run: bool = False,
) -> Dataset:
    """Return `data`, or the data set that a model's card states, with the classes of the card.

    Classes are matched by name; `data` may lack some. Data of training that have moved are known
    by their content.

    Args:
        card: Of the trained model.
        shape: Of its raw input.
        data: A data set, or the name or path of one.
        encoding: Of texts at that path.
        of_run: Whether the card lies in the folder of its run: then a path that it states is
            opened. That in a file of somebody else's could be any.

    Raises:
        CnnzooError: As for `find`, the data have a class that the model does not know, or those
            that the card states are no longer there.
    """
    if data is None:
        return _with_classes(card, _stated(card, shape, of_run))
    how = reading(card.get("recipe", {})) | ({"encoding": encoding} if encoding else {})
    found = _with_classes(card, find(data, shape, complete=False, **how))
    there = card.get("data_source", "")
    both_paths = found.source.startswith("file:") and there.startswith("file:")
    if both_paths and found.source != there and _same_content(card, found):
        return replace(found, source=there)
    return found


def difference(card: Mapping[str, Any], dataset: Dataset) -> str:
    """Return how `dataset`, custom data, differs from that of training, or nothing if it does not.

    Args:
        card: Of the trained model.
        dataset: What `dataset_of` returned.

    Raises:
        CnnzooError: The data cannot be read.
    """
    if dataset.name in DATASETS or _same_content(card, dataset):
        return ""
    sizes, then = _counts(dataset.sizes), _counts(card.get("data_sizes", {}))
    if then and sizes != then:
        return f"{sizes} examples, and {then} in training"
    return "other examples than in training, by their SHA-256"


def fingerprint(dataset: Dataset, examples: Examples) -> str:
    """Return a SHA-256 of class names, labels and a thousand of the examples."""
    found = hashlib.sha256("\n".join(dataset.class_names).encode())
    found.update(np.ascontiguousarray(examples.labels).tobytes())
    for one in examples.inputs[np.linspace(0, len(examples.labels) - 1, 1_000).astype(int)]:
        found.update(one.encode() if isinstance(one, str) else one.tobytes())
    return found.hexdigest()


def _counts(sizes: Mapping[str, int]) -> str:
    return " and ".join(f"{size:,} {split}" for split, size in sizes.items())


def _same_content(card: Mapping[str, Any], dataset: Dataset) -> bool:
    """Return whether sizes and fingerprint are those of training, as far as the card has them."""
    sizes = dict(dataset.sizes)
    if card.get("data_sizes", sizes) != sizes or not sizes["train"]:
        return False
    how = card["recipe"].get("folds")
    examples = dataset.examples("train", encoded=True) if how is None else whole(dataset)
    return card.get("data_sha256") == fingerprint(dataset, examples)


def _stated(card: Mapping[str, Any], shape: tuple[int, ...], of_run: bool) -> Dataset:
    """Return the data set that the card states; custom data by its absolute path, or its name."""
    name, source = card["dataset"], card.get("data_source", "")
    how = reading(card.get("recipe", {}))
    if source in ("tf.data", "memory"):
        raise CnnzooError(f"the data of {card['name']} were in memory; give them again as data=")
    if name in DATASETS:
        return find(name, shape, complete=False)
    if is_address(name) and of_run:
        return find(name, shape, complete=False, **how)
    if not source.startswith("file:"):
        raise CnnzooError(f"data must be given for {card['name']}: no data set is named {name!r}")
    if not of_run:
        raise CnnzooError(
            f"data must be given for {card['name']}, with --data, unless it is loaded from the "
            f"folder of its run; its card states {source}"
        )
    path = url2pathname(urlsplit(source).path)
    columns = re.search(r"\[[^][]*\]$", name)
    absolute = path if columns is None or path.endswith(columns[0]) else path + columns[0]
    here, _ = path_of(name)
    same = here is not None and here.resolve().as_uri() == source
    for there in (name, absolute) if same else (absolute, name):
        if path_of(there)[0] is not None:
            return replace(find(there, shape, complete=False, **how), source=source)
    raise CnnzooError(
        f"the data of {card['name']} were at {path}, which is no longer there; give their new "
        "place with --data"
    )


def _with_classes(card: Mapping[str, Any], dataset: Dataset) -> Dataset:
    """Return `dataset` with labels that count in the classes of the card.

    Raises:
        CnnzooError: It has a class that the card does not.
    """
    known = card["class_names"]
    others = [name for name in dataset.class_names if name not in known]
    if others:
        raise CnnzooError(
            f"data must have only classes that {card['name']} knows, {listed(known)}; got "
            f"{listed(map(repr, others))} in {dataset.name}"
        )
    if list(dataset.class_names) == known:
        return dataset
    places = np.array([known.index(name) for name in dataset.class_names], np.int64)
    return replace(
        dataset, class_names=tuple(known), read=_Relabeled(dataset, places), encoded=None
    )


@dataclass(frozen=True)
class _Relabeled:
    """Reads a data set's examples with labels that count in other classes."""

    dataset: Dataset
    places: np.ndarray  # Label -> label in the other classes.

    @property
    def is_here(self) -> bool:
        return self.dataset.is_here

    def __call__(self, split: str) -> Examples:
        inputs, labels = self.dataset.examples(split)
        return Examples(inputs, self.places[labels])
