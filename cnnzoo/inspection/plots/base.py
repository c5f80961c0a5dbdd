"""Building blocks of the pictures of a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnzoo import plot_style
from cnnzoo.errors import CnnzooError

_BAND = 0.24  # Height of a label, in widths of a picture.
_INCHES = 0.9  # Width of a picture.


def shown(images: np.ndarray) -> np.ndarray:
    """Return images as matplotlib shows them, `[images, height, width]` gray or with RGB.

    Floats are stretched to 0 to 1, each channel from its least to its greatest value among all
    `images`; uint8 stays as it is. Channels that are not one or three are averaged.
    """
    values = np.asarray(images)
    if values.dtype == np.uint8:
        values = values / 255
    else:
        least, greatest = (end(values, axis=(0, 1, 2), keepdims=True) for end in (np.min, np.max))
        values = (values - least) / np.maximum(greatest - least, 1e-9)
    return values if values.shape[-1] == 3 else values.mean(axis=-1)


def colors(values: np.ndarray, signed: bool = False) -> dict[str, Any]:
    """Return how `imshow` colors `values`: around zero if `signed` or if any is negative."""
    greatest = float(np.abs(values).max(initial=0)) or 1.0
    if signed or values.min(initial=0) < 0:
        return {"cmap": plot_style.SIGNED, "vmin": -greatest, "vmax": greatest}
    return {"cmap": plot_style.MAGNITUDE, "vmin": 0, "vmax": greatest}


def tiles(
    title: str,
    pictures: Sequence[np.ndarray],
    labels: Sequence[str],
    bar: str = "",
    columns: int | None = None,
    **how: Any,
) -> Figure:
    """Return a grid of small pictures, each below its label.

    Args:
        title: Of the figure.
        pictures: `[height, width]`, or RGB.
        labels: One each.
        bar: What colors mean, next to a color bar; none where it is empty.
        columns: Of the grid; by default there are about twice as many as rows.
        **how: Of matplotlib's `imshow`.
    """
    columns = columns or min(len(pictures), max(math.ceil(math.sqrt(2 * len(pictures))), 4))
    rows = -(-len(pictures) // columns)
    height = float(np.clip(pictures[0].shape[0] / pictures[0].shape[1], 0.3, 3))
    step = height + _BAND
    size = _INCHES * columns + (0.9 if bar else 0), _INCHES * rows * step + 0.5
    figure = Figure(figsize=(max(size[0], 3.6), size[1]))
    axes, image = figure.subplots(), None
    for place, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        x, y = place % columns, place // columns * step
        image = axes.imshow(picture, extent=(x + 0.04, x + 0.96, y + step, y + _BAND), **how)
        axes.text(x + 0.5, y + _BAND * 0.85, label, ha="center", va="bottom", fontsize=7)
    axes.set(xlim=(0, columns), ylim=(rows * step, 0), aspect="equal")
    axes.axis("off")
    figure.suptitle(title)
    if bar and image is not None:
        figure.colorbar(image, ax=axes, label=bar, shrink=min(1, 2 / (rows * step)), pad=0.02)
    return figure


def curve(axes: Axes, sound: np.ndarray, **how: Any) -> None:
    """Draw a sound or a row of values, `[samples]`, as a line."""
    axes.plot(sound, linewidth=0.6, **how)
    axes.set_xlim(0, max(len(sound) - 1, 1))
    axes.grid(False)


def check_sides(name: str, values: np.ndarray, ranks: Sequence[int]) -> None:
    """Refuse what cannot be drawn in the plane.

    Raises:
        CnnzooError: `values` have another rank.
    """
    if values.ndim not in ranks:
        wanted = " or ".join(map(str, ranks))
        raise CnnzooError(
            f"{name} must have rank {wanted} to be drawn; got shape {list(values.shape)}"
        )
