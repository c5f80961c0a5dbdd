"""Pictures of convolution by hand: of one step, and of all places of a window along one side."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from cnnzoo import plot_style
from cnnzoo.by_hand.windows import Step, side
from cnnzoo.errors import CnnzooError

_ROWS = 6  # The channels of a deep layer would make an endless picture.
_MOST = 40  # Positions, padding among them, that can be distinguished in a picture.
_CELL = 0.42  # Inches, of a cell with its number.
_CELLS = (144, 16)  # Of a grid and along a side; a larger one has colors only.
_PANEL = (1.2, 3.4)  # Inches at least, for the title, and at most.


@plot_style.style()
def draw_size(
    size: int, kernel: int, *, stride: int = 1, padding: str = "valid", dilation: int = 1
) -> Figure:
    """Return a picture of `output_size`: which input positions each output is made from.

    Args:
        size: Input positions of the side; with the padding, at most 40.
        kernel: As for `output_size`, and so are the others.
        stride: Steps from one window to the next.
        padding: "valid", "same" or "full".
        dilation: Distance of the positions that one window sees.

    Raises:
        CnnzooError: As for `output_size`, or there are too many positions.
    """
    found = side(size, kernel, stride, padding, dilation)
    padded = found.before + size + found.after
    if padded > _MOST:
        raise CnnzooError(f"size must be at most {_MOST} with its padding; got {padded}")
    figure = Figure(figsize=(max(0.26 * padded, 4) + 0.8, 0.26 * found.outputs + 1.5))
    figure.suptitle(f"{size} positions make {found.outputs} outputs")
    axes = figure.subplots()
    axes.set_title(f'kernel {kernel}, stride {stride}, padding "{padding}", dilation {dilation}')
    for position in range(padded):
        inside = found.before <= position < found.before + size
        color = plot_style.COLORS[5] if inside else "none"
        cell = (position - found.before - 0.45, -1.45)
        axes.add_patch(Rectangle(cell, 0.9, 0.9, facecolor=color, edgecolor="gray", linewidth=0.8))
    for place in range(found.outputs):
        seen = np.arange(padded)[found.window(place)] - found.before
        axes.plot(seen, np.full(len(seen), place), "s-", color=plot_style.COLORS[1], linewidth=1)
    axes.set(xlim=(-found.before - 0.7, size + found.after - 0.3), ylim=(found.outputs - 0.4, -1.7))
    axes.set(xlabel="input position (white: padding)", ylabel="output position")
    axes.set_yticks(range(found.outputs))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


@plot_style.style()
def draw_step(step: Step) -> Figure:
    """Return a picture of how `step` makes one number of the output.

    The window is outlined in the input, whose padding is white; then come the kernel, the products,
    and the output as far as it is filled. Grids of at most 144 cells have numbers. There is a row
    for each channel that the filter sees, and for each plane of an input of three sides, up to six.
    """
    *seen, made = grids = _grids(step)
    rows = min(len(seen[0].planes), _ROWS)
    widths, heights = zip(*map(_inches, grids), strict=True)
    height = rows * (max(heights) + 0.45) + 0.5
    figure = Figure(figsize=(sum(widths) + 0.3 * len(grids), height))
    figure.suptitle(_sentence(step))
    places = figure.add_gridspec(rows, len(grids), width_ratios=widths)
    for row in range(rows):
        panels = [figure.add_subplot(places[row, column]) for column in range(len(seen))]
        for axes, grid in zip(panels, seen, strict=True):
            _fill(axes, grid, row)
        _name_axes(panels[0], step, _row_name(step, row))
        _outline(panels[0], step)
    axes = figure.add_subplot(places[:, -1])
    _fill(axes, made, 0)
    _name_axes(axes, step)
    _frame(axes, *(0, *step.position[:-1])[-2:])
    return figure


def _grids(step: Step) -> list[_Grid]:
    cell = tuple(slice(place, place + 1) for place in step.position)
    given = _planes(_without_padding(step)[_whole_planes(step.window)])
    order = np.arange(step.outputs.size).reshape(step.outputs.shape)
    so_far = np.where(order <= order[step.position], step.outputs, np.nan)
    made = _planes(so_far[_whole_planes(cell)])
    if step.kernel is None or step.products is None:
        # A pooled value has the color that it has in the input.
        scale = _limits(np.append(step.inputs, step.outputs))
        values = _Grid("values", _planes(step.values), scale)
        return [_Grid("input", given, scale), values, _Grid("output", made, scale)]
    scale, of_kernel = _limits(step.inputs), _limits(step.kernel)
    largest = max(scale[1] * of_kernel[1], 1e-9)
    of_products = (-largest if min(scale[0], of_kernel[0]) < 0 else 0.0, largest)
    row, column = (0, *(before for before, _ in step.padding))[-2:]
    return [
        _Grid("input", given, scale, white="0", origin=(row, column)),
        _Grid("× kernel", _planes(step.kernel), of_kernel),
        _Grid("= products", _planes(step.products), of_products),
        _Grid("output", made, _limits(step.outputs)),
    ]


def _whole_planes(window: tuple[slice, ...]) -> tuple[slice, ...]:
    """Return `window` with all rows and columns."""
    return (*window[:-3], *[slice(None)] * min(len(window) - 1, 2), window[-1])


def _planes(array: np.ndarray) -> np.ndarray:
    """Return `[*sides, channels]` as `[planes, height, width]`; a single side is the width."""
    moved = np.moveaxis(array[np.newaxis] if array.ndim == 2 else array, -1, -3)
    return moved.reshape(-1, *moved.shape[-2:])


def _without_padding(step: Step) -> np.ndarray:
    sizes = zip(step.padding, step.inputs.shape, strict=False)
    inside = tuple(slice(before, size - after) for (before, after), size in sizes)
    blank = np.full(step.inputs.shape, np.nan)
    blank[inside] = step.inputs[inside]
    return blank


def _limits(array: np.ndarray) -> tuple[float, float]:
    """Return the ends of a scale that starts at zero or, for values with a sign, has it inside."""
    largest = max(float(np.abs(array).max()), 1e-9)
    return (-largest if array.min() < 0 else 0.0, largest)


def _sentence(step: Step) -> str:
    *place, unit = step.position
    where = f"output at ({', '.join(map(str, place))})"
    if step.kernel is None:
        what = f"{step.operation} of {step.values.size} values"
        return f"{where}, channel {unit}: {what} = {_number(step.result)}"
    bias = f" + bias {_number(step.bias)}" if step.bias else ""
    what = f"sum of {step.kernel.size} products{bias}"
    return f"{where}, filter {unit}: {what} = {_number(step.result)}"


def _row_name(step: Step, row: int) -> str:
    """Return which plane and channel a row shows, where there are several."""
    plane, channel = divmod(row, step.values.shape[-1])
    several = (step.values.ndim > 3, step.values.shape[-1] > 1)
    names = (f"plane {plane}", f"channel {step.window[-1].start + channel}")
    return ", ".join(name for name, shown in zip(names, several, strict=True) if shown)


def _name_axes(axes: Axes, step: Step, row_name: str = "") -> None:
    if len(step.padding) == 1:
        axes.set(xlabel="position", ylabel=row_name, yticks=[])
    else:
        axes.set(xlabel="column", ylabel=f"row, {row_name}" if row_name else "row")


def _outline(axes: Axes, step: Step) -> None:
    """Draw the window around what it sees; where dilation leaves gaps, around each cell."""
    seen = [
        range(part.start - before, part.stop - before, part.step or 1)
        for part, (before, _) in zip(step.window[:-1], step.padding, strict=True)
    ]
    rows, columns = (range(1), *seen)[-2:]
    if rows.step == columns.step == 1:
        _frame(axes, rows[0], columns[0], len(rows), len(columns))
    else:
        for row, column in itertools.product(rows, columns):
            _frame(axes, row, column)


class _Grid(NamedTuple):
    """A column of panels, one for each plane that the window meets."""

    title: str
    planes: np.ndarray  # float `[planes, height, width]`; NaN where a cell stays white.
    limits: tuple[float, float]  # What the colors range over, in every step the same.
    white: str = ""  # What is written into a white cell.
    origin: tuple[int, int] = (0, 0)  # Row and column that are called 0.


def _has_numbers(plane: np.ndarray) -> bool:
    return plane.size <= _CELLS[0] and max(plane.shape) <= _CELLS[1]


def _inches(grid: _Grid) -> tuple[float, float]:
    """Return the width and the height of the panels of `grid`."""
    (least, most), (height, width) = _PANEL, grid.planes.shape[1:]
    scale = _CELL if _has_numbers(grid.planes[0]) else most / max(height, width)
    return max(width * scale, least), max(height * scale, scale)


def _fill(axes: Axes, grid: _Grid, row: int) -> None:
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
    # Cells are as large in a narrow grid as in others.
    empty = max(_PANEL[0] / _CELL - width, 0) / 2
    axes.set_xlim(-left - 0.5 - empty, width - left - 0.5 + empty)
    axes.set(xticks=np.arange(width) - left, yticks=np.arange(height) - above)
    for (y, x), value in np.ndenumerate(plane):
        cell = (x - left, y - above)
        axes.add_patch(_box(*cell, 1, 1, edgecolor="silver", linewidth=0.5))
        light = np.isnan(value) or colors.to_rgba(value)[:3] @ np.array([0.3, 0.6, 0.1]) > 0.5
        color = "black" if light else "white"
        text = grid.white if np.isnan(value) else _number(value)
        axes.text(*cell, text, color=color, ha="center", va="center", fontsize=8)


def _frame(axes: Axes, row: int, column: int, height: int = 1, width: int = 1) -> None:
    """Outline cells, the first of which is at `row` and `column`."""
    box = _box(column, row, width, height, edgecolor=plot_style.COLORS[1], linewidth=2.5)
    box.set_clip_on(False)  # At the border too it is as wide as elsewhere.
    box.set_path_effects([withStroke(linewidth=5, foreground="white")])
    axes.add_patch(box)


def _box(x: float, y: float, width: float, height: float, **line: Any) -> Rectangle:
    """Return the outline of cells, the first of which has its center at `x`, `y`."""
    return Rectangle((x - 0.5, y - 0.5), width, height, fill=False, zorder=3, **line)


def _number(value: float) -> str:
    """Return `value` with some three digits."""
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{round(value, digits) + 0.0:g}"  # Plus zero, so that none is written "-0".
