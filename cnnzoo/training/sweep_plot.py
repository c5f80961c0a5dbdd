"""The runs of a sweep as a picture: what was reached with which value of each field."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from cnnzoo import plot_style
from cnnzoo.training.search_space import Range, SearchSpace

_COLUMNS = 3
_NAME = 18  # Characters of a value that are drawn.
# State -> label, and how its runs are marked.
_MARKS: Mapping[str, Any] = {
    "finished": {"marker": "o", "color": plot_style.COLORS[0], "alpha": 0.7},
    "pruned": {"marker": "x", "color": "gray"},
}


@plot_style.style()
def draw_sweep(name: str, space: SearchSpace, rows: Sequence[Mapping[str, Any]], by: str) -> Figure:
    """Return a picture of errors or loss against each field that has more than one value.

    Args:
        name: Of the recipe.
        space: What was searched.
        rows: Of `sweep`, the best first; runs that failed have nothing to be drawn.
        by: "accuracy", of which errors are drawn, or "loss".
    """
    varied = [key for key, one in space.fields.items() if isinstance(one, Range) or len(one) > 1]
    fields = varied or [*space.fields][:1]
    columns = min(len(fields), _COLUMNS)
    lines = math.ceil(len(fields) / columns) if fields else 0
    figure = Figure(figsize=(max(3.4 * columns, 4.8), 3.2 * lines + 0.6))
    drawn = [row for row in rows if row["validation_loss"] is not None]
    failed = f", {len(rows) - len(drawn)} without a figure" if len(drawn) < len(rows) else ""
    figure.suptitle(f"{name}: {len(rows)} trials{failed}")
    if not drawn or not fields:
        return figure
    heights = _heights(drawn, by)
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True).flatten()
    for axes, field in zip(grid, fields, strict=False):
        _panel(axes, field, space.fields[field], drawn, heights)
    for axes in grid[len(fields) :]:
        axes.set_visible(False)
    for axes in grid[::columns]:
        axes.set_ylabel("validation errors, %" if by == "accuracy" else "validation loss")
    grid[0].set_yscale("log")
    _label_log(grid[0].yaxis, max(heights) / min(heights))
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _heights(rows: Sequence[Mapping[str, Any]], by: str) -> list[float]:
    """Return errors in percent, or losses; half of the least one stands for 0."""
    if by == "accuracy":
        values = [100 * (1 - row["validation_accuracy"]) for row in rows]
    else:
        values = [row["validation_loss"] for row in rows]
    least = min((value for value in values if value > 0), default=1.0)
    return [max(value, least / 2) for value in values]


def _label_log(axis: Axis, ratio: float) -> None:
    """Label a logarithmic axis by plain numbers, the more the fewer decades `ratio` spans."""
    subs = (1, 2, 3, 5) if ratio < 16 else (1, 3) if ratio < 10_000 else (1,)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())


def _panel(
    axes: Axes,
    field: str,
    searched: tuple[str, ...] | Range,
    rows: Sequence[Mapping[str, Any]],
    heights: Sequence[float],
) -> None:
    texts = [row["fields"][field] for row in rows]
    if isinstance(searched, Range):
        places = [float(text) for text in texts]
        if searched.log:
            axes.set_xscale("log")
            _label_log(axes.xaxis, searched.high / searched.low)
    else:
        places = [float(searched.index(text)) for text in texts]
        names = [one if len(one) <= _NAME else f"{one[: _NAME - 1]}…" for one in searched]
        turned: Any = {"rotation": 30, "ha": "right"} if sum(map(len, names)) > 30 else {}
        axes.set_xticks(
            range(len(names)), [one.replace("$", r"\$") for one in names], minor=False, **turned
        )
        axes.set_xlim(-0.5, len(names) - 0.5)
    points = list(zip(places, heights, rows, strict=True))
    for state, mark in _MARKS.items():
        chosen = [point for point in points if point[2]["state"] == state]
        if chosen:
            across, up, _ = zip(*chosen, strict=True)
            axes.scatter(across, up, s=22, label=state, **mark)
    if rows[0]["state"] == "finished":
        star: Any = {"marker": "*", "s": 130, "color": plot_style.COLORS[1], "zorder": 3}
        axes.scatter(places[:1], heights[:1], label="best", **star)
    axes.set_xlabel(field)
