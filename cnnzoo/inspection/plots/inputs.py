"""Pictures of inputs: with heat laid over them, and with what a unit sees of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnzoo import plot_style
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.plots.base import check_sides, colors, curve, shown
from cnnzoo.inspection.randomization import RandomizationTest
from cnnzoo.inspection.strongest import NearestExamples

_STRONGEST = 99.5  # Percentile of heat from which colors are full.


@plot_style.style()
def draw_explanations(
    inputs: np.ndarray, heats: Mapping[str, np.ndarray], names: Sequence[str]
) -> Figure:
    """Return a picture with one row per input, and a column for it and each kind of heat.

    Heat from zero up is laid over the input; of heat with a sign, zero is white. Each heat has its
    own scale, up to its greatest size; a color bar stands for each of the two kinds that occurs.

    Args:
        inputs: Images or sounds, `[inputs, *sides, channels]`; uint8 or as the network takes them.
        heats: Title -> `[inputs, *sides]`, or with channels, over which it is summed.
        names: What is explained, such as the class, one per input.

    Raises:
        CnnzooError: Inputs have more than two sides, or heats are not as many or as large.
    """
    check_sides("inputs", inputs, (3, 4))
    summed = {title: _without_channels(title, heat, inputs) for title, heat in heats.items()}
    images = shown(inputs) if inputs.ndim == 4 else inputs[..., 0]
    flat = inputs.ndim == 3
    size = (2.2, 1.0) if flat else (1.35, 1.35 * images.shape[1] / images.shape[2])
    signs = {title: bool(heat.min() < 0) for title, heat in summed.items()}
    bars = 0.8 * len(set(signs.values()))
    figure = Figure(figsize=(size[0] * (len(heats) + 1) + 0.3 + bars, size[1] * len(inputs) + 0.45))
    grid = figure.subplots(len(inputs), len(heats) + 1, squeeze=False)
    for axes, title in zip(grid[0], ["input", *heats], strict=True):
        axes.set_title(title)
    for place, (row, image, name) in enumerate(zip(grid, images, names, strict=True)):
        row[0].set_ylabel(name)
        _draw(row[0], image)
        for axes, (title, heat) in zip(row[1:], summed.items(), strict=True):
            _draw_over(axes, image, heat[place], signs[title])
    for signed in sorted(set(signs.values())):
        _bar(figure, grid, signed)
    return figure


def _bar(figure: Figure, grid: np.ndarray, signed: bool) -> None:
    """Add a color bar for heat that has a sign, or for heat that has none."""
    how = colors(np.ones(1), signed)
    scale = ScalarMappable(Normalize(how["vmin"], how["vmax"]), how["cmap"])
    bar = figure.colorbar(scale, ax=grid, shrink=min(1, 2 / len(grid)), pad=0.01, aspect=15)
    if signed:
        bar.set_ticks([-1, 0, 1], labels=["-most", "0", "+most"])
    else:
        bar.set_ticks([0, 1], labels=["0", "most"])


def _without_channels(title: str, heat: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    summed = heat.sum(axis=-1) if heat.ndim == inputs.ndim else heat
    if summed.shape != inputs.shape[:-1]:
        raise CnnzooError(
            f"heat {title!r} must have shape {list(inputs.shape[:-1])}, that of the inputs without "
            f"channels; got {list(heat.shape)}"
        )
    return summed


def _draw(axes: Axes, image: np.ndarray, alpha: float = 1) -> None:
    """Draw an image, `[height, width]` or RGB, or a sound, `[samples]`."""
    if image.ndim == 1:
        curve(axes, image, color="black")
    else:
        axes.imshow(image, cmap="gray", vmin=0, vmax=1, alpha=alpha)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.grid(False)


def _draw_over(axes: Axes, image: np.ndarray, heat: np.ndarray, signed: bool) -> None:
    """Draw heat of the image's sides over it, or under it where heat has a sign."""
    strongest = np.percentile(np.abs(heat), _STRONGEST) or np.abs(heat).max()
    how = colors(heat.clip(-strongest, strongest), signed)
    if image.ndim == 1:
        _draw(axes, image)
        low, high = axes.get_ylim()
        where = (0, len(image) - 1, low, high)
        axes.imshow(heat[None], aspect="auto", extent=where, alpha=0.8, **how)
    elif signed:
        axes.imshow(heat, **how)
        _draw(axes, image, alpha=0.15)
    else:
        _draw(axes, image)
        axes.imshow(heat, alpha=0.6, **how)


