"""Pictures of an evaluation: confusions, figures per class, ranks, calibration, errors."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from cnnzoo import plot_style
from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.predictions import Calibration, Mistake, PerClass, Ranking

_GAP = "gap to mean confidence"
_FEW = 10  # Examples of a bin from which its accuracy says something.
_NUMBERED = 20  # Classes up to which the cells of the matrix hold their numbers.
_LISTED = 15  # Confusions that are listed next to a larger matrix.
_ROWS = 45  # Classes whose figures are drawn, the worst if there are more.
_NAME = 26  # Characters of a class's name that are drawn.
_COLUMNS = 6  # Of images or sounds.
_WIDTH, _LINES = 100, 3  # Characters of a line of text, and lines that are drawn of each text.


@plot_style.style()
def draw_confusion(matrix: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Return a picture of a confusion matrix in which color stands for errors alone.

    Up to 20 classes have their numbers in the cells; of more, the most frequent confusions
    stand next to the matrix.

    Args:
        matrix: Of `confusion_matrix`, `[classes, classes]`.
        class_names: One per class.

    Raises:
        CnnzooError: The number of names is another.
    """
    names = _shortened(class_names, len(matrix))
    if len(matrix) > _NUMBERED:
        figure = Figure(figsize=(11, 5.6))
        axes, listed = figure.subplots(1, 2, width_ratios=[3, 1.6])
        _cells(figure, axes, matrix)
        _most_frequent(listed, matrix, names)
        return figure
    side = 0.4 * len(matrix)
    figure = Figure(figsize=(max(side + 2.6, 4.2), max(side + 1.5, 3)))
    axes = figure.subplots()
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    _numbers(axes, matrix, _cells(figure, axes, matrix))
    return figure


def _shortened(class_names: Sequence[str], classes: int) -> list[str]:
    """Return names that fit next to an axis, one for each of the `classes`."""
    if len(class_names) != classes:
        raise CnnzooError(
            f"class_names must be one for each of {classes} classes; got {len(class_names)}"
        )
    names = [*map(plot_style.plain, class_names)]
    return [name if len(name) <= _NAME else f"{name[: _NAME - 1]}…" for name in names]


def _cells(figure: Figure, axes: Axes, matrix: np.ndarray) -> Any:
    """Color the errors by their share of the true class, in percent, and return these shares."""
    right = np.eye(len(matrix), dtype=bool)
    shares = 100 * matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    mistaken = np.ma.masked_array(shares, right | (matrix == 0))
    if mistaken.count():
        shown = axes.imshow(mistaken, vmin=0, vmax=mistaken.max())
        figure.colorbar(shown, ax=axes, label="errors, % of the true class", shrink=0.8)
    axes.imshow(np.ma.masked_array(np.full(right.shape, 0.9), ~right), cmap="gray", vmin=0, vmax=1)
    axes.grid(visible=False)
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.set_title(f"{matrix.trace():,} of {matrix.sum():,} correct")
    return mistaken


def _numbers(axes: Axes, matrix: np.ndarray, shares: Any) -> None:
    for row, column in zip(*np.nonzero(matrix), strict=True):
        dark = row != column and shares[row, column] < 0.6 * shares.max()
        number = f"{matrix[row, column]:,}"
        text = axes.text(column, row, number, ha="center", va="center")
        text.set(fontsize=9 if len(number) < 5 else 7, color="white" if dark else "black")


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
    axes.set(xlabel="examples", title="most frequent errors")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


