"""A network as a drawing: what each part gives, costs and sees."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import keras
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from cnnzoo import figures
from cnnzoo.inspection.cost import LayerCost, layer_costs
from cnnzoo.inspection.graph import graph

LENGTH = 50  # Tokens of a text whose cost is counted, where a network takes any number.
_PARTS = 26  # Rows of the drawing at most, so that it stays readable.

# The beginning of a name such as stage2_unit1_conv1 that the layers of a part share.
_GROUPS: list[Any] = [re.compile(pattern) for pattern in (".*", r".*_unit\d+|[^_]*", "[^_]*")]

_KINDS = {  # What a layer's class is called with -> what it is, and its colour.
    "Conv": ("convolution", figures.COLOURS[0]),
    "Dense": ("dense", figures.COLOURS[1]),
    "Pool": ("pooling", figures.COLOURS[2]),
    "Subsampling": ("pooling", figures.COLOURS[2]),
    "Caps": ("capsules", figures.COLOURS[3]),
    "Squash": ("capsules", figures.COLOURS[3]),
    "Embedding": ("embedding", figures.COLOURS[4]),
}
_OTHER = ("other", "#8c939b")


class Part(NamedTuple):
    """Layers that follow each other, drawn as one."""

    name: str
    kind: str
    layers: list[LayerCost]

    @property
    def params(self) -> int:
        """Trainable parameters."""
        return sum(layer.params for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-adds of one example."""
        return sum(layer.macs for layer in self.layers)

    @property
    def output(self) -> list[int]:
        """Shape of what the last layer gives for one example."""
        return [side or 1 for side in self.layers[-1].output_shape]


def rows_of(network: keras.Model) -> list[LayerCost]:
    """Return the cost of each layer; of a network over texts of any length, for LENGTH tokens.

    Raises:
        CnnzooError: As `layer_costs`.
    """
    tokens = graph(network).inputs[0]
    if None in tokens.shape[1:]:
        definite = keras.Input([side or LENGTH for side in tokens.shape[1:]], dtype=tokens.dtype)
        network = keras.models.clone_model(network, input_tensors=definite)
    return layer_costs(network)


