"""Pictures of statistics of the layers of models, and of their weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from cnnzoo import plot_style
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.statistics import LayerStatistics, WeightHistogram

_NAMED = 40  # Layers up to which their names stand below.
_COLUMNS = 5  # Of histograms.


@plot_style.style()
def draw_layer_statistics(found: Mapping[str, Sequence[LayerStatistics]]) -> Figure:
    """Return a picture of statistics over depth, one line per model, on logarithmic axes.

    Args:
        found: Name of a model -> its rows, by `layer_statistics`.

    Raises:
        CnnzooError: No model is given, or one without rows.
    """
    if not found or not all(found.values()):
        raise CnnzooError(
            "found must hold at least one model, each with rows; got "
            f"{ {name: len(rows) for name, rows in found.items()} }"
        )
    never = "% of units never active;\ndashed: of outputs at 0"
    panels = [
        ("standard deviation\nof outputs", lambda row: row.std),
        (never, lambda row: 100 * row.dead / row.units),
    ]
    if any(row.output_gradient is not None for rows in found.values() for row in rows):
        panels.append(("norm of gradient\nby outputs", lambda row: row.output_gradient))
        panels.append(("norm of gradient\nto norm of kernel", lambda row: row.gradient_ratio))
    figure = Figure(figsize=(8, 1.5 * len(panels) + 0.8))
    all_axes = figure.subplots(len(panels), 1, sharex=True)
    for axes, (label, of_row) in zip(all_axes, panels, strict=True):
        for name, rows in found.items():
            _line(axes, name, [of_row(row) for row in rows])
        axes.set_ylabel(label, fontsize=8)
        if label == never:
            _percent(axes, found)
        else:
            _logarithmic(axes)
    _name_layers(all_axes[-1], list(found.values()))
    if len(found) > 1:
        figure.legend(*all_axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return figure


def _line(axes: Axes, name: str, values: Sequence[float | None]) -> None:
    """Draw the values that are not None; layers without one leave no gap."""
    there = [(place, value) for place, value in enumerate(values) if value is not None]
    places, numbers = [place for place, _ in there], [value for _, value in there]
    axes.plot(places, numbers, "o-", markersize=3, linewidth=1, label=name)


def _percent(axes: Axes, found: Mapping[str, Sequence[LayerStatistics]]) -> None:
    axes.set_ylim(-3, 103)
    for line, rows in zip(list(axes.lines), found.values(), strict=True):
        zeros = [100 * row.zeros for row in rows]
        axes.plot(zeros, "--", color=line.get_color(), linewidth=0.7)


def _logarithmic(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    low, high = axes.get_ylim()
    if high > 100 * low:  # Else the numbers between the powers of ten are needed.
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
        axes.yaxis.set_minor_formatter("{x:g}")


def _name_layers(axes: Axes, models: list[Sequence[LayerStatistics]]) -> None:
    """Name the layers if they are few, and the same in all models."""
    names = [[row.name for row in rows] for rows in models]
    if len(names[0]) <= _NAMED and all(one == names[0] for one in names):
        options: Any = {"rotation": 45, "ha": "right", "rotation_mode": "anchor", "fontsize": 7}
        axes.set_xticks(range(len(names[0])), names[0], **options)
        return
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("layer, from input to output")


@plot_style.style()
def draw_weight_histograms(found: Sequence[WeightHistogram]) -> Figure:
    """Return a picture of histograms, each on its own axes, with mean and standard deviation.

    Args:
        found: By `weight_histograms`.

    Raises:
        CnnzooError: None is given.
    """
    if not found:
        raise CnnzooError("found must hold at least one histogram; got none")
    columns = min(_COLUMNS, len(found))
    rows = -(-len(found) // columns)
    figure = Figure(figsize=(1.9 * columns + 0.2, 1.5 * rows))
    grid = figure.subplots(rows, columns, squeeze=False).flat
    for one, axes in zip(found, grid, strict=False):
        axes.stairs(one.counts, one.edges, fill=True)
        broken = f"\n{one.not_finite:,} not finite" if one.not_finite else ""
        axes.set_title(f"{one.name}\n{one.mean:.2g} ± {one.std:.2g}{broken}", fontsize=7)
        axes.set_yticks([])
        axes.tick_params(labelsize=7)
        axes.xaxis.set_major_locator(MaxNLocator(3))
    for axes in list(grid):  # Those that are left over.
        axes.axis("off")
    return figure
