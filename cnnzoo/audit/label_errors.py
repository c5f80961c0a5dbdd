"""Which labels are likely wrong, by the scores of networks that did not see them in training.

Source: Northcutt, Jiang and Chuang 2021, Confident learning, https://arxiv.org/abs/1911.00068,
sections 3.1 and 3.2: the confident joint with its thresholds, and the ranking by self-confidence.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_LISTED = 0.02  # Share of all examples, lowest score of the own label first, that is looked at.


class Suspects(NamedTuple):
    """Examples whose label is likely wrong, the most likely first."""

    places: np.ndarray  # int64 `[suspects]`.
    proposed: np.ndarray  # The class that the scores propose instead, int64 `[suspects]`.
    scores: np.ndarray  # Of the label that is there, float `[suspects]`, ascending.
    confident: np.ndarray  # Whether confident learning counts it as an error, bool `[suspects]`.


def suspects(labels: np.ndarray, scores: np.ndarray) -> Suspects:
    """Return the examples that confident learning counts as errors, and others with low scores.

    The others are among the 2% whose label has the lowest score, where another class has a higher.

    Args:
        labels: int `[examples]`.
        scores: Probabilities `[examples, classes]` of networks that were trained on other examples.
    """
    counted = confident_classes(labels, scores)
    errors = (counted >= 0) & (counted != labels)
    own = scores[np.arange(len(labels)), labels]
    order = np.argsort(own, kind="stable")
    first = np.zeros(len(labels), bool)
    first[order[: round(_LISTED * len(labels))]] = True
    listed = errors | (first & (scores.argmax(axis=1) != labels))
    places = order[listed[order]]
    proposed = np.where(errors, counted, scores.argmax(axis=1))[places]
    return Suspects(places, proposed, own[places], errors[places])


def confident_classes(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the class as which each example counts, int64 `[examples]`; -1 where as none.

    It counts as the class with the highest score among those whose score is at least the mean score
    of the class over the examples that are labeled so.

    Args:
        labels: int `[examples]`.
        scores: Probabilities `[examples, classes]`.
    """
    classes = scores.shape[1]
    thresholds = np.full(classes, np.inf)  # A class without examples counts none.
    for one in np.unique(labels):
        thresholds[one] = scores[labels == one, one].mean(dtype=np.float64)
    above = np.where(scores >= thresholds, scores, -1.0)
    return np.where(above.max(axis=1) >= 0, above.argmax(axis=1), -1)


def confident_joint(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return how many examples of each label (a row) count as each class (a column), int64.

    Args:
        labels: int `[examples]`.
        scores: Probabilities `[examples, classes]`.
    """
    counted, classes = confident_classes(labels, scores), scores.shape[1]
    pairs = (classes * labels + counted)[counted >= 0]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
