"""Accuracy and loss of a classifier, computed from its scores alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnzoo.export.classifier import Classifier
from cnnzoo.pipelines.custom_data.dataset import find
from cnnzoo.pipelines.splits import Split, select


def evaluate(classifier: Classifier, split: str = "test") -> dict[str, Any]:
    """Return `accuracy` (fraction), `loss` (mean cross-entropy), `examples` and `split`.

    Every example counts once, whole batches or not, and whether the classifier came from Keras or
    from a SavedModel.

    Args:
        classifier: What `cnnzoo.load` returned.
        split: "test", or "train" or "validation" as the recipe cut them.

    Raises:
        CnnzooError: The split is unknown.
    """
    dataset = find(classifier.card["dataset"], classifier.input_shape)
    inputs, labels = select(dataset, split, Split.of(classifier.card["recipe"]))
    return {**score(classifier.scores(inputs), labels), "split": split}


def score(scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Return `accuracy`, `loss` and `examples` of softmax `scores` `[examples, classes]`."""
    of_label = scores[np.arange(len(labels)), labels].astype(np.float64)
    smallest = np.finfo(np.float32).tiny  # A score may have underflowed to 0.
    return {
        "accuracy": float(np.mean(scores.argmax(axis=-1) == labels)),
        "loss": float(-np.mean(np.log(np.maximum(of_label, smallest)))),
        "examples": len(labels),
    }
