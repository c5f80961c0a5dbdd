"""The confusion matrix, and precision, recall and F1 per class."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.checks import class_ids, same_length


def confusion_matrix(labels: Any, predicted: Any, classes: int) -> np.ndarray:
    """Return how many examples of each class (a row) were taken for each (a column), int64.

    Args:
        labels: Whole numbers `[examples]`.
        predicted: Whole numbers `[examples]`, such as `scores.argmax(axis=-1)`.
        classes: Number of classes; the matrix is `[classes, classes]`.

    Raises:
        CnnzooError: Labels or predictions are no classes, or not of the same examples.
    """
    if classes < 1:
        raise CnnzooError(f"classes must be at least 1; got {classes}")
    true = class_ids(labels, classes, "labels")
    taken = class_ids(predicted, classes, "predicted")
    same_length(true, taken, ("labels", "predicted"))
    return np.bincount(classes * true + taken, minlength=classes**2).reshape(classes, classes)


class Macro(NamedTuple):
    """Means over the classes that occur, all of the same weight."""

    precision: float
    recall: float
    f1: float


class PerClass(NamedTuple):
    """How well each class is found; float64 `[classes]`, 0 where nothing can be counted."""

    precision: np.ndarray  # Share of what was taken for the class that is of it.
    recall: np.ndarray  # Share of the class that was found.
    f1: np.ndarray  # Harmonic mean of the two.
    support: np.ndarray  # Examples, int64 `[classes]`.
    macro: Macro
    # Over all examples. Where each has one label, precision, recall and F1 are all the accuracy.
    micro: float


def per_class(labels: Any, predicted: Any, classes: int) -> PerClass:
    """Return precision, recall, F1 and number of examples of each class, and their averages.

    Args:
        labels: As for `confusion_matrix`.
        predicted: As for `confusion_matrix`.
        classes: Number of classes.

    Raises:
        CnnzooError: As for `confusion_matrix`.
    """
    matrix = confusion_matrix(labels, predicted, classes)
    right, support, taken = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    measures = _ratio(right, taken), _ratio(right, support), _ratio(2 * right, support + taken)
    macro = Macro(*(float(measure[support > 0].mean()) for measure in measures))
    return PerClass(*measures, support, macro, float(right.sum() / support.sum()))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