@plot_style.style()
def draw_per_class(found: PerClass, class_names: Sequence[str]) -> Figure:
    """Return a picture of precision, recall, F1 and number of examples of each class.

    Of more than 45 classes, those of the lowest F1 are drawn.

    Args:
        found: By `per_class`.
        class_names: One per class.

    Raises:
        CnnzooError: The number of names is another.
    """
    names = _shortened(class_names, len(found.f1))
    chosen = np.arange(len(names))
    if len(names) > _ROWS:
        chosen = np.argsort(found.f1, kind="stable")[:_ROWS]
    figure = Figure(figsize=(8, 0.2 * len(chosen) + 1.6))
    axes, counts = figure.subplots(1, 2, width_ratios=[3, 1], sharey=True)
    rows = np.arange(len(chosen))
    precision, recall, f1 = (100 * measure[chosen] for measure in found[:3])
    axes.hlines(rows, precision, recall, color="gray", alpha=0.5)
    kinds = ((precision, ">", "precision"), (recall, "<", "recall"), (f1, "o", "F1"))
    for (values, marker, label), mean in zip(kinds, found.macro, strict=True):
        label = f"{label}, {100 * mean:.2f} on average"
        axes.plot(values, rows, marker, markersize=5, label=label, clip_on=False)
    axes.set(xlabel="%", ylim=(len(rows) - 0.4, -0.6))
    axes.set_yticks(rows, [names[place] for place in chosen])
    if len(chosen) < len(names):
        axes.set_title(f"the {len(chosen)} of {len(names)} classes with the lowest F1")
    counts.barh(rows, found.support[chosen], color="gray")
    counts.set_xlabel("examples")
    figure.legend(loc="outside upper left", ncols=3)
    return figure


@plot_style.style()
def draw_calibration(found: Calibration, before: Calibration | None = None) -> Figure:
    """Return a reliability diagram: accuracy against confidence, and below it the examples per bin.

    A bin of few examples, whose accuracy chance decides, is pale.

    Args:
        found: By `calibration`.
        before: The same of the scores before they were calibrated, if they were.
    """
    figure = Figure(figsize=(4.8, 5.2))
    top, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    width, middle = np.diff(found.edges), (found.edges[1:] + found.edges[:-1]) / 2
    bars: Any = {"color": plot_style.COLORS[0], "edgecolor": "white"}
    hatched: Any = {"color": "none", "edgecolor": plot_style.COLORS[1], "hatch": "////"}
    for there, alpha in ((found.counts >= _FEW, 1.0), (found.counts < _FEW, 0.25)):
        chosen = there & (found.counts > 0)
        accuracy = found.accuracy[chosen]
        gap = found.confidence[chosen] - accuracy
        place = middle[chosen], accuracy, width[chosen]
        top.bar(*place, alpha=alpha, **bars)
        top.bar(place[0], gap, place[2], accuracy, alpha=alpha, **hatched)
    top.plot([0, 1], [0, 1], ":", color=plot_style.INK, linewidth=1, label="perfectly calibrated")
    title = f"expected calibration error {found.expected_error:.2%}"
    if before is not None:
        many = before.counts >= _FEW
        line: Any = {"color": plot_style.INK, "linewidth": 1, "marker": "o", "markersize": 3}
        top.plot(before.confidence[many], before.accuracy[many], label="before", **line)
        title += f", before {before.expected_error:.2%}"
    top.set(ylim=(0, 1), ylabel="accuracy", title=title)
    below.bar(middle, found.counts, width, color="gray", edgecolor="white")
    below.set_yscale("symlog", linthresh=1)
    below.set(xlim=(0, 1), xlabel="confidence: score of the predicted class")
    below.set(ylim=(0, 3 * found.counts.max()), ylabel="examples")
    named = [
        Patch(facecolor=bars["color"], label="accuracy"),
        Patch(facecolor="none", edgecolor=hatched["edgecolor"], hatch="////", label=_GAP),
    ]
    handles = [*named, *top.get_lines()]
    figure.legend(handles=handles, loc="outside lower left", ncols=2, fontsize=8)
    return figure


