"""A network as a list of a few plain operations, which a program in any language can compute.

Every value is float `[batch, height, width, channels]`: vectors have one row and one column, what
has steps (sounds, texts) has one row, and tokens are numbers in one channel. An operation is a
dictionary: its kind, the name of its layer, the places of its inputs (0 is the raw input, 1 what
the first operation gives), the shapes of its weights in order, and settings of its own.
`html_reference` computes them in NumPy, `cnnzoo/page/alone/operations.js` in a browser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.export.assembly import named
from cnnzoo.inspection.graph import Call, calls, graph, nested
from cnnzoo.pipelines.tokenizer import Tokenizer


class Lacking(Exception):  # noqa: N818
    """What the list has no operation for; its text says what, without the layer's name."""


# Adds the operations of one call of a layer to the list, given the places of its inputs, and
# returns the place of its output.
Write = Callable[["Operations", Any, list[int], Call], int]


class Operations:
    """The operations of a model, their weights, and the place of each of its outputs."""

    def __init__(self, model: keras.Model, writers: dict[type, Write]) -> None:
        """Write the operations of what `connect` returned, from raw input or from tokens.

        Args:
            model: It should be folded.
            writers: Of the layers that the list can hold.

        Raises:
            CnnzooError: The list has no equivalent of a layer; the error names it.
        """
        self.operations: list[dict[str, Any]] = []
        self.weights: list[tuple[str, np.ndarray]] = []  # Names and float32, in order.
        self._writers = writers
        self._places = {id(graph(model).inputs[0]): 0}  # By the `id` of a tensor.
        self._masks: dict[int, int] = {}  # Place of a value -> place of its mask, zeros and ones.
        self._lacking: dict[int, str] = {}
        for call in self._calls(model):
            self._write(call)
        self.outputs = {name: self._place(one) for name, one in named(model.output).items()}

    def add(
        self,
        kind: str,
        layer: Any,
        inputs: Sequence[int],
        weights: dict[str, Any] | None = None,
        **settings: Any,
    ) -> int:
        """Append one operation and return the place of its output."""
        arrays = {name: np.asarray(one, np.float32) for name, one in (weights or {}).items()}
        self.weights += arrays.items()
        shapes = {name: list(one.shape) for name, one in arrays.items()}
        one = {"kind": kind, "name": layer.name, "inputs": list(inputs), **settings}
        self.operations.append({**one, "weights": shapes} if shapes else one)
        return len(self.operations)

    def mask_of(self, place: int) -> list[int]:
        """Return the place of the mask of a value, or nothing where all of it counts."""
        return [self._masks[place]] if place in self._masks else []

    def set_mask(self, place: int, masks: Sequence[int]) -> int:
        """Take note of the mask of a value, if there is one, and return the value's place."""
        self._masks.update((place, mask) for mask in masks)
        return place

    def _calls(self, model: keras.Model) -> Iterator[Call]:
        """Yield the calls of a model and of those in it, whose tensors it takes for its own."""
        for call in calls(model):
            if not nested(call.layer):
                yield call
                continue
            inner = graph(call.layer)
            self._places[id(inner.inputs[0])] = self._place(call.inputs[0])
            yield from self._calls(call.layer)
            for given, output in zip(call.outputs, inner.outputs, strict=True):
                self._places[id(given)] = self._place(output)

    def _write(self, call: Call) -> None:
        """Write a call; what the list lacks is an error only where its output is needed."""
        layer, output = call.layer, id(call.outputs[0])
        if isinstance(layer, Tokenizer):  # What it gives is the input.
            self._places[output] = 0
            return
        # Masks, the only bools, are written with what makes them: Keras has them as a calculation
        # of its own.
        inputs = [one for one in call.inputs if one.dtype != "bool"]
        for one in inputs:
            if id(one) in self._lacking:
                self._lacking[output] = self._lacking[id(one)]
                return
        try:
            if type(layer) not in self._writers:
                raise Lacking(type(layer).__name__)
            places = [self._place(one) for one in inputs]
            place = self._writers[type(layer)](self, layer, places, call)
        except Lacking as error:
            self._lacking[output] = f"{layer.name} ({error})"
            return
        self._places[output] = place
        if place not in self._masks and getattr(layer, "supports_masking", False):
            self.set_mask(place, self.mask_of(places[0]))

    def _place(self, tensor: Any) -> int:
        if id(tensor) in self._lacking:
            raise CnnzooError(
                "format html cannot hold the network: it has no equivalent of the layer "
                f"{self._lacking[id(tensor)]}"
            )
        return self._places[id(tensor)]
