"""Pictures of layers: filters, feature maps, what activates their units and what capsules mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from cnnzoo import plot_style
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.capsules import PERTURBATIONS
from cnnzoo.inspection.plots.base import check_sides, colors, curve, shown, tiles

_MOST = 64  # Pictures in a figure.
_ACROSS = 8  # Inputs of which kernels are drawn.
_LINES = 12  # Sounds in a figure, one below the other.


@plot_style.style()
def draw_filters(kernels: np.ndarray, layer: str) -> Figure:
    """Return a picture of what `filters` gave, `[*sides, in, out]` of one or two sides.

    Over three inputs a kernel is one picture in color, where gray is zero; over others each pair
    of an input and an output has one. Of one side, all inputs are rows of one picture.

    Args:
        kernels: Of a convolution.
        layer: Its name, for the title.

    Raises:
        CnnzooError: Kernels have more sides.
    """
    check_sides("kernels", kernels, (3, 4))
    seen, units = kernels.shape[-2:]
    title, how = f"Filters of {layer}, {_times(kernels)}", colors(kernels, signed=True)
    if kernels.ndim == 4 and seen != 3:
        inputs = min(seen, _ACROSS)
        outputs = min(units, _MOST // inputs)
        if (inputs, outputs) != (seen, units):
            title += f": the first {inputs} inputs and {outputs} outputs"
        pairs = [(one, unit) for unit in range(outputs) for one in range(inputs)]
        names = [f"{one}→{unit}" if seen > 1 else str(unit) for one, unit in pairs]
        pictures = [kernels[..., one, unit] for one, unit in pairs]
        return tiles(title, pictures, names, "weight", inputs if inputs > 3 else None, **how)
    names = [str(unit) for unit in range(min(units, _MOST))]
    if kernels.ndim == 3:
        return tiles(_title(title, units), list(kernels.T)[:_MOST], names, "weight", **how)
    colored = np.moveaxis(0.5 + kernels / (2 * how["vmax"]), -1, 0)
    return tiles(_title(title, units), list(colored[:_MOST]), names)


@plot_style.style()
def draw_feature_maps(maps: np.ndarray, layer: str) -> Figure:
    """Return a picture of the feature maps of one example, `[*sides, units]` of one or two sides.

    Args:
        maps: A row of what `feature_maps` gave.
        layer: Its name, for the title.

    Raises:
        CnnzooError: Maps have no side, or more than two.
    """
    check_sides("maps", maps, (2, 3))
    title = f"Feature maps of {layer}, {_times(maps)}"
    if maps.ndim == 3:
        pictures = list(np.moveaxis(maps, -1, 0)[:_MOST])
        names = [f"unit {unit}" for unit in range(len(pictures))]
        return tiles(_title(title, maps.shape[-1]), pictures, names, "activation", **colors(maps))
    figure = Figure(figsize=(7, 3.2))
    axes = figure.subplots()
    image = axes.imshow(maps.T, aspect="auto", interpolation="none", **colors(maps))
    axes.set(xlabel="position", ylabel="unit", title=title)
    axes.grid(False)
    figure.colorbar(image, ax=axes, label="activation")
    return figure


@plot_style.style()
def draw_units(inputs: np.ndarray, layer: str, names: Sequence[str]) -> Figure:
    """Return a picture of inputs that activate units, each in its own scale.

    Args:
        inputs: What `maximize` gave for several units, `[units, *sides, channels]`.
        layer: Its name, for the title.
        names: Of the units, or classes.

    Raises:
        CnnzooError: Inputs have more than two sides.
    """
    check_sides("inputs", inputs, (3, 4))
    title = f"Inputs that maximize {layer}"
    if inputs.ndim == 4:
        pictures = [shown(one[None])[0] for one in inputs[:_MOST]]
        return tiles(_title(title, len(inputs)), pictures, list(names)[:_MOST], cmap="gray")
    figure = Figure(figsize=(7, 0.5 + 0.7 * min(len(inputs), _LINES)))
    rows = figure.subplots(min(len(inputs), _LINES), 1, sharex=True, squeeze=False)[:, 0]
    for axes, one, name in zip(rows, inputs, names, strict=False):
        curve(axes, one[:, 0])
        axes.set_yticks([])
        axes.set_ylabel(name, rotation=0, ha="right", va="center")
    rows[-1].set_xlabel("sample")
    figure.suptitle(_title(title, len(inputs), _LINES))
    return figure


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
    changes = [f"{change:+.2f}" if change else "0" for change in PERTURBATIONS]
    axes.set_xticks((np.arange(steps) + 0.5) * (width + 1) - 1, changes, fontsize=7)
    axes.set_yticks((np.arange(rows) + 0.5) * (height + 1) - 1, map(str, chosen), fontsize=7)
    axes.set(xlabel="change of the dimension", ylabel="dimension of the capsule")
    return figure


def _times(values: np.ndarray) -> str:
    return " x ".join(map(str, values.shape))


def _title(title: str, count: int, most: int = _MOST) -> str:
    return title if count <= most else f"{title}: the first {most} of {count:,}"
