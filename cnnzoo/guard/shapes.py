"""Networks of shapes without values: what memory one takes, before any is allocated."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras

from cnnzoo import keras_internals

_ATTENTION = (
    *(keras.layers.Attention, keras.layers.AdditiveAttention),
    *(keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention),
)


@contextlib.contextmanager
def without_values() -> Iterator[None]:
    """Build networks whose weights have a shape and no value: the largest takes no memory."""
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:  # Keras would give them values the next time that it builds something.
        keras_internals.forget_uninitialized_variables()


def build(config: dict[str, Any]) -> keras.Model:
    """Return the network that Keras's `config` describes, without values; `config` is used up."""
    with without_values(), keras_internals.object_sharing():
        return keras.saving.deserialize_keras_object(config)


def bytes_of(shape: Any, dtype: Any) -> int:
    """Return the size of a tensor; a side that is not definite counts as one."""
    bits = re.search(r"\d+", keras.backend.standardize_dtype(dtype))
    return math.prod(side or 1 for side in shape) * (int(bits[0]) // 8 if bits else 1)


class Call(NamedTuple):
    """One call of a layer or an operation of Keras."""

    operation: Any
    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]

    @property
    def steps(self) -> tuple[int, int]:
        """How many steps recurrent layers take one after the other, and how many are unrolled.

        Sides of the input that cannot be told from steps count as such.
        """
        recurrent = [one for one in self._layers() if isinstance(one, keras.layers.RNN)]
        sides = [side or 1 for tensor in self.inputs[:1] for side in tensor.shape[1:-1]]
        unrolled = [one for one in recurrent if one.unroll]
        return len(recurrent) * math.prod(sides), len(unrolled) * max(sides, default=0)

    @property
    def attended(self) -> int:
        """Pairs of positions that attention compares, once for each head."""
        heads = [
            getattr(one, "num_heads", 1) for one in self._layers() if isinstance(one, _ATTENTION)
        ]
        if not heads or not self.inputs:
            return 0
        sizes = [math.prod(side or 1 for side in one.shape[1:-1]) for one in self.inputs[:2]]
        return sum(heads) * sizes[0] * sizes[-1]

    def _layers(self) -> list[Any]:
        if isinstance(self.operation, keras.Model) or not isinstance(self.operation, keras.Layer):
            return []  # The calls within a model stand for themselves.
        return keras_internals.flatten_layers(self.operation)


def calls(model: keras.Model) -> Iterator[Call]:
    """Yield each call of a Functional or Sequential model and of those within it."""
    for nodes in keras_internals.nodes_by_depth(keras_internals.functional(model)).values():
        for node in nodes:
            yield Call(node.operation, node.input_tensors, node.outputs)
            if isinstance(node.operation, keras.Model):
                yield from calls(node.operation)
