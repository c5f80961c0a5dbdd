"""Checks of labels and scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnzoo.errors import CnnzooError

_ROUNDING = 0.05  # By which 8-bit scores of many classes may miss a sum of 1.


def class_ids(values: Any, classes: int, name: str) -> np.ndarray:
    """Return `values`, whole numbers `[examples]` from 0 to below `classes`, as int64.

    Args:
        values: Labels, or the classes that were predicted.
        classes: Number of classes.
        name: What to call `values`.

    Raises:
        CnnzooError: They are something else, or empty.
    """
    found = np.asarray(values)
    if found.ndim != 1 or not found.size or found.dtype.kind not in "iu":
        raise CnnzooError(
            f"{name} must be whole numbers, one for each of at least one example; got "
            f"{found.dtype} {list(found.shape)}"
        )
    outside = found[(found < 0) | (found >= classes)]
    if outside.size:
        raise CnnzooError(f"{name} must be from 0 to {classes - 1}; got {outside[0]}")
    return found.astype(np.int64)


def same_length(first: np.ndarray, second: np.ndarray, names: tuple[str, str]) -> None:
    """Refuse arrays that are not of the same examples.

    Raises:
        CnnzooError: One is longer.
    """
    if len(first) != len(second):
        raise CnnzooError(
            f"{names[0]} and {names[1]} must be of the same examples; got {len(first):,} and "
            f"{len(second):,}"
        )


def scored(scores: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return `scores` as float64 `[examples, classes]` and `labels` as int64 `[examples]`.

    Raises:
        CnnzooError: The scores are no probabilities, the labels no classes, or one is longer.
    """
    found = np.asarray(scores)
    if found.ndim != 2 or found.dtype.kind != "f":
        raise CnnzooError(
            f"scores must be numbers [examples, classes]; got {found.dtype} {list(found.shape)}"
        )
    found = found.astype(np.float64)
    classes = class_ids(labels, found.shape[1], "labels")
    same_length(found, classes, ("scores", "labels"))
    inside = (found >= 0) & (found <= 1 + _ROUNDING)  # False for what is no number.
    wrong = ~inside.all(axis=1) | ~(np.abs(found.sum(axis=1) - 1) <= _ROUNDING)
    if wrong.any():
        place = int(wrong.argmax())
        row = ", ".join(f"{value:g}" for value in found[place, :4])
        raise CnnzooError(
            "scores must be from 0 to 1 and sum to 1, as softmax gives them from logits; got "
            f"{row}{', ...' if found.shape[1] > 4 else ''} for example {place}"
        )
    return found, classes
