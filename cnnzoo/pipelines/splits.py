"""Validation data and folds, cut from the training data, each class in proportion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from cnnzoo.datasets import Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.registry import unknown

SPLITS = ("train", "validation", "test", "all")


class Split(NamedTuple):
    """How the splits of a data set are cut; as a recipe says and a card records it."""

    validation: int | float  # Examples of the training split, or their share of it below 1.
    folds: int | None = None  # Of a cross-validation over the whole set, instead of its test split.
    fold: int = 0  # Which of them is the test split, from 0.

    @classmethod
    def of(cls, card: Mapping[str, Any], dataset: Dataset) -> Split:
        """Return what the recipe in a `card` says of its own data set, or else the default."""
        if not is_of_training(card, dataset):
            return cls(0.1)  # As for custom data in training.
        return cls(*(card["recipe"][field] for field in cls._fields))


def is_of_training(card: Mapping[str, Any], dataset: Dataset) -> bool:
    """Return whether `dataset` is that of a model's card: the same path, or else the same name."""
    if dataset.source.startswith("file:"):
        return dataset.source == card.get("data_source")
    return dataset.name == card["dataset"]


def training_data(
    dataset: Dataset, how: Split, encoded: bool = False
) -> tuple[Examples, np.ndarray, Examples]:
    """Return examples, the indices among them that are for training, and those for validation.

    Validation examples are those of the data set, or else are cut from the training split.

    Args:
        dataset: Of the examples.
        how: How they are cut.
        encoded: Whether images stay as they are stored, if they are files.

    Raises:
        CnnzooError: `how` leaves nothing to train on, or the data cannot be read.
    """
    if how.folds is None:
        examples = dataset.examples("train", encoded)
        if "validation" in dataset.sizes:
            return examples, np.arange(len(examples.labels)), dataset.examples("validation")
        training, held_out = train_validation(examples.labels, how.validation)
        return examples, training, examples.select(held_out)
    examples, kept, _ = _fold(dataset, how.folds, how.fold)
    training, held_out = train_validation(examples.labels[kept], how.validation)
    return examples, kept[training], examples.select(kept[held_out])


def select(dataset: Dataset, split: str, how: Split) -> Examples:
    """Return the examples of "train", "validation" or "test" as `how` has them, or "all".

    Raises:
        CnnzooError: The split is unknown, or the data cannot be read.
    """
    if split not in SPLITS:
        raise CnnzooError(unknown("split", split, SPLITS))
    if split == "all":
        return whole(dataset)
    if split == "test" and how.folds is None:
        return dataset.examples("test")
    if split == "test":
        examples, _, chosen = _fold(dataset, how.folds or 0, how.fold)
        return examples.select(chosen)
    examples, training, validation = training_data(dataset, how)
    return examples.select(training) if split == "train" else validation


def whole(dataset: Dataset) -> Examples:
    """Return the examples of all splits.

    Raises:
        CnnzooError: The set is empty, or the data cannot be read.
    """
    splits = [dataset.examples(split) for split, size in dataset.sizes.items() if size]
    if not splits:
        raise CnnzooError(f"{dataset.name} must have examples; got none")
    labels = np.concatenate([one.labels for one in splits])
    parts = [one.inputs for one in splits]
    if len({id(getattr(part, "fetch", None)) for part in parts} - {id(None)}) == 1:
        places = np.concatenate([part.places for part in parts])
        return Examples(parts[0].at(places), labels)
    return Examples(np.concatenate(parts), labels)


def _fold(dataset: Dataset, count: int, fold: int) -> tuple[Examples, np.ndarray, np.ndarray]:
    """Return all examples, and the indices outside and inside of one fold."""
    examples = whole(dataset)
    return examples, *folds(examples.labels, count)[fold]


def train_validation(
    labels: np.ndarray, size: int | float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of training and of validation examples, both ascending.

    Each class has the same share in both, to within one example, but at least one example in
    validation where it has two and `size` suffices. The split depends only on the labels, the size
    and the seed.

    Args:
        labels: int `[examples]`.
        size: Number of validation examples, or their share of all where it is below 1.
        seed: Selects the split.

    Raises:
        CnnzooError: `size` leaves no training examples.
    """
    if 0 < size < 1:
        size = max(round(size * len(labels)), 1)
    if not 0 < size < len(labels):
        raise CnnzooError(f"validation must be from 1 to {len(labels) - 1} examples; got {size}")
    classes, counts = np.unique(labels, return_counts=True)
    shares = counts * size / len(labels)
    quotas = np.floor(shares).astype(int)
    largest_remainders = np.argsort(quotas - shares, kind="stable")[: size - quotas.sum()]
    quotas[largest_remainders] += 1
    missing = (quotas == 0) & (counts > 1)
    if missing.sum() <= np.maximum(quotas - 1, 0).sum():
        for place in np.flatnonzero(missing):
            quotas[quotas.argmax()] -= 1
            quotas[place] = 1
    # RandomState, unlike Generator, promises the same stream in every version of NumPy.
    shuffle = np.random.RandomState(seed).permutation
    held_out = [
        shuffle(np.flatnonzero(labels == name))[:quota]
        for name, quota in zip(classes, quotas, strict=True)
    ]
    validation = np.sort(np.concatenate(held_out))
    return np.setdiff1d(np.arange(len(labels)), validation), validation


def folds(labels: np.ndarray, count: int, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the indices of training and of test examples of each fold of a cross-validation.

    Every example is in the test part of one fold. Each class, and each fold as a whole, has the
    same share in all folds, to within one example.

    Args:
        labels: int `[examples]`.
        count: Number of folds, such as the 10 of Kim 2014, https://arxiv.org/abs/1408.5882.
        seed: Selects the folds.

    Raises:
        CnnzooError: There are fewer than 2 folds, or more than examples.
    """
    if not 2 <= count <= len(labels):
        raise CnnzooError(f"folds must be from 2 to {len(labels)}, the examples; got {count}")
    shuffle = np.random.RandomState(seed).permutation
    by_class = [shuffle(np.flatnonzero(labels == name)) for name in np.unique(labels)]
    # Dealt out like cards, one class after the other, so that all shares differ by one at most.
    fold = np.empty(len(labels), int)
    fold[np.concatenate(by_class)] = np.arange(len(labels)) % count
    return [(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(count)]
