"""Classes and duplicates among the examples of a data set."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from cnnzoo.datasets import Dataset, Examples

_CHUNK = 1_000  # Examples that are read at a time.
_DIGEST_BYTES = 16  # Of an example: no two of fifty million share them by chance.


def describe(dataset: Dataset) -> dict[str, Any]:
    """Return how many examples each class has, and how many examples are exact duplicates.

    One split is held at a time, and of one that is on disk, one example.

    Raises:
        CnnzooError: The data are damaged, or are not here and cannot be downloaded.
    """
    found = {split: _counts_and_digests(dataset, split) for split in dataset.sizes}
    distinct = {split: np.unique(digests) for split, (_, digests) in found.items()}
    return {
        "classes": {split: counts for split, (counts, _) in found.items()},
        "duplicates": {
            split: len(digests) - len(distinct[split]) for split, (_, digests) in found.items()
        },
        "test_examples_in_train": int(np.isin(found["test"][1], distinct["train"]).sum()),
    }


def _counts_and_digests(dataset: Dataset, split: str) -> tuple[list[int], np.ndarray]:
    examples = dataset.examples(split)
    counts = np.bincount(examples.labels, minlength=len(dataset.class_names)).tolist()
    return counts, _digests(examples)


def _digests(examples: Examples) -> np.ndarray:
    inputs = examples.inputs
    parts = (inputs[begin : begin + _CHUNK] for begin in range(0, len(inputs), _CHUNK))
    contents = (
        one.encode() if isinstance(one, str) else one.tobytes() for part in parts for one in part
    )
    digests = (hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest() for content in contents)
    return np.fromiter(digests, f"S{_DIGEST_BYTES}", len(inputs))
