"""The calls of layers that a Functional or Sequential model is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras

from cnnzoo.errors import CnnzooError


class Call(NamedTuple):
    """One use of a layer, or of another operation."""

    layer: Any
    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]


def graph(model: keras.Model) -> Any:
    """Return the Functional model that `model` is or holds.

    Raises:
        CnnzooError: It is neither Functional nor Sequential, or not yet built.
    """
    functional = getattr(model, "_functional", model)
    if not hasattr(functional, "_nodes_by_depth"):
        raise CnnzooError(f"model must be Functional, or Sequential and built; got {model!r}")
    return functional


def calls(model: keras.Model) -> Iterator[Call]:
    """Yield the calls in an order in which each follows those that it needs.

    Raises:
        CnnzooError: The model is neither Functional nor Sequential, or not yet built.
    """
    by_depth = graph(model)._nodes_by_depth
    for depth in sorted(by_depth, reverse=True):
        for node in by_depth[depth]:
            if not isinstance(node.operation, keras.layers.InputLayer):
                yield Call(node.operation, node.arguments.keras_tensors, node.outputs)
