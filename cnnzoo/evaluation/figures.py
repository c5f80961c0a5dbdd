"""Figures of an evaluation, from softmax scores and labels.

An example's confidence is its greatest score. The expected calibration error sorts confidences into
15 bins of equal width from 0 to 1, each with its upper end, and is the mean distance between
accuracy and mean confidence of a bin, weighted by its examples (Naeini et al. 2015,
https://ojs.aaai.org/index.php/AAAI/article/view/9602). The Brier score sums the squared distances
of an example's scores from 1 for its class and 0 for the others (Brier 1950). Precision of a class
that is never predicted, and recall of one without examples, are 0; means over classes leave out
those that are neither predicted nor there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnzoo.export.card import interval

BINS = 15


def figures(scores: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> dict[str, Any]:
    """Return all figures of an evaluation but accuracy and loss.

    Args:
        scores: Softmax scores, float `[examples, classes]`.
        labels: Integers `[examples]`.
        class_names: One for each class.

    Returns:
        `accuracy_interval` (95%), `top5_accuracy` of more than five classes, `ece`, `brier`,
        `macro_f1`, `weighted_f1`, of two classes `roc_auc` and `average_precision` of the second,
        and for each of `classes` its `label`, `precision`, `recall`, `f1` and `support`.
    """
    predicted, count = scores.argmax(axis=1), len(labels)
    right = predicted == labels
    rows = _classes(predicted, labels, class_names)
    there = [row for row in rows if row["support"] or (predicted == rows.index(row)).any()]
    found: dict[str, Any] = {"accuracy_interval": interval(float(right.mean()), count)}
    if len(class_names) > 5:
        top = np.argsort(-scores, axis=1, kind="stable")[:, :5]
        found["top5_accuracy"] = float((top == labels[:, None]).any(axis=1).mean())
    found |= {
        "ece": calibration_error(scores.max(axis=1), right),
        "brier": float(np.square(scores - np.eye(len(class_names))[labels]).sum(axis=1).mean()),
        "macro_f1": float(np.mean([row["f1"] for row in there])),
        "weighted_f1": sum(row["f1"] * row["support"] for row in rows) / count,
    }
    if len(class_names) == 2 and 0 < labels.sum() < count:
        found |= _of_two(scores[:, 1], labels == 1)
    return {**found, "classes": rows}


def calibration_error(confidences: np.ndarray, right: np.ndarray) -> float:
    """Return the expected calibration error, from 0 to 1."""
    ends = np.linspace(0, 1, BINS + 1)[1:-1]
    bins = np.searchsorted(ends, confidences, side="left")  # An end belongs to the bin below.
    gaps = np.bincount(bins, right - confidences.astype(np.float64), BINS)
    return float(np.abs(gaps).sum() / len(right))


def _classes(
    predicted: np.ndarray, labels: np.ndarray, class_names: Sequence[str]
) -> list[dict[str, Any]]:
    count = len(class_names)
    hits = np.bincount(labels[predicted == labels], minlength=count)
    given, support = np.bincount(predicted, minlength=count), np.bincount(labels, minlength=count)
    precision, recall = hits / np.maximum(given, 1), hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(given + support, 1)
    values = [one.tolist() for one in (precision, recall, f1, support)]
    columns = zip(class_names, *values, strict=True)
    names = ("label", "precision", "recall", "f1", "support")
    return [dict(zip(names, column, strict=True)) for column in columns]


def _of_two(scores: np.ndarray, positive: np.ndarray) -> dict[str, float]:
    """Return the areas under the ROC and the precision-recall curve.

    Equal scores share a threshold; the second area is the sum of precision times the step of
    recall.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    hits = np.cumsum(positive[order])[last]
    false = 1 + last - hits
    recall = np.concatenate([[0.0], hits / hits[-1]])
    fallout = np.concatenate([[0.0], false / false[-1]])
    return {
        "roc_auc": float(np.sum(np.diff(fallout) * (recall[1:] + recall[:-1]) / 2)),
        "average_precision": float(np.sum(np.diff(recall) * hits / (1 + last))),
    }
