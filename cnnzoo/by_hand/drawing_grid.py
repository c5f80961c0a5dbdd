"""Grids of cells, with numbers in them as long as they are small."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from cnnzoo import plot_style

_CELL = 0.42  # Inches, of a cell with its number.
_CELLS = (144, 16)  # Of a grid and along a side; a larger one has colors only.
_PANEL = (1.2, 3.4)  # Inches at least, for the title, and at most.


class Grid(NamedTuple):
    """A column of panels, one for each plane that the window meets."""

    title: str
    planes: np.ndarray  # float `[planes, height, width]`; NaN where a cell stays white.
    limits: tuple[float, float]  # What the colors range over, in every step the same.
    white: str = ""  # What is written into a white cell.
    origin: tuple[int, int] = (0, 0)  # Row and column that are called 0.


def _has_numbers(plane: np.ndarray) -> bool:
    return plane.size <= _CELLS[0] and max(plane.shape) <= _CELLS[1]


def inches(grid: Grid) -> tuple[float, float]:
    """Return the width and the height of the panels of `grid`."""
    least, most = _PANEL
    height, width = grid.planes.shape[1:]
    scale = _CELL if _has_numbers(grid.planes[0]) else most / max(height, width)
    return max(width * scale, least), max(height * scale, scale)


def fill(axes: Axes, grid: Grid, row: int) -> None:
    """Draw the plane of `grid` for a row of panels."""
    plane = grid.planes[row]
    (height, width), (above, left) = plane.shape, grid.origin
    norm = Normalize(*grid.limits)
    colors = ScalarMappable(norm, plot_style.SIGNED if grid.limits[0] < 0 else plot_style.MAGNITUDE)
    extent = (-left - 0.5, width - left - 0.5, height - above - 0.5, -above - 0.5)
    axes.imshow(plane, cmap=colors.cmap, norm=norm, extent=extent)
    axes.grid(visible=False)
    axes.tick_params(length=0, labelsize=7, labelcolor="gray")
    if row == 0:
        axes.set_title(grid.title)
    if not _has_numbers(plane):
        return
    axes.spines[:].set_visible(False)
    empty = (
        max(_PANEL[0] / _CELL - width, 0) / 2
    )  # Cells are as large in a narrow grid as in others.
    axes.set_xlim(-left - 0.5 - empty, width - left - 0.5 + empty)
    axes.set_xticks(np.arange(width) - left)
    axes.set_yticks(np.arange(height) - above)
    for (y, x), value in np.ndenumerate(plane):
        cell = (x - left, y - above)
        axes.add_patch(_box(*cell, 1, 1, edgecolor="silver", linewidth=0.5))
        light = np.isnan(value) or colors.to_rgba(value)[:3] @ np.array([0.3, 0.6, 0.1]) > 0.5
        color = "black" if light else "white"
        text = grid.white if np.isnan(value) else number(value)
        axes.text(*cell, text, color=color, ha="center", va="center", fontsize=8)


def frame(axes: Axes, rows: range, columns: range) -> None:
    """Outline the cells from the first to the last of `rows` and `columns`."""
    height, width = (cells[-1] - cells[0] + 1 for cells in (rows, columns))
    box = _box(columns[0], rows[0], width, height, edgecolor=plot_style.COLORS[1], linewidth=2.5)
    box.set_clip_on(False)  # At the border too it is as wide as elsewhere.
    box.set_path_effects([withStroke(linewidth=5, foreground="white")])
    axes.add_patch(box)


def _box(x: float, y: float, width: float, height: float, **line: Any) -> Rectangle:
    """Return the outline of cells, the first of which has its center at `x`, `y`."""
    return Rectangle((x - 0.5, y - 0.5), width, height, fill=False, zorder=3, **line)


def number(value: float) -> str:
    """Return `value` with some three digits."""
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{round(value, digits) + 0.0:g}"  # Plus zero, so that none is written "-0".
