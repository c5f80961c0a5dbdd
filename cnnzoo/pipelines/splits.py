"""Validation data, cut from the training data."""

from __future__ import annotations

import numpy as np

from cnnzoo.errors import CnnzooError


def train_validation(labels: np.ndarray, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of training and of validation examples, both ascending.

    Each class has the same share in both, to within one example. The split depends on the labels,
    the size and the seed alone.

    Args:
        labels: int `[examples]`.
        size: Number of validation examples.
        seed: Selects the split.

    Raises:
        CnnzooError: `size` leaves no training examples.
    """
    if not 0 < size < len(labels):
        raise CnnzooError(f"validation must be from 1 to {len(labels) - 1} examples; got {size}")
    classes, counts = np.unique(labels, return_counts=True)
    shares = counts * size / len(labels)
    quotas = np.floor(shares).astype(int)
    largest_remainders = np.argsort(quotas - shares, kind="stable")[: size - quotas.sum()]
    quotas[largest_remainders] += 1
    # RandomState, unlike Generator, promises the same stream in every version of NumPy.
    shuffle = np.random.RandomState(seed).permutation
    held_out = [
        shuffle(np.flatnonzero(labels == name))[:quota]
        for name, quota in zip(classes, quotas, strict=True)
    ]
    validation = np.sort(np.concatenate(held_out))
    return np.setdiff1d(np.arange(len(labels)), validation), validation
