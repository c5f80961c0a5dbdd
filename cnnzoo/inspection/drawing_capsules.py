"""A picture of what the dimensions of a capsule stand for."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from cnnzoo import figures
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.capsules import PERTURBATIONS


@figures.style()
def draw_capsule_reconstructions(reconstructions: np.ndarray) -> Figure:
    """Return one image's reconstructions, a row a dimension, a column a change of it.

    Args:
        reconstructions: Of `capsule_reconstructions`, for one image: `[dimensions, steps, height,
            width, channels]`, from 0 to 1.

    Raises:
        CnnzooError: They are of another shape.
    """
    shape = np.shape(reconstructions)
    if len(shape) != 5 or shape[1] != len(PERTURBATIONS) or shape[4] not in (1, 3):
        raise CnnzooError(
            f"reconstructions must be [dimensions, {len(PERTURBATIONS)}, height, width, 1 or 3]; "
            f"got {list(shape)}"
        )
    dimensions, steps, height, width, _ = shape
    figure = Figure(figsize=(5.2, 4.75 * dimensions / steps * height / width + 0.55))
    axes = figure.subplots()
    tiled = np.full((dimensions * (height + 1) - 1, steps * (width + 1) - 1, shape[4]), 1.0)
    for row in range(dimensions):
        for column in range(steps):
            top, left = row * (height + 1), column * (width + 1)
            tiled[top : top + height, left : left + width] = reconstructions[row, column]
    axes.imshow(tiled.squeeze(axis=2) if shape[4] == 1 else tiled, cmap="gray", vmin=0, vmax=1)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    rows = [str(dimension) for dimension in range(dimensions)]
    columns = (np.arange(steps) + 0.5) * (width + 1) - 1
    axes.set_xticks(
        columns, [f"{change:+.2f}" if change else "0" for change in PERTURBATIONS], fontsize=7
    )
    axes.set_yticks((np.arange(dimensions) + 0.5) * (height + 1) - 1, rows, fontsize=7)
    axes.set_xlabel("change of the dimension")
    axes.set_ylabel("dimension of the capsule")
    return figure
