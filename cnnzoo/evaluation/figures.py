"""All figures of an evaluation, from softmax scores and labels, as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnzoo.evaluation.predictions import calibration, per_class, ranking
from cnnzoo.export.card import interval
from cnnzoo.export.temperature import logits_of, tempered


def calibration_figures(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return `loss`, `ece` and `brier`, by which scores are judged beyond the predicted class.

    They are the mean cross-entropy, also known as negative log-likelihood; the expected calibration
    error, see `calibration`; and the mean sum of squared distances of an example's scores from 1
    for its class and 0 for the others, after Brier 1950.

    Args:
        scores: Of softmax, float `[examples, classes]`.
        labels: Whole numbers `[examples]`.
    """
    return {
        "loss": float(-logits_of(scores)[np.arange(len(labels)), labels].mean()),
        "ece": calibration(scores, labels).expected_error,
        "brier": float(np.square(scores - np.eye(scores.shape[1])[labels]).sum(axis=1).mean()),
    }


def figures(
    scores: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    temperature: float | None = None,
) -> dict[str, Any]:
    """Return all figures of an evaluation.

    Args:
        scores: Of softmax, float `[examples, classes]`.
        labels: Whole numbers `[examples]`.
        class_names: One for each class.
        temperature: Of calibrated scores.

    Returns:
        `accuracy`, `examples`, what `calibration_figures` returns, and of calibrated scores, as
        `uncalibrated`, what it would at a temperature of 1; `accuracy_interval` (95%),
        `top5_accuracy` of more than five classes, `macro_f1` (see `per_class`) and `weighted_f1`,
        of two classes `roc_auc` and `average_precision` of the second, and for each of `classes`
        its `label`, `precision`, `recall`, `f1` and `support`.
    """
    count, predicted = len(labels), scores.argmax(axis=1)
    of_classes = per_class(labels, predicted, len(class_names))
    accuracy = float(np.mean(predicted == labels))
    found: dict[str, Any] = {
        "accuracy": accuracy,
        **calibration_figures(scores, labels),
        "examples": count,
        "accuracy_interval": interval(accuracy, count),
    }
    if temperature is not None:
        found["uncalibrated"] = calibration_figures(tempered(scores, 1 / temperature), labels)
    if len(class_names) > 5:
        top = np.argsort(-scores, axis=1, kind="stable")[:, :5]
        found["top5_accuracy"] = float((top == labels[:, None]).any(axis=1).mean())
    found |= {
        "macro_f1": of_classes.macro.f1,
        "weighted_f1": float(np.average(of_classes.f1, weights=of_classes.support)),
    }
    if len(class_names) == 2 and 0 < labels.sum() < count:
        ranks = ranking(scores[:, 1], labels == 1)
        found |= {"roc_auc": ranks.roc_auc, "average_precision": ranks.average_precision}
    names = ("label", "precision", "recall", "f1", "support")
    columns = zip(class_names, *(one.tolist() for one in of_classes[:4]), strict=True)
    return {**found, "classes": [dict(zip(names, column, strict=True)) for column in columns]}
