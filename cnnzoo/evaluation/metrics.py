"""Accuracy and loss of a classifier, computed from its scores."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from cnnzoo.datasets import Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.figures import figures
from cnnzoo.evaluation.robustness import chosen_corruptions, corrupted_figures
from cnnzoo.export.artifact import load
from cnnzoo.export.classifier import Classifier
from cnnzoo.export.temperature import logits_of
from cnnzoo.pipelines.card_data import dataset_of, difference
from cnnzoo.pipelines.custom_data.dataset import Data
from cnnzoo.pipelines.splits import Split, is_of_training, select
from cnnzoo.quiet import log


def evaluate(
    classifier: Classifier | str | Path,
    split: str | None = None,
    data: Data | None = None,
    encoding: str | None = None,
    corrupted: bool | str | Iterable[str] = False,
) -> dict[str, Any]:
    """Return `split` and what `figures` returns: accuracy, a fraction, loss and more.

    Every example counts once, whole batches or not, and whether the classifier came from Keras or
    from a SavedModel.

    Args:
        classifier: What `cnnzoo.load` returned, or what it loads: a name or a path.
        split: "test", "train" or "validation" as the recipe has split them, or "all". By default
            "test", or "all" of other data than those of training that have no test split.
        data: A data set, or the name or path of one, as for `train`, instead of the one of the
            card; its classes are matched by name, and it may lack some.
        encoding: Of texts at that path, where they are not UTF-8.
        corrupted: Whether images are scored corrupted too, at five strengths: true, or names of
            corruptions, in a list or separated by commas. Then `corrupted` is what
            `corrupted_figures` returns.

    Raises:
        CnnzooError: The classifier, the split or a corruption is unknown, or the data cannot be
            read or have a class that the classifier does not know, or are no images to corrupt.
    """
    if isinstance(classifier, (str, Path)):
        classifier = load(classifier)
    if not isinstance(classifier, Classifier):
        raise CnnzooError(
            f"classifier must be what cnnzoo.load returns, a name or a path; got {classifier!r}"
        )
    names = chosen_corruptions(classifier, corrupted) if corrupted is not False else []
    split, (inputs, labels) = scored_examples(classifier, split, data, encoding)
    scores = classifier.scores(inputs)
    temperature = classifier.card.get("calibration", {}).get("temperature")
    found = figures(scores, labels, classifier.class_names, temperature)
    if names:
        found["corrupted"] = corrupted_figures(classifier, inputs, labels, names)
    return {"split": split, **found}


def scored_examples(
    classifier: Classifier,
    split: str | None = None,
    data: Data | None = None,
    encoding: str | None = None,
) -> tuple[str, Examples]:
    """Return the name of the split that `evaluate` scores, and its examples; arguments are its own.

    Raises:
        CnnzooError: As for `evaluate`.
    """
    dataset = dataset_of(
        classifier.card, classifier.input_shape, data, encoding, of_run=classifier.of_run
    )
    own = is_of_training(classifier.card, dataset)
    if own and (found := difference(classifier.card, dataset)):
        log(f"the data of {classifier.card['name']} have changed: {found}")
    split = split or ("test" if own or dataset.has_test else "all")
    return split, select(dataset, split, Split.of(classifier.card, dataset))


def score(scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Return `accuracy`, `loss` and `examples` of softmax `scores` `[examples, classes]`."""
    return {
        "accuracy": float(np.mean(scores.argmax(axis=-1) == labels)),
        "loss": float(-logits_of(scores)[np.arange(len(labels)), labels].mean()),
        "examples": len(labels),
    }
