"""What a network costs, layer by layer; operations that are no layers have no rows.

What counts as a multiply-add is said in `macs`. Activation memory is the size of all outputs of
layers, which training keeps.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple

import keras

from cnnzoo import registry
from cnnzoo.errors import CnnzooError
from cnnzoo.guard.shapes import bytes_of, without_values
from cnnzoo.inspection import receptive_field
from cnnzoo.inspection.graph import graph, last_maps, nested
from cnnzoo.inspection.macs import multiply_adds_of
from cnnzoo.inspection.receptive_field import Seen
from cnnzoo.models import MODELS, create_model


class LayerCost(NamedTuple):
    """One call of a layer; its field, stride and center are in input positions, one per side."""

    name: str
    kind: str
    output_shape: list[int | None]  # Of one example.
    params: int  # Trainable; counted at the first call of a shared layer.
    total_params: int
    macs: int  # Multiply-adds; 0 where a remark says that they are not known.
    activation_bytes: int
    receptive_field: list[int] | None  # None where every unit sees all of the input.
    stride: list[float] | None
    center: list[float] | None  # Of the field of the first unit.
    remark: str = ""  # What is not known of the layer.


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

    Layers whose count is not known are left out with a warning.

    Raises:
        CnnzooError: The model is of another kind, or a side of the input is not definite.
    """
    layers = layer_costs(model)
    unknown = [f"{layer.name!r} ({layer.kind})" for layer in layers if layer.remark]
    if unknown:
        listed = ", ".join(unknown)
        warnings.warn(f"multiply-adds leave out layers of unknown cost: {listed}", stacklevel=2)
    return sum(layer.macs for layer in layers)


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
        # No rows for what computes a mask, say, nor for a nested model next to its layers.
        if isinstance(seen.call.layer, keras.layers.Layer) and not nested(seen.call.layer)
    ]


def _row(seen: Seen, batch_size: int, counted: set[int]) -> LayerCost:
    call, field, layer = seen.call, seen.field, seen.call.layer
    macs = multiply_adds_of(call)
    fresh = id(layer) not in counted
    counted.add(id(layer))
    weights = getattr(layer, "weights", []) if fresh else []
    trainable = getattr(layer, "trainable_weights", []) if fresh else []
    floats = [weight for weight in weights if "float" in str(weight.dtype)]  # No random states.
    size = sum(bytes_of(tensor.shape[1:], tensor.dtype) for tensor in call.outputs)
    return LayerCost(
        name=seen.path,
        kind=type(layer).__name__,
        output_shape=list(call.outputs[0].shape[1:]),
        params=sum(math.prod(weight.shape) for weight in trainable),
        total_params=sum(math.prod(weight.shape) for weight in floats),
        macs=macs or 0,
        activation_bytes=batch_size * size,
        receptive_field=None if field is None else [side.size for side in field],
        stride=None if field is None else [side.stride for side in field],
        center=None if field is None else [side.center for side in field],
        remark="multiply-adds not known" if macs is None else "",
    )
