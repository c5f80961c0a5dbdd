"""Pictures of layers: filters, feature maps, and what activates their units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from cnnzoo import plot_style
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
        units = range(min(maps.shape[-1], _MOST))
        pictures = [maps[..., unit] for unit in units]
        names = [f"unit {unit}" for unit in units]
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


def _times(values: np.ndarray) -> str:
    return " x ".join(map(str, values.shape))


def _title(title: str, count: int, most: int = _MOST) -> str:
    return title if count <= most else f"{title}: the first {most} of {count:,}"