def parts_of(rows: list[LayerCost]) -> list[Part]:
    """Return `rows` in the finest grouping that can be drawn: by layer, unit, stage, or evenly."""
    for group in _GROUPS:
        parts = _grouped(rows, [group.match(row.name)[0] for row in rows])
        if len(parts) <= _PARTS:
            return parts
    size = math.ceil(len(rows) / _PARTS)
    return _grouped(rows, [place // size for place in range(len(rows))])


def _grouped(rows: list[LayerCost], keys: Sequence[str | int]) -> list[Part]:
    """Return `rows` with a part for each run of equal `keys`, which are names if they are texts."""
    found = []
    for key, group in groupby(zip(keys, rows, strict=True), lambda pair: pair[0]):
        layers = [row for _, row in group]
        costly = max(layers, key=lambda row: (row.macs, row.params))
        name = key if isinstance(key, str) else f"{layers[0].name} to {layers[-1].name}"
        found.append(Part(name, kind_of(costly), layers))
    return found


def kind_of(row: LayerCost) -> str:
    """Return what a layer is, in one word."""
    return next((kind for start, (kind, _) in _KINDS.items() if start in row.kind), _OTHER[0])


def described(part: Part) -> str:
    """Return what a part is made of: its one layer's class, or its weighted layers, counted."""
    if len(part.layers) == 1:
        return part.layers[0].kind
    kinds = Counter(row.kind for row in part.layers if row.macs) or Counter(
        row.kind for row in part.layers
    )
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(2))


@figures.style()
def drawing(parts: list[Part]) -> Figure:
    """Return a picture with a row a part: output, parameters, multiply-adds, receptive field."""
    figure = Figure(figsize=(8.4, 0.9 + 0.25 * len(parts)))
    places = np.arange(len(parts))
    axes = figure.subplots(1, 4, sharey=True, width_ratios=[2.1, 1, 1, 1])
    colours = [_colour(part.kind) for part in parts]
    _outputs(axes[0], parts, colours)
    fields = [part.layers[-1].receptive_field for part in parts]
    columns = [
        ("parameters", [part.params for part in parts], [_short(part.params) for part in parts]),
        ("multiply-adds", [part.macs for part in parts], [_short(part.macs) for part in parts]),
        ("receptive field", [field[0] if field else 0 for field in fields], _seen(fields)),
    ]
    for column, (title, values, texts) in zip(axes[1:], columns, strict=True):
        column.barh(places, values, color=colours, height=0.62)
        column.set_xlim(0, max(*values, 1) * 1.5)
        column.set_title(title, loc="left")
        _bare(column)
        for place, (value, text) in enumerate(zip(values, texts, strict=True)):
            column.text(value + max(*values, 1) * 0.03, place, text, va="center", fontsize=8)
    axes[0].set_yticks(places, [part.name for part in parts])
    axes[0].set_ylim(len(parts) - 0.4, -0.6)
    known = dict([*_KINDS.values(), _OTHER])
    used = [kind for kind in known if kind in {part.kind for part in parts}]
    figure.legend(
        handles=[Patch(color=known[kind], label=kind) for kind in used],
        loc="outside upper right",
        ncols=len(used),
    )
    return figure


def _outputs(axes: Axes, parts: list[Part], colours: list[str]) -> None:
    """Draw each output as a box: as wide as it has numbers, on a scale of powers of two."""
    widths = [math.log2(math.prod(part.output)) + 1 for part in parts]
    for place, (part, width, colour) in enumerate(zip(parts, widths, colours, strict=True)):
        box = Rectangle((-width / 2, place - 0.36), width, 0.72, facecolor=colour)
        axes.add_patch(box)
        shape = " × ".join(map(str, part.output))
        fits = width > 0.62 * max(widths)
        at, side = (0.0, "center") if fits else (width / 2 + 0.3, "left")
        colour = "white" if fits else figures.INK
        axes.text(at, place, shape, ha=side, va="center", fontsize=8, color=colour)
    axes.set_xlim(-max(widths) / 2 - 0.5, max(widths) / 2 + 2.5)
    axes.set_title("output of one example", loc="left")
    _bare(axes)


def _bare(axes: Axes) -> None:
    axes.grid(False)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _colour(kind: str) -> str:
    return dict([*_KINDS.values(), _OTHER])[kind]


def _seen(fields: Iterable[list[int] | None]) -> list[str]:
    return ["all" if field is None else " × ".join(map(str, field)) for field in fields]


def _short(count: int) -> str:
    """Return a count in at most four characters, or an en dash for none."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return str(count) if count else "–"


@figures.style()
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
    places = np.linspace(0, len(by_size) - 1, len(figures.COLOURS)).round().astype(int)
    chosen = dict.fromkeys(by_size[place] for place in places)
    figure = Figure(figsize=(5.6, 3.4))
    axes = figure.subplots()
    axes.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255)
    for colour, frame in zip(figures.COLOURS, chosen, strict=False):
        left, top, width, height = frame
        axes.add_patch(
            Rectangle((left, top), width, height, fill=False, edgecolor=colour, linewidth=2)
        )
        axes.plot([], [], color=colour, label=f"{frames[frame]}: {width:g} × {height:g}")
    axes.axis("off")
    figure.legend(loc="outside right upper")
    return figure


def _frame(row: LayerCost) -> tuple[float, float, float, float]:
    """Return left, top, width and height of what the middle unit of a layer sees, in pixels."""
    height, width = row.receptive_field or (0, 0)
    middles = [
        centre + stride * ((units or 1) // 2)
        for centre, stride, units in zip(
            row.centre or (), row.stride or (), row.output_shape, strict=False
        )
    ]
    return middles[1] - width / 2, middles[0] - height / 2, width, height
