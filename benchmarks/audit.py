"""What an audit finds of errors that are planted: label errors, and copies of images.

Run: python benchmarks/audit.py [--datasets mnist fashion_mnist] [--seed 0]

1% of the training labels are replaced by another class at random, and 300 training images each are
added to the test images shifted by a pixel, stored as JPEG of quality 75, and brighter or darker.
The table has the share of planted errors that are found, in the first 2% of the ranking and among
those that the list says to leave out, and of the copies that are in one group with their originals;
the number of other groups; and the seconds of both parts. Where cleanlab is installed, its ranking
(`find_label_issues`) of the same scores is measured too.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import time
from collections.abc import Callable

import numpy as np
from PIL import Image

from cnnzoo.audit import image_copies
from cnnzoo.audit.copies import groups
from cnnzoo.audit.cross_validation import judged
from cnnzoo.audit.label_errors import suspects
from cnnzoo.datasets import DATASETS, Dataset, Examples

COPIES = 300  # Of each kind.


def shifted(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return `image` moved by a pixel in one of eight directions, with its edge repeated."""
    steps = [(row, column) for row in (0, 1, 2) for column in (0, 1, 2) if (row, column) != (1, 1)]
    row, column = steps[draw.integers(len(steps))]
    height, width = image.shape[:2]
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
    return padded[row : row + height, column : column + width]


def as_jpeg(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return `image` as a JPEG file of quality 75 has it."""
    file = io.BytesIO()
    Image.fromarray(image.squeeze()).save(file, "JPEG", quality=75)
    return np.asarray(Image.open(file)).reshape(image.shape)


def brighter(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return `image` times 0.7 to 1.3, or with up to 30 levels added or taken away."""
    values = image.astype(np.float32)
    values = (
        values * draw.uniform(0.7, 1.3) if draw.random() < 0.5 else values + draw.uniform(-30, 30)
    )
    return np.rint(values).clip(0, 255).astype(np.uint8)


KINDS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "shift": shifted,
    "jpeg": as_jpeg,
    "brightness": brighter,
}


def label_errors(dataset: Dataset, seed: int) -> dict[str, float]:
    """Return shares of the planted label errors that are found, and seconds."""
    draw = np.random.default_rng(seed)
    training = dataset.examples("train")
    count, classes = len(training.labels), len(dataset.class_names)
    wrong = draw.choice(count, count // 100, replace=False)
    labels = training.labels.copy()
    labels[wrong] = (labels[wrong] + draw.integers(1, classes, len(wrong))) % classes
    test = dataset.examples("test")
    read = {"train": Examples(training.inputs, labels), "test": test}.__getitem__
    planted = dataclasses.replace(dataset, read=read)
    started = time.monotonic()
    scores = judged(planted, seed).scores
    found = suspects(np.concatenate([labels, test.labels]), scores)
    seconds = time.monotonic() - started
    places = found.places[found.places < count]
    sure = found.places[found.confident]
    row = {
        "labels, first 2%": float(np.isin(wrong, places[: count // 50]).mean()),
        "labels, left out": float(np.isin(wrong, sure).mean()),
        "of left out, planted": float(np.isin(sure, wrong).mean()),
        "seconds, labels": seconds,
    }
    try:
        from cleanlab.filter import find_label_issues
    except ImportError:
        return row
    ranked = find_label_issues(labels, scores[:count], return_indices_ranked_by="self_confidence")
    return row | {"cleanlab": float(np.isin(wrong, ranked[: count // 50]).mean())}


def image_copies_found(dataset: Dataset, seed: int) -> dict[str, float]:
    """Return shares of the planted copies that are found, other groups, and seconds."""
    draw = np.random.default_rng(seed)
    images = np.concatenate([dataset.examples(split).inputs for split in dataset.sizes])
    sources = draw.choice(len(images), COPIES * len(KINDS), replace=False)
    kinds = np.repeat([*KINDS], COPIES)
    new = [KINDS[kind](images[one], draw) for kind, one in zip(kinds, sources, strict=True)]
    every = np.concatenate([images, np.stack(new)])
    started = time.monotonic()
    found = groups(image_copies.copies(every), len(every))
    seconds = time.monotonic() - started
    group_of = np.arange(len(every)) - len(every)
    for number, group in enumerate(found):
        group_of[group.places] = number
    same = group_of[sources] == group_of[len(images) :]
    others = sum(sum(place < len(images) for place in group.places) > 1 for group in found)
    shares = {kind: float(same[kinds == kind].mean()) for kind in KINDS}
    return {**shares, "other groups": float(others), "seconds, copies": seconds}


def main() -> None:
    """Print a row per data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", nargs="+", default=["mnist", "fashion_mnist"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=("labels", "copies"))
    arguments = parser.parse_args()
    for name in arguments.datasets:
        row: dict[str, float] = {}
        if arguments.only != "labels":
            row |= image_copies_found(DATASETS[name], arguments.seed)
        if arguments.only != "copies":
            row |= label_errors(DATASETS[name], arguments.seed)
        print(f"{name}")
        for what, value in row.items():
            counted = what.startswith(("seconds", "other"))
            print(f"  {what:22} {f'{value:,.0f}' if counted else f'{value:.1%}':>8}", flush=True)


if __name__ == "__main__":
    main()