@plot_style.style()
def draw_ranking(found: Ranking, class_name: str) -> Figure:
    """Return the ROC curve, and beside it precision over recall.

    Args:
        found: By `ranking`.
        class_name: Of the positive examples.
    """
    figure = Figure(figsize=(8, 3.8))
    roc, precise = figure.subplots(1, 2)
    roc.plot([0, *found.fallout], [0, *found.recall], clip_on=False)
    roc.plot([0, 1], [0, 1], ":", color=plot_style.INK, linewidth=1)
    roc.set(xlabel=f"others taken for {class_name}", ylabel=f"{class_name} that are found")
    roc.set(xlim=(0, 1), ylim=(0, 1), title=f"ROC, area {found.roc_auc:.2%}")
    precise.plot(found.recall, found.precision, drawstyle="steps-pre", clip_on=False)
    precise.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1))
    precise.set_title(f"precision and recall, average precision {found.average_precision:.2%}")
    return figure


@plot_style.style()
def draw_mistakes(inputs: Any, found: Sequence[Mistake], class_names: Sequence[str]) -> Figure:
    """Return a picture of errors: images or waveforms in a grid, texts in a list.

    Args:
        inputs: Raw examples, some of which are the errors: images, uint8 or float from 0 to 1,
            `[examples, height, width, channels]`; sounds `[examples, samples, 1]`; or texts.
        found: By `mistakes`.
        class_names: One per class.

    Raises:
        CnnzooError: No error is given, an example or a name is missing, or the inputs are none of
            these.
    """
    if not found:
        raise CnnzooError("found must hold at least one mistake; got none")
    last = max(mistake.example for mistake in found)
    if last >= len(inputs):
        raise CnnzooError(f"inputs must hold example {last}, a mistake; got {len(inputs):,}")
    greatest = max(max(mistake.label, mistake.predicted) for mistake in found)
    if greatest >= len(class_names):
        raise CnnzooError(f"class_names must name class {greatest}; got {len(class_names)} names")
    examples = np.asarray([inputs[mistake.example] for mistake in found])
    captions = [
        (f"{class_names[one.predicted]} ({one.score:.1%})", f"is {class_names[one.label]}")
        for one in found
    ]
    if examples.dtype.kind in "UT":
        return _list(examples, captions)
    if examples.ndim not in (3, 4):
        raise CnnzooError(
            "inputs must be images [examples, height, width, channels], sounds [examples, samples, "
            f"1] or texts; got {examples.dtype} {list(examples.shape)}"
        )
    return _grid(examples, captions)


def _grid(examples: np.ndarray, captions: list[tuple[str, str]]) -> Figure:
    columns = min(_COLUMNS, len(examples))
    rows = -(-len(examples) // columns)
    figure = Figure(figsize=(1.5 * columns + 0.2, 1.95 * rows))
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.axis("off")
    for axes, example, (predicted, true) in zip(figure.axes, examples, captions, strict=False):
        axes.set_title(f"{_line(predicted)}\n{_line(true)}", fontsize=8, parse_math=False)
        if example.ndim == 2:
            axes.plot(example[:, 0], linewidth=0.4)
        else:
            white = 255 if example.dtype == np.uint8 else 1
            axes.imshow(example.squeeze(), cmap="gray", vmin=0, vmax=white)
    return figure


def _line(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:9]}…{text[-10:]}"


def _list(texts: np.ndarray, captions: list[tuple[str, str]]) -> Figure:
    blocks = [
        textwrap.wrap(str(text), _WIDTH, max_lines=_LINES, placeholder=" …") or ["(empty)"]
        for text in texts
    ]
    heights = [len(lines) + 1.7 for lines in blocks]
    figure = Figure(figsize=(8, 0.17 * sum(heights) + 0.1))
    axes = figure.subplots()
    axes.axis("off")
    axes.set(xlim=(0, 1), ylim=(sum(heights), 0))
    place = 0.0
    for lines, (predicted, true), height in zip(blocks, captions, heights, strict=True):
        options: Any = {"va": "top", "parse_math": False, "fontsize": 9}
        axes.text(0, place, f"{predicted}, {true}", color=plot_style.COLORS[1], **options)
        axes.text(0, place + 1, "\n".join(lines), **options)
        place += height
    return figure