@plot_style.style()
def draw_randomization(found: Sequence[RandomizationTest], image: np.ndarray) -> Figure:
    """Return a picture of an image's heat as weights are randomized, one row per method.

    Above each heat is the layer that was randomized last; below it, the mean rank correlation with
    the trained network's heat over all examples of the test. Each heat has its own scale.

    Args:
        found: Of `randomization_test` with one order and one number of steps, over images.
        image: The first example of the test, `[height, width, channels]`.

    Raises:
        CnnzooError: There are no tests, they have other layers than each other, or are not of such
            images.
    """
    check_sides("image", image, (3,))
    if not found:
        raise CnnzooError("found must be of at least one test; got none")
    layers = found[0].layers
    if any(one.layers != layers for one in found):
        raise CnnzooError("found must be of tests that randomized the same layers")
    firsts = [_first(one, image) for one in found]
    height = 1.2 * image.shape[0] / image.shape[1] + 0.35
    figure = Figure(figsize=(1.2 * (len(layers) + 2) + 0.5, height * len(found) + 0.5))
    figure.suptitle("Heat while more and more weights are random")
    grid = figure.subplots(len(found), len(layers) + 2, squeeze=False)
    for axes, title in zip(grid[0], ["input", "trained", *layers], strict=True):
        axes.set_title(title.replace("_", "\n"), fontsize=8)
    for row, one, heats in zip(grid, found, firsts, strict=True):
        row[0].set_ylabel(one.method.replace("_", "\n"))
        _draw(row[0], shown(image[np.newaxis])[0])
        signed = bool(heats.min() < 0)
        for axes, heat in zip(row[1:], heats, strict=True):
            _draw_over(axes, shown(image[np.newaxis])[0], heat, signed)
        for axes, correlation in zip(row[2:], one.rank_correlations, strict=True):
            axes.set_xlabel(f"{correlation:.2f}", fontsize=8)
    return figure


def _first(found: RandomizationTest, image: np.ndarray) -> np.ndarray:
    """Return the heat of the first example in each state, `[1 + states, height, width]`."""
    heats = found.heats[:, 0]
    batch = np.broadcast_to(image, (len(heats), *image.shape))
    return _without_channels(found.method, heats, batch)


@plot_style.style()
def draw_nearest_examples(
    found: NearestExamples, inputs: np.ndarray, layer: str, unit: int
) -> Figure:
    """Return a picture of the images that activate a unit most, above what it sees of them.

    Where it sees beyond the edge of an image, there is blue.

    Args:
        found: What `nearest_examples` gave.
        inputs: The images among which they were sought, `[images, height, width, channels]`.
        layer: Its name, for the title.
        unit: For the title.

    Raises:
        CnnzooError: Inputs are no images.
    """
    check_sides("inputs", inputs, (4,))
    images, count = shown(inputs[found.places]), len(found.places)
    figure = Figure(figsize=(0.95 * count + 0.6, 2.7))
    figure.suptitle(f"What activates unit {unit} of {layer} most; what it sees, and its activation")
    grid = figure.subplots(2, count, squeeze=False)
    sides = np.diff(found.boxes).max(axis=0).ravel()
    for place, (top, bottom) in enumerate(grid.T):
        (start, end), (left, right) = found.boxes[place]
        _draw(top, images[place])
        _draw(bottom, images[place][start:end, left:right])
        _fill(bottom, found.boxes[place], sides)
        line: Any = {"fill": False, "edgecolor": plot_style.COLORS[1], "linewidth": 2}
        corner = left - 0.5, start - 0.5
        top.add_patch(Rectangle(corner, right - left, end - start, **line))
        top.set_title(f"no. {found.places[place]}", fontsize=8)
        bottom.set_xlabel(f"{found.activations[place]:.3g}", fontsize=8)
    grid[0, 0].set_ylabel("image")
    grid[1, 0].set_ylabel("seen")
    return figure


def _fill(axes: Axes, box: np.ndarray, sides: np.ndarray) -> None:
    """Make a patch as large as the largest, by color where the image has ended."""
    before = np.where(box[:, 0] == 0, sides - np.diff(box).ravel(), 0)
    top, left = -0.5 - before
    axes.set(xlim=(left, left + sides[1]), ylim=(top + sides[0], top))
    axes.set_facecolor(plot_style.COLORS[5])
