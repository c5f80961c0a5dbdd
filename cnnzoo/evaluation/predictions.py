"""How predictions compare with labels: confusions, figures per class, ranks, calibration, errors.

Source of the calibration: Guo, Pleiss, Sun and Weinberger 2017, https://arxiv.org/abs/1706.04599,
section 2.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cnnzoo.errors import CnnzooError

_ROUNDING = 0.05  # By which 8-bit scores of many classes may miss a sum of 1.


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
    true = _class_ids(labels, classes, "labels")
    taken = _class_ids(predicted, classes, "predicted")
    _check_same_length("labels and predicted", true, taken)
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


def _ratio(part: np.ndarray, whole: np.ndarray, of_nothing: float = 0.0) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), of_nothing), where=whole > 0)


class Calibration(NamedTuple):
    """Confidence, the score of the predicted class, against accuracy, in bins of equal width."""

    edges: np.ndarray  # Of the bins, `[bins + 1]`, from 0 to 1; a bin has its upper edge.
    counts: np.ndarray  # Examples per bin, int64 `[bins]`.
    confidence: np.ndarray  # Mean of each bin, `[bins]`; not a number where the bin is empty.
    accuracy: np.ndarray  # The same.
    expected_error: float  # Mean distance of the two over all examples.
    maximum_error: float  # Greatest distance of a bin that has examples.


def calibration(scores: Any, labels: Any, bins: int = 15) -> Calibration:
    """Return how far confidence and accuracy are apart.

    Args:
        scores: Of softmax, `[examples, classes]`.
        labels: Whole numbers `[examples]`.
        bins: Of confidence, all of the same width.

    Raises:
        CnnzooError: The scores are no probabilities, the labels no classes, one is longer, or
            `bins` is below 1.
    """
    if bins < 1:
        raise CnnzooError(f"bins must be at least 1; got {bins}")
    shares, true = _scored(scores, labels)
    confident, right = shares.max(axis=1), shares.argmax(axis=1) == true
    edges = np.linspace(0, 1, bins + 1)
    places = np.clip(np.searchsorted(edges, confident) - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    confidence, accuracy = (
        _ratio(np.bincount(places, weights=values, minlength=bins), counts, np.nan)
        for values in (confident, right)
    )
    gaps = np.abs(confidence - accuracy)[counts > 0]
    expected = float(np.average(gaps, weights=counts[counts > 0]))
    return Calibration(edges, counts, confidence, accuracy, expected, float(gaps.max()))


class Ranking(NamedTuple):
    """What is found and what is taken by mistake as the threshold falls, float64 `[thresholds]`."""

    recall: np.ndarray  # Share of the positive examples that are taken.
    fallout: np.ndarray  # Share of the others that are.
    precision: np.ndarray  # Share of those taken that are positive.
    roc_auc: float  # Area under recall over fallout.
    average_precision: float  # Sum of precision times the step of recall.


def ranking(scores: Any, positive: Any) -> Ranking:
    """Return how well scores rank the examples of one class before all others.

    Args:
        scores: Of that class, `[examples]`; equal ones share a threshold.
        positive: Whether an example is of it, bool `[examples]`.

    Raises:
        CnnzooError: All examples are, or none, or there are more scores or fewer.
    """
    found, of_class = np.asarray(scores), np.asarray(positive, bool)
    _check_same_length("scores and positive", found, of_class)
    if of_class.all() or not of_class.any():
        what = "all are" if of_class.any() else "none is"
        raise CnnzooError(f"positive must hold examples of both kinds; {what}")
    order = np.argsort(-found, kind="stable")
    last = np.append(np.flatnonzero(np.diff(found[order])), len(order) - 1)
    hits = np.cumsum(of_class[order])[last]
    taken = 1 + last
    recall, fallout, precision = hits / hits[-1], (taken - hits) / (taken - hits)[-1], hits / taken
    steps = np.diff(recall, prepend=0)
    trapezoids = np.diff(fallout, prepend=0) * (recall - steps / 2)
    area, average = float(trapezoids.sum()), float(np.sum(steps * precision))
    return Ranking(recall, fallout, precision, area, average)


class Mistake(NamedTuple):
    """One error."""

    example: int  # Its index.
    label: int
    predicted: int
    score: float  # Of the predicted class.


def mistakes(scores: Any, labels: Any, count: int) -> list[Mistake]:
    """Return the `count` most confident errors, or all if they are fewer.

    Args:
        scores: Of softmax, `[examples, classes]`.
        labels: Whole numbers `[examples]`.
        count: How many.

    Raises:
        CnnzooError: The scores are no probabilities, the labels no classes, one is longer, or
            `count` is below 1.
    """
    if count < 1:
        raise CnnzooError(f"count must be at least 1; got {count}")
    shares, true = _scored(scores, labels)
    predicted, confident = shares.argmax(axis=1), shares.max(axis=1)
    wrong = np.flatnonzero(predicted != true)
    worst = wrong[np.argsort(-confident[wrong], kind="stable")][:count]
    return [Mistake(int(i), int(true[i]), int(predicted[i]), float(confident[i])) for i in worst]


def _class_ids(values: Any, classes: int, name: str) -> np.ndarray:
    """Return `values`, whole numbers `[examples]` from 0 to below `classes`, as int64."""
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


def _check_same_length(names: str, first: np.ndarray, second: np.ndarray) -> None:
    if len(first) != len(second):
        raise CnnzooError(
            f"{names} must be of the same examples; got {len(first):,} and {len(second):,}"
        )


def _scored(scores: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return `scores` as float64 `[examples, classes]` and `labels` as int64 `[examples]`."""
    found = np.asarray(scores)
    if found.ndim != 2 or found.dtype.kind != "f":
        raise CnnzooError(
            f"scores must be numbers [examples, classes]; got {found.dtype} {list(found.shape)}"
        )
    found = found.astype(np.float64)
    true = _class_ids(labels, found.shape[1], "labels")
    _check_same_length("scores and labels", found, true)
    inside = (found >= 0) & (found <= 1 + _ROUNDING)  # False for what is no number.
    wrong = ~inside.all(axis=1) | ~(np.abs(found.sum(axis=1) - 1) <= _ROUNDING)
    if wrong.any():
        place = int(wrong.argmax())
        row = ", ".join(f"{value:g}" for value in found[place, :4])
        raise CnnzooError(
            "scores must be from 0 to 1 and sum to 1, as softmax gives them from logits; got "
            f"{row}{', ...' if found.shape[1] > 4 else ''} for example {place}"
        )
    return found, true
