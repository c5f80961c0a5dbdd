"""What a network costs and how far it sees.

A multiply-add is one product of a weight with an input value, for one example. Convolutions, dense
layers and the zoo's own weighted layers count; biases, activations, pooling and normalisation do
not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import keras

from cnnzoo import registry
from cnnzoo.errors import CnnzooError
from cnnzoo.models import MODELS, create_model

_FREE = (keras.layers.Embedding, keras.layers.BatchNormalization, keras.layers.LayerNormalization)


def describe(name: str) -> dict[str, Any]:
    """Return what is known of the network `name`, with its input and classes as published.

    Raises:
        CnnzooError: The name is unknown.
    """
    module = MODELS[name]
    model = create_model(name)
    return {
        "name": name,
        "params": sum(math.prod(weight.shape) for weight in model.trainable_weights),
        "total_params": model.count_params(),
        "macs": multiply_adds(model),
        "receptive_field": receptive_field(model),
        "input_shape": list(model.input_shape[1:]),
        "num_classes": model.output_shape[-1],
        "source": registry.paragraph(module, "Source"),
        "departures": registry.paragraph(module, "Departures"),
    }


def multiply_adds(model: keras.Model) -> int:
    """Return the multiply-adds of a built Functional or Sequential model, for one example.

    Raises:
        CnnzooError: A layer has weights and no known count.
    """
    return sum(_layer_multiply_adds(layer) for layer in model.layers)


def _layer_multiply_adds(layer: keras.layers.Layer) -> int:
    if isinstance(layer, keras.Model):
        return multiply_adds(layer)
    if hasattr(layer, "multiply_adds"):
        return layer.multiply_adds(layer.output.shape)
    if not layer.weights or isinstance(layer, _FREE):
        return 0
    kernel: Any = getattr(layer, "kernel", None)
    if isinstance(layer, keras.layers.Dense):
        return math.prod(layer.output.shape[1:-1]) * math.prod(kernel.shape)
    if _is_convolution(layer) and kernel is not None:
        transposed = "Transpose" in type(layer).__name__
        maps = layer.input.shape if transposed else layer.output.shape
        sides = maps[1:-1] if layer.data_format == "channels_last" else maps[2:]
        return math.prod(sides) * math.prod(kernel.shape)
    raise CnnzooError(
        f"layers must have a known cost; {layer.name!r} ({type(layer).__name__}) has none"
    )


def receptive_field(model: keras.Model) -> list[int]:
    """Return how many input rows and columns one unit of the last feature map sees.

    The last feature map is the last output with spatial extent: what follows (flattening, global
    pooling, dense layers) sees all of it. A side never exceeds the input's.

    Raises:
        CnnzooError: A layer with a kernel has no known field.
    """
    shape = model.input_shape
    rank = len(shape) - 2
    if rank < 1:
        return [int(side) for side in shape[1:]]
    fields: dict[int, list[tuple[int, int]]] = {id(model.inputs[0]): [(1, 1)] * rank}
    last = fields[id(model.inputs[0])]
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        seen = [fields[id(tensor)] for tensor in _tensors(layer.input) if id(tensor) in fields]
        if not seen or len(layer.output.shape) != len(shape):
            continue
        widest = [max(sides) for sides in zip(*seen, strict=True)]
        last = _through(layer, widest)
        fields[id(layer.output)] = last
    return [min(field, side or field) for (field, _), side in zip(last, shape[1:-1], strict=True)]


def _through(layer: keras.layers.Layer, sides: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return (field, distance of neighbours in input pixels) a side, after `layer`."""
    size = getattr(layer, "kernel_size", getattr(layer, "pool_size", 1))
    strides = getattr(layer, "strides", 1)
    dilation = getattr(layer, "dilation_rate", 1)
    columns = (_each(value, len(sides)) for value in (size, strides, dilation))
    return [
        (field + (kernel - 1) * spread * step, step * stride)
        for (field, step), kernel, stride, spread in zip(sides, *columns, strict=True)
    ]


def _each(value: Any, count: int) -> list[int]:
    return list(value) if isinstance(value, Iterable) else [value] * count


def _tensors(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _is_convolution(layer: keras.layers.Layer) -> bool:
    return "Conv" in type(layer).__name__ and hasattr(layer, "kernel_size")
