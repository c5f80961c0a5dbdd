"""A picture of what the dimensions of a capsule represent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from cnnzoo import plot_style
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.capsules import PERTURBATIONS


@plot_style.style()
def draw_capsule_reconstructions(
    reconstructions: np.ndarray, dimensions: Sequence[int] | None = None
) -> Figure:
    """Return one image's reconstructions, one row per dimension, one column per change of it.

    Args:
        reconstructions: Of `capsule_reconstructions`, for one image: `[dimensions, steps, height,
            width, channels]`, from 0 to 1.
        dimensions: Those that are drawn; by default all.

    Raises:
        CnnzooError: The reconstructions are of another shape, or a dimension is missing.
    """
    shape = np.shape(reconstructions)
    if len(shape) != 5 or shape[1] != len(PERTURBATIONS) or shape[4] not in (1, 3):
        raise CnnzooError(
            f"reconstructions must be [dimensions, {len(PERTURBATIONS)}, height, width, 1 or 3]; "
            f"got {list(shape)}"
        )
    chosen = list(range(shape[0]) if dimensions is None else dimensions)
    if not chosen or not all(0 <= one < shape[0] for one in chosen):
        raise CnnzooError(f"dimensions must be some from 0 to {shape[0] - 1}; got {chosen}")
    rows, steps, height, width = len(chosen), *shape[1:4]
    figure = Figure(figsize=(5.2, 4.75 * rows / steps * height / width + 0.55))
    axes = figure.subplots()
    tiled = np.full((rows * (height + 1) - 1, steps * (width + 1) - 1, shape[4]), 1.0)
    for row, dimension in enumerate(chosen):
        for column in range(steps):
            top, left = row * (height + 1), column * (width + 1)
            tiled[top : top + height, left : left + width] = reconstructions[dimension, column]
    axes.imshow(tiled.squeeze(axis=2) if shape[4] == 1 else tiled, cmap="gray", vmin=0, vmax=1)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    names = [str(dimension) for dimension in chosen]
    columns = (np.arange(steps) + 0.5) * (width + 1) - 1
    axes.set_xticks(
        columns, [f"{change:+.2f}" if change else "0" for change in PERTURBATIONS], fontsize=7
    )
    axes.set_yticks((np.arange(rows) + 0.5) * (height + 1) - 1, names, fontsize=7)
    axes.set_xlabel("change of the dimension")
    axes.set_ylabel("dimension of the capsule")
    return figure
