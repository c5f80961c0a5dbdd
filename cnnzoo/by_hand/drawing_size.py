"""A picture of all the places that a window takes along one side."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from cnnzoo import plot_style
from cnnzoo.by_hand.sizes import side
from cnnzoo.errors import CnnzooError

_MOST = 40  # Positions, padding among them, that are told apart in a picture.


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
    axes.set_xlim(-found.before - 0.7, size + found.after - 0.3)
    axes.set_ylim(found.outputs - 0.4, -1.7)
    axes.set_xlabel("input position (white: padding)")
    axes.set_ylabel("output position")
    axes.set_yticks(range(found.outputs))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure
