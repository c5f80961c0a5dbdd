"""A network as a drawing: output, cost and receptive field of each part."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from cnnzoo import plot_style
from cnnzoo.inspection.cost import LayerCost
from cnnzoo.report.layer_groups import Part

_KINDS = ("convolution", "dense", "pooling", "capsules", "embedding")
_COLORS = {**dict(zip(_KINDS, plot_style.COLORS, strict=False)), "other": "#8c939b"}


@plot_style.style()
def drawing(parts: list[Part]) -> Figure:
    """Return a picture with one row per part: output, parameters, multiply-adds and field."""
    figure = Figure(figsize=(8.4, 0.9 + 0.25 * len(parts)))
    places = np.arange(len(parts))
    axes = figure.subplots(1, 4, sharey=True, width_ratios=[2.1, 1, 1, 1])
    colors = [_COLORS[part.kind] for part in parts]
    _outputs(axes[0], parts, colors)
    fields = [part.layers[-1].receptive_field for part in parts]
    columns = [
        ("parameters", [part.params for part in parts], [_short(part.params) for part in parts]),
        ("multiply-adds", [part.macs for part in parts], [_short(part.macs) for part in parts]),
        ("receptive field", [field[0] if field else 0 for field in fields], _seen(fields)),
    ]
    for column, (title, values, texts) in zip(axes[1:], columns, strict=True):
        column.barh(places, values, color=colors, height=0.62)
        column.set_xlim(0, max(*values, 1) * 1.5)
        column.set_title(title, loc="left")
        _bare(column)
        for place, (value, text) in enumerate(zip(values, texts, strict=True)):
            column.text(value + max(*values, 1) * 0.03, place, text, va="center", fontsize=8)
    axes[0].set_yticks(places, [part.name for part in parts])
    axes[0].set_ylim(len(parts) - 0.4, -0.6)
    used = [kind for kind in _COLORS if kind in {part.kind for part in parts}]
    figure.legend(
        handles=[Patch(color=_COLORS[kind], label=kind) for kind in used],
        loc="outside upper right",
        ncols=len(used),
    )
    return figure


def _outputs(axes: Axes, parts: list[Part], colors: list[str]) -> None:
    """Draw each output as a box: as wide as it has numbers, on a scale of powers of two."""
    widths = [math.log2(math.prod(part.output)) + 1 for part in parts]
    for place, (part, width, color) in enumerate(zip(parts, widths, colors, strict=True)):
        box = Rectangle((-width / 2, place - 0.36), width, 0.72, facecolor=color)
        axes.add_patch(box)
        shape = " × ".join(map(str, part.output))
        fits = width > 0.62 * max(widths)
        at, side = (0.0, "center") if fits else (width / 2 + 0.3, "left")
        color = "white" if fits else plot_style.INK
        axes.text(at, place, shape, ha=side, va="center", fontsize=8, color=color)
    axes.set_xlim(-max(widths) / 2 - 0.5, max(widths) / 2 + 2.5)
    axes.set_title("output of one example", loc="left")
    _bare(axes)


def _bare(axes: Axes) -> None:
    axes.grid(False)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _seen(fields: Iterable[list[int] | None]) -> list[str]:
    return ["all" if field is None else " × ".join(map(str, field)) for field in fields]


def _short(count: int) -> str:
    """Return a count in at most four characters, or an en dash for none."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return str(count) if count else "–"


@plot_style.style()
def fields_drawing(image: np.ndarray, parts: list[Part]) -> Figure | None:
    """Return a picture of what a middle unit of each part sees of `image`; None if all see all.

    Args:
        image: uint8 `[height, width, channels]`.
        parts: Of the network that takes it.
    """
    known = [part for part in parts if part.layers[-1].receptive_field is not None]
    if not known:
        return None
    frames = {_frame(part.layers[-1]): part.name for part in known}  # The last of equals.
    by_size = sorted(frames, key=lambda frame: frame[2] * frame[3])
    places = np.linspace(0, len(by_size) - 1, len(plot_style.COLORS)).round().astype(int)
    chosen = dict.fromkeys(by_size[place] for place in places)
    figure = Figure(figsize=(5.6, 3.4))
    axes = figure.subplots()
    axes.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255)
    for color, frame in zip(plot_style.COLORS, chosen, strict=False):
        left, top, width, height = frame
        axes.add_patch(
            Rectangle((left, top), width, height, fill=False, edgecolor=color, linewidth=2)
        )
        axes.plot([], [], color=color, label=f"{frames[frame]}: {width:g} × {height:g}")
    axes.axis("off")
    figure.legend(loc="outside right upper")
    return figure


def _frame(row: LayerCost) -> tuple[float, float, float, float]:
    """Return left, top, width and height of what the middle unit of a layer sees, in pixels."""
    height, width = row.receptive_field or (0, 0)
    middles = [
        center + stride * ((units or 1) // 2)
        for center, stride, units in zip(
            row.center or (), row.stride or (), row.output_shape, strict=False
        )
    ]
    return middles[1] - width / 2, middles[0] - height / 2, width, height
