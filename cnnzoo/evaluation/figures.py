"""All figures of an evaluation, from softmax scores and labels, as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnzoo.evaluation.predictions import calibration, per_class, ranking
from cnnzoo.export.card import interval


def figures(scores: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> dict[str, Any]:
    """Return all figures of an evaluation but accuracy and loss.

    Args:
        scores: Of softmax, float `[examples, classes]`.
        labels: Whole numbers `[examples]`.
        class_names: One for each class.

    Returns:
        `accuracy_interval` (95%), `top5_accuracy` of more than five classes, `ece` (expected
        calibration error, see `calibration`), `brier` (mean sum of squared distances of an
        example's scores from 1 for its class and 0 for the others; Brier 1950), `macro_f1` (see
        `per_class`) and `weighted_f1`, of two classes `roc_auc` and `average_precision` of the
        second, and for each of `classes` its `label`, `precision`, `recall`, `f1` and `support`.
    """
    count, predicted = len(labels), scores.argmax(axis=1)
    of_classes = per_class(labels, predicted, len(class_names))
    found: dict[str, Any] = {
        "accuracy_interval": interval(float(np.mean(predicted == labels)), count)
    }
    if len(class_names) > 5:
        top = np.argsort(-scores, axis=1, kind="stable")[:, :5]
        found["top5_accuracy"] = float((top == labels[:, None]).any(axis=1).mean())
    found |= {
        "ece": calibration(scores, labels).expected_error,
        "brier": float(np.square(scores - np.eye(len(class_names))[labels]).sum(axis=1).mean()),
        "macro_f1": of_classes.macro.f1,
        "weighted_f1": float(np.average(of_classes.f1, weights=of_classes.support)),
    }
    if len(class_names) == 2 and 0 < labels.sum() < count:
        ranks = ranking(scores[:, 1], labels == 1)
        found |= {"roc_auc": ranks.roc_auc, "average_precision": ranks.average_precision}
    names = ("label", "precision", "recall", "f1", "support")
    columns = zip(class_names, *(one.tolist() for one in of_classes[:4]), strict=True)
    return {**found, "classes": [dict(zip(names, column, strict=True)) for column in columns]}
