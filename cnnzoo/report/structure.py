"""Which layers a report looks at, and what the units of a network's parts see."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnzoo import plot_style
from cnnzoo.inspection.cost import LayerCost
from cnnzoo.inspection.plots.architecture import Part


def described(part: Part) -> str:
    """Return what a part is made of: its one layer's class, or its weighted layers, counted."""
    if len(part.layers) == 1:
        return part.layers[0].kind
    weighted = [row.kind for row in part.layers if row.macs]
    kinds = Counter(weighted or [row.kind for row in part.layers])
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(2))


def map_layers(rows: list[LayerCost], count: int) -> list[str]:
    """Return at most `count` layers that give maps, the last one among them, evenly spread.

    They are activations, or convolutions where these activate their outputs themselves.
    """
    sides = next((len(row.receptive_field) for row in rows if row.receptive_field), 0)
    maps = [
        row
        for row in rows
        if len(row.output_shape) == sides + 1 > 1 and set(row.output_shape[:-1]) != {1}
    ]
    active = [row.name for row in maps if row.kind in ("ReLU", "Activation")]
    names = active or [row.name for row in maps if "Conv" in row.kind]
    places = np.linspace(len(names) - 1, 0, min(count, len(names))).astype(int)
    return [names[place] for place in reversed(places)]


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
        *corner, width, height = frame
        outline: Any = {"fill": False, "edgecolor": color, "linewidth": 2}
        axes.add_patch(Rectangle(corner, width, height, **outline))
        axes.plot([], [], color=color, label=f"{frames[frame]}: {width:g} × {height:g}")
    axes.axis("off")
    figure.legend(loc="outside right upper")
    return figure


def _frame(row: LayerCost) -> tuple[float, float, float, float]:
    """Return left, top, width and height of what the middle unit of a layer sees, in pixels."""
    height, width = row.receptive_field or (0, 0)
    columns = zip(row.center or (), row.stride or (), row.output_shape, strict=False)
    y, x = (center + stride * ((units or 1) // 2) for center, stride, units in columns)
    return x - width / 2, y - height / 2, width, height
