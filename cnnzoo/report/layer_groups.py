"""The parts that a network is drawn in: layers, units, stages, whichever are few enough."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import keras
import numpy as np

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
        found.append(Part(name, kind_of(costly), layers))
    return found


def kind_of(row: LayerCost) -> str:
    """Return what a layer is, in one word."""
    return next((kind for word, kind in _KINDS.items() if word in row.kind), "other")


def described(part: Part) -> str:
    """Return what a part is made of: its one layer's class, or its weighted layers, counted."""
    if len(part.layers) == 1:
        return part.layers[0].kind
    kinds = Counter(row.kind for row in part.layers if row.macs) or Counter(
        row.kind for row in part.layers
    )
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(2))


def map_layers(rows: list[LayerCost], count: int) -> list[str]:
    """Return at most `count` layers that give maps, the last one among them, evenly spread.

    They are activations, or convolutions where these activate their outputs themselves.
    """
    sides = next((len(row.receptive_field) for row in rows if row.receptive_field), 0)
    maps = [
        row
        for row in rows
        if len(row.output_shape) == sides + 1 > 1 and set(row.output_shape[:-1]) != {1}
    ]
    active = [row.name for row in maps if row.kind in ("ReLU", "Activation")]
    names = active or [row.name for row in maps if "Conv" in row.kind]
    places = np.linspace(len(names) - 1, 0, min(count, len(names))).astype(int)
    return [names[place] for place in reversed(places)]
