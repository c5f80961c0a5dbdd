"""What a network costs, layer by layer; operations that are no layers have no rows.

A multiply-add is one product of a weight with an input value, for one example. Convolutions, dense
layers and the zoo's own weighted layers count; biases, activations, pooling, normalization and
embeddings do not. Activation memory is the size of all outputs of layers, which training keeps.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras

from cnnzoo import registry
from cnnzoo.errors import CnnzooError
from cnnzoo.guard.shapes import bytes_of, without_values
from cnnzoo.inspection import receptive_field
from cnnzoo.inspection.graph import Call, graph, last_maps, nested
from cnnzoo.inspection.receptive_field import Seen
from cnnzoo.models import MODELS, create_model

_FREE = (
    *(keras.layers.Embedding, keras.layers.BatchNormalization, keras.layers.LayerNormalization),
    *(keras.layers.GroupNormalization, keras.layers.PReLU),
)


class LayerCost(NamedTuple):
    """One call of a layer; its field, stride and center are in input positions, a side each."""

    name: str
    kind: str
    output_shape: list[int | None]  # Of one example.
    params: int  # Trainable; counted at the first call of a shared layer.
    total_params: int
    macs: int
    activation_bytes: int
    receptive_field: list[int] | None  # None where every unit sees all of the input.
    stride: list[float] | None
    center: list[float] | None  # Of the field of the first unit.


def describe(name: str) -> dict[str, Any]:
    """Return what is known of the network `name`, with its input and classes as published.

    Raises:
        CnnzooError: The name is unknown.
    """
    module = MODELS[name]
    with without_values():
        model = create_model(name)
    layers = layer_costs(model)
    return {
        "name": name,
        "params": sum(layer.params for layer in layers),
        "total_params": sum(layer.total_params for layer in layers),
        "macs": sum(layer.macs for layer in layers),
        "activation_bytes": sum(layer.activation_bytes for layer in layers),
        "receptive_field": _largest_field(model, layers),
        "input_shape": list(model.input_shape[1:]),
        "num_classes": model.output_shape[-1],
        "source": registry.paragraph(module, "Source"),
        "departures": registry.paragraph(module, "Departures"),
        "layers": [layer._asdict() for layer in layers],
    }


def multiply_adds(model: keras.Model) -> int:
    """Return the multiply-adds of a built Functional or Sequential model, for one example.

    Raises:
        CnnzooError: The model is of another kind, a layer has weights and no known count, or a side
            of the input is not definite.
    """
    return sum(layer.macs for layer in layer_costs(model))


def largest_receptive_field(model: keras.Model) -> list[int]:
    """Return how many positions per side one unit of the last feature maps sees, with padding.

    These are all sides of the input where the maps are multiplied by gates that see all of it, as
    in squeeze-and-excite networks. What follows the maps (flattening, global pooling, dense layers)
    is not meant.

    Raises:
        CnnzooError: As for `multiply_adds`.
    """
    return _largest_field(model, layer_costs(model))


def _largest_field(model: keras.Model, layers: list[LayerCost]) -> list[int]:
    fields = [layer.receptive_field for layer in layers if layer.receptive_field is not None]
    if not fields:
        return list(model.input_shape[1:])
    last = last_maps(model)
    for seen in receptive_field.walk(model):
        if last is not None and seen.call.outputs[0] is last.outputs[0] and seen.field is None:
            return list(graph(model).inputs[0].shape[1 : len(fields[0]) + 1])
    return [max(sides) for sides in zip(*fields, strict=True)]


def layer_costs(model: keras.Model, batch_size: int = 1) -> list[LayerCost]:
    """Return a row for each call of a layer, those of nested models among them, in order.

    Args:
        model: A built Functional or Sequential model.
        batch_size: Examples whose activations are counted.

    Raises:
        CnnzooError: As for `multiply_adds`.
    """
    inputs = graph(model).inputs
    if any(side is None for tensor in inputs for side in tensor.shape[1:]):
        shapes = ", ".join(str(tensor.shape[1:]) for tensor in inputs)
        raise CnnzooError(f"input_shape must be definite for a cost; got {shapes}")
    counted: set[int] = set()
    return [
        _row(seen, batch_size, counted)
        for seen in receptive_field.walk(model)
        # No rows for what computes a mask, say, nor for a nested model beside its layers.
        if isinstance(seen.call.layer, keras.layers.Layer) and not nested(seen.call.layer)
    ]


def _row(seen: Seen, batch_size: int, counted: set[int]) -> LayerCost:
    call, field, layer = seen.call, seen.field, seen.call.layer
    fresh = id(layer) not in counted
    counted.add(id(layer))
    weights = getattr(layer, "weights", []) if fresh else []
    trainable = getattr(layer, "trainable_weights", []) if fresh else []
    return LayerCost(
        name=seen.path,
        kind=type(layer).__name__,
        output_shape=list(call.outputs[0].shape[1:]),
        params=sum(math.prod(weight.shape) for weight in trainable),
        # The state of a random number generator is no parameter.
        total_params=sum(
            math.prod(weight.shape) for weight in weights if "float" in str(weight.dtype)
        ),
        macs=_multiply_adds(call),
        activation_bytes=batch_size
        * sum(bytes_of(tensor.shape[1:], tensor.dtype) for tensor in call.outputs),
        receptive_field=None if field is None else [side.size for side in field],
        stride=None if field is None else [side.stride for side in field],
        center=None if field is None else [side.center for side in field],
    )


def _multiply_adds(call: Call) -> int:
    layer, output = call.layer, call.outputs[0]
    if hasattr(layer, "multiply_adds"):
        return layer.multiply_adds(output.shape)
    if not getattr(layer, "weights", None) or isinstance(layer, _FREE):
        return 0
    kernels = [
        getattr(layer, name)
        for name in ("kernel", "depthwise_kernel", "pointwise_kernel")
        if getattr(layer, name, None) is not None
    ]
    products = sum(math.prod(kernel.shape) for kernel in kernels)
    if isinstance(layer, keras.layers.Dense):
        return math.prod(output.shape[1:-1]) * products
    if kernels and hasattr(layer, "kernel_size"):
        transposed = "Transpose" in type(layer).__name__
        maps = call.inputs[0].shape if transposed else output.shape
        sides = maps[1:-1] if layer.data_format == "channels_last" else maps[2:]
        return math.prod(sides) * products
    if all("seed" in weight.path for weight in layer.weights):
        return 0  # Dropout's random number generator.
    raise CnnzooError(
        f"layers must have a known cost; {layer.name!r} ({type(layer).__name__}) has none"
    )
