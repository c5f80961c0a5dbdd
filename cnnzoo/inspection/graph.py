"""The calls of layers that a model is made of.

All of these functions raise `CnnzooError` for one that is neither Functional nor Sequential and
built.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras

from cnnzoo.errors import CnnzooError
from cnnzoo.keras_internals import functional, nodes_by_depth


class Call(NamedTuple):
    """One use of a layer, or of another operation."""

    layer: Any
    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]


def graph(model: keras.Model) -> Any:
    """Return the Functional model that `model` is or holds."""
    found = functional(model)
    if found is None:
        raise CnnzooError(f"model must be Functional, or Sequential and built; got {model!r}")
    return found


def calls(model: keras.Model) -> Iterator[Call]:
    """Yield the calls in an order in which each follows those that it needs."""
    by_depth = nodes_by_depth(graph(model))
    for depth in sorted(by_depth, reverse=True):
        for node in by_depth[depth]:
            if not isinstance(node.operation, keras.layers.InputLayer):
                yield Call(node.operation, node.arguments.keras_tensors, node.outputs)


def holds_tokens(tensor: keras.KerasTensor) -> bool:
    """Return whether `tensor`, an input, is of tokens: integers `[batch, length]`."""
    return "int" in tensor.dtype and len(tensor.shape) == 2


def side_count(tensor: keras.KerasTensor) -> int:
    """Return how many sides an input has: 2 of images, 1 of sounds or of tokens."""
    return 1 if holds_tokens(tensor) else len(tensor.shape) - 2


def embeddings(model: keras.Model) -> list[Any]:
    """Return the layers that turn tokens into vectors: several if side by side."""
    first = graph(model).inputs[0]
    return [
        call.layer
        for call in calls(model)
        if call.inputs[0] is first and len(first.shape) == 2 and len(call.outputs[0].shape) == 3
    ]


def output_call(model: keras.Model) -> Call:
    """Return the call that gives the model's output, the first if there are several."""
    output = graph(model).outputs[0]
    return next(call for call in calls(model) if any(one is output for one in call.outputs))


def nested(layer: Any) -> bool:
    """Return whether `layer` is a model that has calls of its own."""
    return isinstance(layer, keras.Model) and functional(layer) is not None


def walk(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, Call]]:
    """Yield path and call of each layer; "inner/conv1" is a layer of the nested model "inner".

    A nested model follows its own layers.
    """
    for call in calls(model):
        path = f"{prefix}{call.layer.name}"
        if nested(call.layer):
            yield from walk(call.layer, f"{path}/")
        yield path, call


def last_maps(model: keras.Model) -> Call | None:
    """Return the last call that gives maps of the size of the last convolution's, None without one.

    So branches that are joined after the convolution count together. Convolutions whose maps have
    a single position, as those of a gate or a head after global pooling, are left out.
    """
    found = [call for _, call in walk(model) if not nested(call.layer)]
    size = next((_size(call) for call in reversed(found) if _is_spatial_convolution(call)), None)
    if size is None:
        return None
    return next(call for call in reversed(found) if _size(call) == size)


def _is_spatial_convolution(call: Call) -> bool:
    return hasattr(call.layer, "kernel_size") and any(side != 1 for side in _size(call))


def _size(call: Call) -> tuple[int | None, ...]:
    """Return the sides of float maps, `[batch, *sides, units]`; none of other outputs."""
    output = call.outputs[0]
    return output.shape[1:-1] if "float" in str(output.dtype) else ()
