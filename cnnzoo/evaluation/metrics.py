"""Accuracy and loss of a classifier, computed from its scores alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.export.classifier import Classifier
from cnnzoo.pipelines.own_data import find
from cnnzoo.pipelines.splits import train_validation
from cnnzoo.registry import unknown

SPLITS = ("train", "validation", "test")


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
    if split not in SPLITS:
        raise CnnzooError(unknown("split", split, SPLITS))
    dataset = find(classifier.card["dataset"], classifier.input_shape)
    images, labels = dataset.examples("test" if split == "test" else "train")
    if split != "test":
        parts = train_validation(labels, classifier.card["recipe"]["validation"])
        chosen = parts[split == "validation"]
        images, labels = images[chosen], labels[chosen]
    return {**score(classifier.scores(images), labels), "split": split}


def score(scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Return `accuracy`, `loss` and `examples` of softmax `scores` `[examples, classes]`."""
    of_label = scores[np.arange(len(labels)), labels].astype(np.float64)
    smallest = np.finfo(np.float32).tiny  # A score may have underflowed to 0.
    return {
        "accuracy": float(np.mean(scores.argmax(axis=-1) == labels)),
        "loss": float(-np.mean(np.log(np.maximum(of_label, smallest)))),
        "examples": len(labels),
    }
