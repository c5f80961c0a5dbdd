"""Whether the confidence of a model matches its accuracy, and its most confident errors.

Source of the calibration: Guo, Pleiss, Sun and Weinberger 2017, https://arxiv.org/abs/1706.04599,
section 2.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.checks import scored


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
    shares, true = scored(scores, labels)
    confident, right = shares.max(axis=1), shares.argmax(axis=1) == true
    edges = np.linspace(0, 1, bins + 1)
    places = np.clip(np.searchsorted(edges, confident) - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    confidence, accuracy = (
        np.divide(
            np.bincount(places, weights=values, minlength=bins),
            counts,
            out=np.full(bins, np.nan),
            where=counts > 0,
        )
        for values in (confident, right)
    )
    gaps = np.abs(confidence - accuracy)[counts > 0]
    expected = float(np.average(gaps, weights=counts[counts > 0]))
    return Calibration(edges, counts, confidence, accuracy, expected, float(gaps.max()))


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
    shares, true = scored(scores, labels)
    predicted, confident = shares.argmax(axis=1), shares.max(axis=1)
    wrong = np.flatnonzero(predicted != true)
    worst = wrong[np.argsort(-confident[wrong], kind="stable")][:count]
    return [Mistake(int(i), int(true[i]), int(predicted[i]), float(confident[i])) for i in worst]
