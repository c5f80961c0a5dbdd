"""The architecture of a network: output, cost and receptive field of the parts that it is drawn in.

Parts are layers, units or stages, whichever are few enough.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import keras
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from cnnzoo import plot_style
from cnnzoo.inspection.cost import LayerCost, layer_costs
from cnnzoo.inspection.graph import graph

LENGTH = 50  # Tokens of a text whose cost is counted, where a network takes any number.
_PARTS = 26  # Rows of the drawing at most, so that it stays readable.

# The beginning of a name such as stage2_unit1_conv1 that the layers of a part share.
_GROUPS: list[Any] = [re.compile(pattern) for pattern in (".*", r".*_unit\d+|[^_]*", "[^_]*")]

_KINDS = {  # A word in the name of a layer's class -> what the layer is.
    **{"Conv": "convolution", "Dense": "dense", "Embedding": "embedding"},
    **{"Pool": "pooling", "Subsampling": "pooling", "Caps": "capsules", "Squash": "capsules"},
}
_NAMES = ("convolution", "dense", "pooling", "capsules", "embedding")
_COLORS = {**dict(zip(_NAMES, plot_style.COLORS, strict=False)), "other": "#8c939b"}


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
    """Return the cost of each layer; for texts of any length, for LENGTH tokens.

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
        kind = next((kind for word, kind in _KINDS.items() if word in costly.kind), "other")
        found.append(Part(name, kind, layers))
    count = Counter(part.name for part in found)  # Of two towers, layers may alternate.
    return [part if count[part.name] == 1 else part._replace(name=_span(part)) for part in found]


def _span(part: Part) -> str:
    first, last = part.layers[0].name, part.layers[-1].name
    return first if first == last else f"{first} to {last}"


def draw_architecture(network: keras.Model, title: str = "") -> Figure:
    """Return a picture of a network, trained or not, from its input at the top to its output.

    A row is a layer or, of large networks, a unit or a stage: its output for one example,
    parameters, multiply-adds and receptive field.

    Args:
        network: A Functional or Sequential model; of texts of any length, 50 tokens are counted.
        title: Above the picture.

    Raises:
        CnnzooError: The model is of another kind.
    """
    return draw_parts(parts_of(rows_of(network)), title)


@plot_style.style()
def draw_parts(parts: list[Part], title: str = "") -> Figure:
    """Return the picture of `draw_architecture` for parts that were found before."""
    figure = Figure(figsize=(8.4, 0.9 + 0.25 * len(parts)))
    places = np.arange(len(parts))
    axes = figure.subplots(1, 4, sharey=True, width_ratios=[2.1, 1, 1, 1])
    colors = [_COLORS[part.kind] for part in parts]
    _outputs(axes[0], parts, colors)
    fields = [part.layers[-1].receptive_field for part in parts]
    seen = ["all" if field is None else " × ".join(map(str, field)) for field in fields]
    columns = [
        ("parameters", [part.params for part in parts], [_short(part.params) for part in parts]),
        ("multiply-adds", [part.macs for part in parts], [_short(part.macs) for part in parts]),
        ("receptive field", [field[0] if field else 0 for field in fields], seen),
    ]
    for column, (heading, values, texts) in zip(axes[1:], columns, strict=True):
        column.barh(places, values, color=colors, height=0.62)
        column.set_xlim(0, max(*values, 1) * 1.5)
        column.set_title(heading, loc="left")
        _bare(column)
        for place, (value, text) in enumerate(zip(values, texts, strict=True)):
            column.text(value + max(*values, 1) * 0.03, place, text, va="center", fontsize=8)
    axes[0].set_yticks(places, [part.name for part in parts])
    axes[0].set_ylim(len(parts) - 0.4, -0.6)
    used = [kind for kind in _COLORS if kind in {part.kind for part in parts}]
    if title:
        figure.suptitle(plot_style.plain(title), x=0.01, ha="left")
    patches = [Patch(color=_COLORS[kind], label=kind) for kind in used]
    figure.legend(handles=patches, loc="outside upper right", ncols=len(used))
    return figure


def _outputs(axes: Axes, parts: list[Part], colors: list[str]) -> None:
    """Draw each output as a box: as wide as it has numbers, on a scale of powers of two."""
    widths = [math.log2(math.prod(part.output)) + 1 for part in parts]
    for place, (part, width, color) in enumerate(zip(parts, widths, colors, strict=True)):
        axes.add_patch(Rectangle((-width / 2, place - 0.36), width, 0.72, facecolor=color))
        shape = " × ".join(map(str, part.output))
        fits = width > 0.62 * max(widths)
        at, side = (0.0, "center") if fits else (width / 2 + 0.3, "left")
        color = "white" if fits else plot_style.INK
        axes.text(at, place, shape, ha=side, va="center", fontsize=8, color=color)
    axes.set_xlim(-max(widths) / 2 - 0.5, max(widths) / 2 + 2.5)
    axes.set_title("output of one example", loc="left")
    _bare(axes)


def _bare(axes: Axes) -> None:
    axes.grid(False)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _short(count: int) -> str:
    """Return a count in at most four characters, or an en dash for none."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= 0.9995 * size:  # Less is 999 of the next.
            return f"{count / size:.3g} {unit}"
    return str(count) if count else "–"
