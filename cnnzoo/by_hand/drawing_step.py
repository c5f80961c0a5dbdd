"""A picture of one step: the window, what it is multiplied with, and the number that comes out."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnzoo import plot_style
from cnnzoo.by_hand.drawing_grid import Grid, fill, frame, inches, number
from cnnzoo.by_hand.steps import Step

_ROWS = 6  # The channels of a deep layer would make a picture without end.


@plot_style.style()
def draw_step(step: Step) -> Figure:
    """Return a picture of how `step` makes one number of the output.

    The window is outlined in the input, whose padding is white; then come the kernel, the products,
    and the output as far as it is filled. Grids of at most 144 cells have numbers. There is a row
    for each channel that the filter sees, and for each plane of an input of three sides, up to six.
    """
    *seen, made = grids = _grids(step)
    rows = min(len(seen[0].planes), _ROWS)
    widths, heights = zip(*map(inches, grids), strict=True)
    height = rows * (max(heights) + 0.45) + 0.5
    figure = Figure(figsize=(sum(widths) + 0.3 * len(grids), height))
    figure.suptitle(_sentence(step))
    places = figure.add_gridspec(rows, len(grids), width_ratios=widths)
    for row in range(rows):
        panels = [figure.add_subplot(places[row, column]) for column in range(len(seen))]
        for axes, grid in zip(panels, seen, strict=True):
            fill(axes, grid, row)
        _name_axes(panels[0], step, _row_name(step, row))
        _outline(panels[0], step)
    axes = figure.add_subplot(places[:, -1])
    fill(axes, made, 0)
    _name_axes(axes, step)
    row, column = (0, *step.position[:-1])[-2:]
    frame(axes, range(row, row + 1), range(column, column + 1))
    return figure


def _grids(step: Step) -> list[Grid]:
    cell = tuple(slice(place, place + 1) for place in step.position)
    given = _planes(_without_padding(step)[_whole_planes(step.window)])
    made = _planes(_so_far(step)[_whole_planes(cell)])
    if step.kernel is None or step.products is None:
        # A pooled value has the color that it has in the input.
        scale = _limits(np.append(step.inputs, step.outputs))
        values = Grid("values", _planes(step.values), scale)
        return [Grid("input", given, scale), values, Grid("output", made, scale)]
    scale, of_kernel = _limits(step.inputs), _limits(step.kernel)
    largest = max(scale[1] * of_kernel[1], 1e-9)
    of_products = (-largest if min(scale[0], of_kernel[0]) < 0 else 0.0, largest)
    row, column = (0, *(before for before, _ in step.padding))[-2:]
    return [
        Grid("input", given, scale, white="0", origin=(row, column)),
        Grid("× kernel", _planes(step.kernel), of_kernel),
        Grid("= products", _planes(step.products), of_products),
        Grid("output", made, _limits(step.outputs)),
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


def _so_far(step: Step) -> np.ndarray:
    order = np.arange(step.outputs.size).reshape(step.outputs.shape)
    return np.where(order <= order[step.position], step.outputs, np.nan)


def _limits(array: np.ndarray) -> tuple[float, float]:
    """Return the ends of a scale that starts at zero or, for values with a sign, has it inside."""
    largest = max(float(np.abs(array).max()), 1e-9)
    return (-largest if array.min() < 0 else 0.0, largest)


def _sentence(step: Step) -> str:
    *place, unit = step.position
    where = f"output at ({', '.join(map(str, place))})"
    if step.kernel is None:
        what = f"{step.operation} of {step.values.size} values"
        return f"{where}, channel {unit}: {what} = {number(step.result)}"
    bias = f" + bias {number(step.bias)}" if step.bias else ""
    what = f"sum of {step.kernel.size} products{bias}"
    return f"{where}, filter {unit}: {what} = {number(step.result)}"


def _row_name(step: Step, row: int) -> str:
    """Return which plane and channel a row shows, where there are several."""
    plane, channel = divmod(row, step.values.shape[-1])
    several = (step.values.ndim > 3, step.values.shape[-1] > 1)
    names = (f"plane {plane}", f"channel {step.window[-1].start + channel}")
    return ", ".join(name for name, shown in zip(names, several, strict=True) if shown)


def _name_axes(axes: Axes, step: Step, row_name: str = "") -> None:
    if len(step.padding) == 1:
        axes.set_xlabel("position")
        axes.set_ylabel(row_name)
        axes.set_yticks([])
    else:
        axes.set_xlabel("column")
        axes.set_ylabel(f"row, {row_name}" if row_name else "row")


def _outline(axes: Axes, step: Step) -> None:
    """Draw the window around what it sees; where dilation leaves gaps, around each cell."""
    seen = [
        range(part.start - before, part.stop - before, part.step or 1)
        for part, (before, _) in zip(step.window[:-1], step.padding, strict=True)
    ]
    rows, columns = (range(1), *seen)[-2:]
    if rows.step == columns.step == 1:
        frame(axes, rows, columns)
        return
    for row, column in itertools.product(rows, columns):
        frame(axes, range(row, row + 1), range(column, column + 1))
