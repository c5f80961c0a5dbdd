"""Pictures of which classes are taken for which, and of how well each is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cnnzoo import figures
from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.confusion import PerClass

_NUMBERED = 20  # Classes up to which the cells of the matrix hold their numbers.
_LISTED = 15  # Confusions that are listed beside a larger matrix.
_ROWS = 45  # Classes whose figures are drawn, the worst if there are more.
_NAME = 26  # Characters of a class's name that are drawn.


@figures.style()
def draw_confusion(matrix: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Return a picture of a confusion matrix in which colour stands for mistakes alone.

    Up to 20 classes have their numbers in the cells; of more, the most frequent confusions stand
    beside the matrix.

    Args:
        matrix: Of `confusion_matrix`, `[classes, classes]`.
        class_names: One a class.

    Raises:
        CnnzooError: There is another number of names.
    """
    names = shortened(class_names, len(matrix))
    if len(matrix) > _NUMBERED:
        figure = Figure(figsize=(11, 5.6))
        axes, beside = figure.subplots(1, 2, width_ratios=[3, 1.6])
        _most_frequent(beside, matrix, names)
    else:
        side = 0.4 * len(matrix)
        figure = Figure(figsize=(max(side + 2.6, 4.2), max(side + 1.5, 3)))
        axes = figure.subplots()
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), names)
    shares = _cells(figure, axes, matrix)
    if len(matrix) <= _NUMBERED:
        _numbers(axes, matrix, shares)
    return figure


def shortened(class_names: Sequence[str], classes: int) -> list[str]:
    """Return names that fit beside an axis.

    Raises:
        CnnzooError: There is not one for each of the `classes`.
    """
    if len(class_names) != classes:
        raise CnnzooError(
            f"class_names must be one for each of {classes} classes; got {len(class_names)}"
        )
    names = [name.replace("$", r"\$") for name in class_names]  # Else matplotlib reads formulas.
    return [name if len(name) <= _NAME else f"{name[: _NAME - 1]}…" for name in names]


def _cells(figure: Figure, axes: Axes, matrix: np.ndarray) -> Any:
    """Colour the mistakes by their share of the true class, in percent, and return these shares."""
    right = np.eye(len(matrix), dtype=bool)
    shares = 100 * matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    mistaken = np.ma.masked_array(shares, right | (matrix == 0))
    if mistaken.count():
        shown = axes.imshow(mistaken, vmin=0, vmax=mistaken.max())
        figure.colorbar(shown, ax=axes, label="mistaken, % of the true class", shrink=0.8)
    axes.imshow(np.ma.masked_array(np.full(right.shape, 0.9), ~right), cmap="gray", vmin=0, vmax=1)
    axes.grid(visible=False)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.set_title(f"{matrix.trace():,} of {matrix.sum():,} right")
    return mistaken


def _numbers(axes: Axes, matrix: np.ndarray, shares: Any) -> None:
    for row, column in zip(*np.nonzero(matrix), strict=True):
        dark = row != column and shares[row, column] < 0.6 * shares.max()
        number = f"{matrix[row, column]:,}"
        axes.text(
            column,
            row,
            number,
            ha="center",
            va="center",
            fontsize=9 if len(number) < 5 else 7,
            color="white" if dark else "black",
        )


def _most_frequent(axes: Axes, matrix: np.ndarray, names: list[str]) -> None:
    mistaken = matrix * (1 - np.eye(len(matrix), dtype=int))
    places = np.argsort(-mistaken, axis=None, kind="stable")[:_LISTED]
    pairs = [np.unravel_index(place, matrix.shape) for place in places]
    pairs = [pair for pair in pairs if mistaken[pair]]
    bars = axes.barh(range(len(pairs)), [mistaken[pair] for pair in pairs])
    axes.bar_label(bars, padding=2, fontsize=8)
    labels = [f"{row} {names[row]}\n→ {column} {names[column]}" for row, column in pairs]
    axes.set_yticks(range(len(pairs)), labels, fontsize=7)
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.set_xlabel("examples")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title("most frequent mistakes")


@figures.style()
def draw_per_class(found: PerClass, class_names: Sequence[str]) -> Figure:
    """Return a picture of precision, recall, F1 and number of examples of each class.

    Of more than 45 classes, those of the lowest F1 are drawn.

    Args:
        found: By `per_class`.
        class_names: One a class.

    Raises:
        CnnzooError: There is another number of names.
    """
    names = shortened(class_names, len(found.f1))
    chosen = np.arange(len(names))
    if len(names) > _ROWS:
        chosen = np.argsort(found.f1, kind="stable")[:_ROWS]
    figure = Figure(figsize=(8, 0.2 * len(chosen) + 1.6))
    axes, counts = figure.subplots(1, 2, width_ratios=[3, 1], sharey=True)
    rows = np.arange(len(chosen))
    _figures(axes, found, chosen)
    axes.set_yticks(rows, [names[place] for place in chosen])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    if len(chosen) < len(names):
        axes.set_title(f"the {len(chosen)} of {len(names)} classes with the lowest F1")
    counts.barh(rows, found.support[chosen], color="grey")
    counts.set_xlabel("examples")
    figure.legend(loc="outside upper left", ncols=3)
    return figure


def _figures(axes: Axes, found: PerClass, chosen: np.ndarray) -> None:
    rows = np.arange(len(chosen))
    axes.hlines(
        rows, 100 * found.precision[chosen], 100 * found.recall[chosen], color="grey", alpha=0.5
    )
    kinds = (("precision", ">"), ("recall", "<"), ("f1", "o"))
    for (measure, marker), label in zip(kinds, ("precision", "recall", "F1"), strict=True):
        values = 100 * getattr(found, measure)[chosen]
        mean = 100 * getattr(found.macro, measure)
        label = f"{label}, {mean:.2f} on average"
        axes.plot(values, rows, marker, markersize=5, label=label, clip_on=False)
    axes.set_xlabel("%")
