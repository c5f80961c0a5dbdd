"""The results table as a picture: errors against what the networks and their training cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from matplotlib.transforms import Bbox

from cnnzoo import plot_style
from cnnzoo.config.recipe import recipes
from cnnzoo.datasets import DATASETS
from cnnzoo.models import MODELS

_MARKERS = ("o", "s", "^", "D", "v", "P")


# Where a name may stand: its distance from the point, in points, and which end of it is there.
_PLACES = (((6, 0), "left"), ((-6, 0), "right"), ((0, 10), "center"), ((0, -10), "center"))
_SIZE = 7  # Points, of a name.


@plot_style.style()
def draw_ledger(rows: Sequence[Mapping[str, str]]) -> Figure:
    """Return a picture of test errors against multiply-adds and against minutes of training.

    Args:
        rows: Of `ledger.read`; each is a point, named after its recipe.
    """
    figure = Figure(figsize=(12, 6))
    panels = figure.subplots(1, 2, sharey=True)
    styles: dict[str, dict[str, str]] = {}
    points: list[tuple[str, float, tuple[float, float]]] = []
    for row in rows:
        recipe = recipes()[row["recipe"]].RECIPE
        of = _group(str(recipe.dataset))
        style = {"color": plot_style.COLORS[len(styles) % 6], "marker": _MARKERS[len(styles) % 6]}
        errors = 100 * (1 - float(row["accuracy_mean"]))
        cost = MODELS[recipe.model].VARIANTS[recipe.model].macs / 1e6, float(row["seconds"]) / 60
        for axes, value in zip(panels, cost, strict=True):
            axes.scatter(value, errors, s=36, **styles.setdefault(of, style))
        name = row["recipe"].removeprefix(f"{recipe.dataset}_")
        points.append((str(recipe.dataset) if of == "texts" else name, errors, cost))
    panels[0].set_ylabel("test errors, %")
    for axes, label in zip(panels, ("multiply-adds, millions", "minutes of training"), strict=True):
        axes.set(xscale="log", yscale="log", xlabel=label)
        axes.margins(x=0.15)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())
    for of, style in styles.items():
        panels[1].scatter([], [], label=of, **style)
    figure.legend(loc="outside upper left", ncols=len(styles))
    figure.draw_without_rendering()  # Now the axes know where they are.
    for place, axes in enumerate(panels):
        _name(axes, [(name, cost[place], errors) for name, errors, cost in points])
    return figure


def _name(axes: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Write the name of each point where it covers the fewest others."""
    scale = 72 / axes.figure.dpi
    at = scale * axes.transData.transform([point[1:] for point in points])
    taken = [Bbox.from_extents(*(one - 5), *(one + 5)) for one in at]
    for (name, cost, errors), corner in zip(points, at, strict=True):
        size = 0.55 * _SIZE * len(name), _SIZE
        boxes = [_box(corner, size, *place) for place in _PLACES]
        best = int(np.argmin([box.count_overlaps(taken) for box in boxes]))
        taken.append(boxes[best])
        offset, end = _PLACES[best]
        how: Any = {"ha": end, "va": "center", "fontsize": _SIZE}
        axes.annotate(name, (cost, errors), offset, textcoords="offset points", **how)


def _box(at: np.ndarray, size: tuple[float, float], offset: tuple[int, int], end: str) -> Bbox:
    """Return where a name of a size stands, in points."""
    width, height = size
    left = at[0] + offset[0] - {"left": 0, "center": width / 2, "right": width}[end]
    return Bbox.from_bounds(left, at[1] + offset[1] - height / 2, width, height)


def _group(dataset: str) -> str:
    """Return the name of a data set of images or sounds, or "texts"."""
    return "texts" if DATASETS[dataset].kind == "texts" else dataset
