"""What the examples of a data set say of themselves: classes, duplicates."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from cnnzoo.datasets import Dataset, Examples


def describe(dataset: Dataset) -> dict[str, Any]:
    """Return how many examples each class has, and how many examples are exact duplicates.

    Raises:
        CnnzooError: The data are damaged, or are not here and cannot be downloaded.
    """
    splits = {split: dataset.examples(split) for split in dataset.sizes}
    digests = {split: _digests(examples) for split, examples in splits.items()}
    training = set(digests["train"])
    return {
        "classes": {
            split: np.bincount(examples.labels, minlength=len(dataset.class_names)).tolist()
            for split, examples in splits.items()
        },
        "duplicates": {split: len(found) - len(set(found)) for split, found in digests.items()},
        "test_examples_in_train": sum(digest in training for digest in digests["test"]),
    }


def _digests(examples: Examples) -> list[bytes]:
    contents = (one.encode() if isinstance(one, str) else one.tobytes() for one in examples.inputs)
    return [hashlib.sha256(content).digest() for content in contents]
