"""A data set at a glance: class balance, examples, what augmentation does to them, lengths."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import keras
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from cnnzoo.datasets import Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import POLICIES, policy

_ROWS, _COLUMNS = 10, 10  # Classes, and examples of each, that are drawn.
_SOUND_COLUMNS = 5
_MEASURED = 10_000  # Sounds whose length is measured; a large set is not read to its end.


def draw(dataset: Dataset, path: Path) -> None:
    """Write a picture of `dataset` to `path`, a PNG file.

    Of images and sounds, no more are read than are drawn.

    Raises:
        CnnzooError: The path does not end in .png, or the data cannot be read.
    """
    if path.suffix.lower() != ".png":
        raise CnnzooError(f"out must end in .png; got {str(path)!r}")
    splits = {split: dataset.examples(split) for split in dataset.sizes}
    rows = 0.95 * min(len(dataset.class_names), _ROWS) + 0.5
    panels = {
        "images": [(rows, _examples), (0.95 * len(_drawable()) + 0.5, _policies)],
        "sounds": [(rows, _waveforms), (3.0, _durations)],
        "texts": [(3.0, _lengths), (3.0, _coverage)],
    }[dataset.kind]
    heights = [2.6, *(height for height, _ in panels)]
    figure = Figure(figsize=(10, sum(heights)), dpi=100)
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _balance(parts[0], dataset, splits)
    for part, (_, panel) in zip(parts[1:], panels, strict=True):
        panel(part, dataset, splits)
    path.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure).print_png(path)


def _drawable() -> list[str]:
    return [name for name in sorted(POLICIES) if not policy(name).soft_labels]


def _balance(part: SubFigure, dataset: Dataset, splits: dict[str, Examples]) -> None:
    axes = part.subplots()
    part.subplots_adjust(left=0.1, right=0.9, bottom=0.34, top=0.86)
    classes = np.arange(len(dataset.class_names))
    for place, (split, examples) in enumerate(splits.items()):
        shares = np.bincount(examples.labels, minlength=len(classes)) / len(examples.labels)
        width = 0.8 / len(splits)
        axes.bar(classes + width * (place + 0.5) - 0.4, 100 * shares, width, label=split)
    if len(classes) <= 26:
        axes.set_xticks(classes, dataset.class_names, rotation=45, ha="right", fontsize=8)
    else:
        numbered = classes[:: 10 * (len(classes) // 200 + 1)]  # At most 20, so that they fit.
        axes.set_xticks(numbered, map(str, numbered), ha="center", fontsize=8)
    axes.set_ylabel("share of split, %")
    axes.set_title(f"{Path(dataset.name).name}: {dataset.summary}", fontsize=10)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))


def _examples(part: SubFigure, dataset: Dataset, splits: dict[str, Examples]) -> None:
    of_classes = _first_of_each_class(splits["train"], dataset, _COLUMNS)
    grid = _grid(part, len(of_classes), _COLUMNS, "First training examples of each class")
    for row, name, images in zip(grid, dataset.class_names, of_classes, strict=False):
        _fill(row, name, images)


def _first_of_each_class(examples: Examples, dataset: Dataset, count: int) -> list[np.ndarray]:
    rows = min(len(dataset.class_names), _ROWS)
    places = [np.flatnonzero(examples.labels == row)[:count] for row in range(rows)]
    return [np.asarray(examples.inputs[of_class]) for of_class in places]


def _policies(part: SubFigure, dataset: Dataset, splits: dict[str, Examples]) -> None:
    """The same images under each policy that changes no labels; row by row with the same seed."""
    names = _drawable()
    images = np.array(splits["train"].inputs[:_COLUMNS])
    title = "The first training examples under each augmentation policy"
    grid = _grid(part, len(names), _COLUMNS, title)
    for row, name in enumerate(names):
        layer = policy(name)
        noise = keras.random.uniform((len(images), layer.noise_size), seed=0)
        changed = np.asarray(layer.transform(keras.ops.convert_to_tensor(images), noise))
        _fill(grid[row], name, changed)


def _waveforms(part: SubFigure, dataset: Dataset, splits: dict[str, Examples]) -> None:
    """Draw sounds, all with the same scales."""
    of_classes = _first_of_each_class(splits["train"], dataset, _SOUND_COLUMNS)
    samples = dataset.input_shape[0]
    title = f"First training examples of each class, {samples / dataset.sample_rate:g} s"
    grid = _grid(part, len(of_classes), _SOUND_COLUMNS, title)
    loudest = max(int(np.abs(sounds.astype(int)).max(initial=1)) for sounds in of_classes)
    for row, name, sounds in zip(grid, dataset.class_names, of_classes, strict=False):
        _name(row, name)
        for axes, sound in zip(row, sounds, strict=False):
            axes.plot(sound[:, 0], linewidth=0.4)
            axes.set_xlim(0, samples)
            axes.set_ylim(-loudest, loudest)


def _durations(part: SubFigure, dataset: Dataset, splits: dict[str, Examples]) -> None:
    sounds = np.asarray(splits["train"].inputs[:_MEASURED])[..., 0]
    last = np.argmax(sounds[:, ::-1] != 0, axis=1)  # From the end; 0 too where all is silent.
    lengths = np.where(sounds.any(axis=1), sounds.shape[1] - last, 0) / dataset.sample_rate
    longest = dataset.input_shape[0] / dataset.sample_rate
    bins = np.linspace(0, longest, 61)
    axes = _histogram(part, lengths, bins, ".2f")
    which = "a training sound" if len(sounds) < _MEASURED else f"the first {_MEASURED:,} sounds"
    axes.set_xlabel(f"seconds of {which} without the zeros at its end, of at most {longest:g}")
    axes.set_ylabel("sounds")


def _grid(part: SubFigure, rows: int, columns: int, title: str) -> np.ndarray:
    part.suptitle(title, fontsize=10)
    grid = part.subplots(rows, columns, squeeze=False)
    sides = {"left": 0.2, "right": 0.98, "bottom": 0.01, "top": 1 - 0.4 / (0.95 * rows + 0.5)}
    part.subplots_adjust(**sides, wspace=0.05, hspace=0.08)
    return grid


def _name(row: np.ndarray, name: str) -> None:
    row[0].text(-0.15, 0.5, name, transform=row[0].transAxes, ha="right", va="center", fontsize=8)
    for axes in row:
        axes.axis("off")


def _fill(row: np.ndarray, name: str, images: np.ndarray) -> None:
    _name(row, name)
    for axes, image in zip(row, images, strict=False):
        axes.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255)


def _words(texts: np.ndarray) -> list[list[str]]:
    return [text.lower().split() for text in texts]


def _lengths(part: SubFigure, dataset: Dataset, splits: dict[str, Examples]) -> None:
    lengths = np.array([len(words) for words in _words(splits["train"].inputs)])
    longest = int(np.percentile(lengths, 99.5))
    step = -(-longest // 60)  # At most 60 bars, each of as many whole words.
    bins = np.arange(0, longest + step + 1, step) - 0.5
    axes = _histogram(part, lengths, bins, ".0f", longest)
    axes.set_xlabel("words of a training text (the longest 0.5% in the last bar)")
    axes.set_ylabel("texts")


def _histogram(
    part: SubFigure, lengths: np.ndarray, bins: np.ndarray, digits: str, most: float = np.inf
) -> Axes:
    """Draw how often `lengths`, cut to `most`, occur, and what half, 95% and 99% do not exceed."""
    axes = part.subplots()
    part.subplots_adjust(left=0.1, right=0.97, bottom=0.2, top=0.86)
    axes.hist(lengths.clip(max=most), bins=list(bins), rwidth=0.9)
    top = axes.get_ylim()[1]
    for line, share in enumerate((50, 95, 99)):
        value = np.percentile(lengths, share)
        axes.axvline(value, color="black", linewidth=0.8, linestyle=":")
        height = top * (0.97 - 0.1 * line)  # One below the other: the last two may be close.
        axes.text(value, height, f" {share}%: {value:{digits}}", va="top", fontsize=8)
    return axes


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
