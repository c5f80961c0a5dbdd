"""Pictures of how far a network may be believed: calibration, and its surest mistakes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnzoo import figures
from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.confidence import Calibration, Mistake

_COLUMNS = 6  # Of images or sounds.
_WIDTH, _LINES = 100, 3  # Characters of a line of text, and lines that are drawn of each text.


@figures.style()
def draw_calibration(found: Calibration) -> Figure:
    """Return a reliability diagram: accuracy against confidence, and below it the examples a bin.

    Args:
        found: By `calibration`.
    """
    figure = Figure(figsize=(4.8, 5.2))
    top, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    width, middle = np.diff(found.edges), (found.edges[1:] + found.edges[:-1]) / 2
    there = found.counts > 0
    accuracy, gap = found.accuracy[there], (found.confidence - found.accuracy)[there]
    top.bar(middle[there], accuracy, width[there], edgecolor="white", label="accuracy")
    top.bar(
        *(middle[there], gap, width[there], accuracy),
        color="none",
        edgecolor=figures.COLOURS[1],
        hatch="////",
        label="to mean confidence",
    )
    top.plot([0, 1], [0, 1], ":", color=figures.INK, linewidth=1, label="as right as sure")
    top.set_ylabel("share of right answers")
    top.set_ylim(0, 1)
    top.set_title(
        f"expected calibration error {found.expected_error:.2%}, maximum {found.maximum_error:.2%}"
    )
    below.bar(middle, found.counts, width, color="grey", edgecolor="white")
    below.set_yscale("symlog", linthresh=1)
    below.set_ylim(0, 3 * found.counts.max())
    below.set_ylabel("examples")
    below.set_xlabel("confidence: score of the predicted class")
    below.set_xlim(0, 1)
    figure.legend(loc="outside lower left", ncols=3, fontsize=8)
    return figure


@figures.style()
def draw_mistakes(inputs: Any, found: Sequence[Mistake], class_names: Sequence[str]) -> Figure:
    """Return a picture of wrong answers: images or waveforms in a grid, texts in a list.

    Args:
        inputs: Raw examples, of which the mistakes name some: images, uint8 or float from 0 to 1,
            `[examples, height, width, channels]`; sounds `[examples, samples, 1]`; or texts.
        found: By `mistakes`.
        class_names: One a class.

    Raises:
        CnnzooError: There is no mistake, an example or a name is missing, or the inputs are none of
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
    answers = [
        (f"{class_names[one.predicted]} ({one.score:.1%})", f"is {class_names[one.label]}")
        for one in found
    ]
    if examples.dtype.kind in "UT":
        return _list(examples, answers)
    if examples.ndim not in (3, 4):
        raise CnnzooError(
            "inputs must be images [examples, height, width, channels], sounds [examples, samples, "
            f"1] or texts; got {examples.dtype} {list(examples.shape)}"
        )
    return _grid(examples, answers)


def _grid(examples: np.ndarray, answers: list[tuple[str, str]]) -> Figure:
    columns = min(_COLUMNS, len(examples))
    rows = -(-len(examples) // columns)
    figure = Figure(figsize=(1.5 * columns + 0.2, 1.95 * rows))
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.axis("off")
    for axes, example, (said, true) in zip(figure.axes, examples, answers, strict=False):
        _draw(axes, example)
        axes.set_title(f"{_line(said)}\n{_line(true)}", fontsize=8, parse_math=False)
    return figure


def _line(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:9]}…{text[-10:]}"


def _draw(axes: Axes, example: np.ndarray) -> None:
    if example.ndim == 2:
        axes.plot(example[:, 0], linewidth=0.4)
        return
    axes.imshow(
        example.squeeze(), cmap="gray", vmin=0, vmax=255 if example.dtype == np.uint8 else 1
    )


def _list(texts: np.ndarray, answers: list[tuple[str, str]]) -> Figure:
    blocks = [
        textwrap.wrap(str(text), _WIDTH, max_lines=_LINES, placeholder=" …") or ["(empty)"]
        for text in texts
    ]
    heights = [len(lines) + 1.7 for lines in blocks]
    figure = Figure(figsize=(8, 0.17 * sum(heights) + 0.1))
    axes = figure.subplots()
    axes.axis("off")
    axes.set_xlim(0, 1)
    axes.set_ylim(sum(heights), 0)
    place = 0.0
    for lines, (said, true), height in zip(blocks, answers, heights, strict=True):
        options: Any = {"va": "top", "parse_math": False, "fontsize": 9}
        axes.text(0, place, f"{said}, {true}", color=figures.COLOURS[1], **options)
        axes.text(0, place + 1, "\n".join(lines), **options)
        place += height
    return figure
