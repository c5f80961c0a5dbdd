"""A picture of corruptions: an image at each of the five strengths, and the accuracy there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cnnzoo import plot_style
from cnnzoo.evaluation.corruptions import STRENGTHS, corrupt


@plot_style.style()
def draw_corrupted(image: np.ndarray, rows: Sequence[dict[str, Any]]) -> Figure:
    """Return a picture with one row per corruption: the image as it is, and at five strengths.

    Args:
        image: uint8 `[height, width, channels]`, of one or three channels.
        rows: Each with the `name` of a corruption, and `strengths`, the accuracy at each; such as
            the `corruptions` of what `cnnzoo.evaluate` returns as `corrupted`.

    Raises:
        CnnzooError: The name of a corruption is unknown, or the image cannot be corrupted.
    """
    figure = Figure(figsize=(8.4, 1.12 * len(rows) + 0.3))
    grid = figure.subplots(len(rows), 1 + len(STRENGTHS), squeeze=False)
    for axes, row in zip(grid, rows, strict=True):
        shown = [image, *(corrupt(image[None], row["name"], one)[0] for one in STRENGTHS)]
        titles = ["", *(f"{accuracy:.1%}" for accuracy in row["strengths"])]
        for one, picture, title in zip(axes, shown, titles, strict=True):
            one.imshow(picture.squeeze(), cmap="gray", vmin=0, vmax=255)
            one.set_title(title, fontsize=8)
            one.set(xticks=[], yticks=[], frame_on=False)
        axes[0].set_ylabel(row["name"], rotation=0, ha="right", va="center")
    return figure
