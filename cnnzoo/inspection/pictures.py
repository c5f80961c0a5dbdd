"""A data set at a glance: examples, what augmentation does to them, class balance, text lengths."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import keras
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from cnnzoo.datasets import Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import POLICIES, policy

_ROWS, _COLUMNS = 10, 10  # Classes, and examples of each, that are drawn.


def draw(dataset: Dataset, path: Path) -> None:
    """Write a picture of `dataset` to `path`, a PNG file.

    Raises:
        CnnzooError: The path does not end in .png, or the data cannot be read.
    """
    if path.suffix.lower() != ".png":
        raise CnnzooError(f"out must end in .png; got {str(path)!r}")
    splits = {split: dataset.examples(split) for split in dataset.sizes}
    panels = _image_panels(dataset) if dataset.input_shape else [(3.0, _lengths), (3.0, _coverage)]
    heights = [2.6, *(height for height, _ in panels)]
    figure = Figure(figsize=(10, sum(heights)), dpi=100)
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _balance(parts[0], dataset, splits)
    for part, (_, panel) in zip(parts[1:], panels, strict=True):
        panel(part, dataset, splits)
    path.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure).print_png(path)


def _image_panels(dataset: Dataset) -> list[tuple[float, Any]]:
    rows = min(len(dataset.class_names), _ROWS)
    return [(0.95 * rows + 0.5, _examples), (0.95 * len(_drawable()) + 0.5, _policies)]


def _drawable() -> list[str]:
    return [name for name in sorted(POLICIES) if not policy(name).mixes]


def _balance(part: SubFigure, dataset: Dataset, splits: dict[str, Examples]) -> None:
    axes = part.subplots()
    part.subplots_adjust(left=0.1, right=0.9, bottom=0.34, top=0.86)
    classes = np.arange(len(dataset.class_names))
    for place, (split, examples) in enumerate(splits.items()):
        shares = np.bincount(examples.labels, minlength=len(classes)) / len(examples.labels)
        width = 0.8 / len(splits)
        axes.bar(classes + width * (place + 0.5) - 0.4, 100 * shares, width, label=split)
    named = len(classes) <= 26
    axes.set_xticks(
        classes if named else classes[::10],
        dataset.class_names if named else map(str, classes[::10]),
        rotation=45 if named else 0,
        ha="right" if named else "center",
        fontsize=8,
    )
    axes.set_ylabel("share of split, %")
    axes.set_title(f"{Path(dataset.name).name}: {dataset.summary}", fontsize=10)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))


def _examples(part: SubFigure, dataset: Dataset, splits: dict[str, Examples]) -> None:
    images, labels = splits["train"]
    rows = min(len(dataset.class_names), _ROWS)
    grid = _grid(part, rows, "First training examples of each class")
    for row in range(rows):
        of_class = images[np.flatnonzero(labels == row)[:_COLUMNS]]
        _fill(grid[row], dataset.class_names[row], of_class)


def _policies(part: SubFigure, dataset: Dataset, splits: dict[str, Examples]) -> None:
    """The same images under each policy that changes no labels; row by row with the same seed."""
    names = _drawable()
    images = splits["train"].inputs[:_COLUMNS]
    grid = _grid(part, len(names), "The first training examples under each augmentation policy")
    for row, name in enumerate(names):
        layer = policy(name)
        noise = keras.random.uniform((len(images), layer.noise_size), seed=0)
        changed = np.asarray(layer.transform(keras.ops.convert_to_tensor(images), noise))
        _fill(grid[row], name, changed)


def _grid(part: SubFigure, rows: int, title: str) -> np.ndarray:
    part.suptitle(title, fontsize=10)
    grid = part.subplots(rows, _COLUMNS, squeeze=False)
    part.subplots_adjust(
        left=0.2,
        right=0.98,
        bottom=0.01,
        top=1 - 0.4 / (0.95 * rows + 0.5),
        wspace=0.05,
        hspace=0.08,
    )
    return grid


def _fill(row: np.ndarray, name: str, images: np.ndarray) -> None:
    row[0].text(-0.15, 0.5, name, transform=row[0].transAxes, ha="right", va="center", fontsize=8)
    for axes in row:
        axes.axis("off")
    for axes, image in zip(row, images, strict=False):
        axes.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255)


def _words(texts: np.ndarray) -> list[list[str]]:
    return [text.lower().split() for text in texts]


def _lengths(part: SubFigure, dataset: Dataset, splits: dict[str, Examples]) -> None:
    axes = part.subplots()
    part.subplots_adjust(left=0.1, right=0.97, bottom=0.2, top=0.86)
    lengths = np.array([len(words) for words in _words(splits["train"].inputs)])
    longest = int(np.percentile(lengths, 99.5))
    step = -(-longest // 60)  # At most 60 bars, each of as many whole words.
    bins = np.arange(0, longest + step + 1, step) - 0.5
    axes.hist(lengths.clip(max=longest), bins=list(bins), rwidth=0.9)
    for share in (50, 95, 99):
        value = np.percentile(lengths, share)
        axes.axvline(value, color="black", linewidth=0.8, linestyle=":")
        axes.text(value, axes.get_ylim()[1], f" {share}%: {value:.0f}", va="top", fontsize=8)
    axes.set_xlabel("words of a training text (the longest 0.5% in the last bar)")
    axes.set_ylabel("texts")


def _coverage(part: SubFigure, dataset: Dataset, splits: dict[str, Examples]) -> None:
    """How much of each split's words the most frequent training words are."""
    axes = part.subplots()
    part.subplots_adjust(left=0.1, right=0.97, bottom=0.2, top=0.86)
    known = Counter(word for words in _words(splits["train"].inputs) for word in words)
    ranked = [word for word, _ in known.most_common()]
    for split, examples in splits.items():
        found = Counter(word for words in _words(examples.inputs) for word in words)
        covered = np.cumsum([found[word] for word in ranked]) / max(sum(found.values()), 1)
        axes.plot(np.arange(1, len(ranked) + 1), 100 * covered, label=split)
    axes.set_xscale("log")
    axes.set_xlabel(f"most frequent words of the training texts, of {len(ranked):,}")
    axes.set_ylabel("words covered, %")
    axes.legend(frameon=False, fontsize=8)
