"""Accuracy on corrupted images; see `cnnzoo.evaluation.corruptions`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.corruptions import STRENGTHS, corrupt, corruptions_for
from cnnzoo.export.classifier import Classifier
from cnnzoo.progress import tracked

_IMAGES = 2_000  # That are corrupted at once.


def chosen_corruptions(classifier: Classifier, which: bool | str | Iterable[str]) -> list[str]:
    """Return the names of corruptions for the images of `classifier`.

    Args:
        classifier: Of images.
        which: True for all, or names, in a list or separated by commas.

    Raises:
        CnnzooError: It does not take images, of one or three channels, or a name is unknown.
    """
    if classifier.raw.name != "images":
        raise CnnzooError(
            f"corrupted must be left out unless a network takes images; {classifier.card['name']} "
            f"takes {classifier.raw.name}"
        )
    known = corruptions_for(classifier.input_shape[2])
    if which is True:
        return list(known)
    if isinstance(which, str):
        which = which.split(",")
    if not isinstance(which, Iterable):
        raise CnnzooError(f"corrupted must be true, or names of corruptions; got {which!r}")
    names = [str(name).strip() for name in which]
    for name in names:
        known[name]
    if not names:
        raise CnnzooError("corrupted must be at least one corruption; got none")
    return list(dict.fromkeys(names))


def corrupted_figures(
    classifier: Classifier, images: Any, labels: np.ndarray, names: Sequence[str]
) -> dict[str, Any]:
    """Return the accuracy on corrupted images, means and all.

    Args:
        classifier: Of images.
        images: uint8 `[images, height, width, channels]`, or as a data set reads them.
        labels: Whole numbers `[images]`.
        names: Of corruptions, all of them at five strengths, with seed 0.

    Returns:
        `accuracy`, the mean over all corruptions and strengths; `strengths`, the mean at each of
        the five; and `corruptions`, a list of `name`, `accuracy`, its mean, and `strengths`, the
        accuracy at each. All are fractions.
    """

    def accuracies() -> Iterator[float]:
        for name in names:
            for strength in STRENGTHS:
                yield _accuracy(classifier, images, labels, name, strength)

    steps = tracked(accuracies(), lambda: 5 * len(names), "evaluate", "corruptions")
    found = np.array([*steps]).reshape(len(names), len(STRENGTHS))
    rows = [
        {"name": name, "accuracy": float(row.mean()), "strengths": row.tolist()}
        for name, row in zip(names, found, strict=True)
    ]
    means = found.mean(axis=0).tolist()
    return {"accuracy": float(found.mean()), "strengths": means, "corruptions": rows}


def _accuracy(
    classifier: Classifier, images: Any, labels: np.ndarray, name: str, strength: int
) -> float:
    right = 0
    for start in range(0, len(labels), _IMAGES):
        part = np.arange(start, min(start + _IMAGES, len(labels)))
        changed = corrupt(np.asarray(images[part]), name, strength, indices=part)
        right += int((classifier.scores(changed).argmax(axis=1) == labels[part]).sum())
    return right / len(labels)
