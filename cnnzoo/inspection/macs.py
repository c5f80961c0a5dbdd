"""How many multiply-adds a layer takes for one example.

A multiply-add is one product of a weight with an input, or of two inputs, as attention has them.
Biases, activations, gates, pooling, normalization, scales per channel and embeddings do not count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras

from cnnzoo.inspection.graph import Call

_FREE = (
    *(keras.layers.Embedding, keras.layers.BatchNormalization, keras.layers.LayerNormalization),
    *(keras.layers.GroupNormalization, keras.layers.Normalization, keras.layers.RMSNormalization),
    keras.layers.PReLU,
)


def multiply_adds_of(call: Call) -> int | None:
    """Return the multiply-adds of one call of a layer, None where they are not known."""
    layer, output = call.layer, call.outputs[0]
    if hasattr(layer, "multiply_adds"):
        return layer.multiply_adds(output.shape)
    for kinds, count in _COUNTS.items():
        if isinstance(layer, kinds):
            return count(call)
    weights = [one for one in getattr(layer, "weights", []) if "seed" not in one.path]
    if not weights or isinstance(layer, _FREE) or type(layer).__name__ == "LayerScale":
        return 0
    names = ("kernel", "depthwise_kernel", "pointwise_kernel")
    kernels = [getattr(layer, name) for name in names if getattr(layer, name, None) is not None]
    if not kernels or not hasattr(layer, "kernel_size"):
        return None
    maps = call.inputs[0].shape if "Transpose" in type(layer).__name__ else output.shape
    sides = maps[1:-1] if layer.data_format == "channels_last" else maps[2:]
    return math.prod(sides) * _size(kernels)


def _size(weights: Sequence[Any]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def _of_dense(call: Call) -> int:
    return math.prod(call.outputs[0].shape[1:-1]) * _size([call.layer.kernel])


def _of_einsum(call: Call) -> int:
    """Return the product of the sizes of all axes but that of the batch, each axis once."""
    of_inputs, of_kernel = call.layer.equation.partition("->")[0].split(",")
    sizes = zip(of_kernel, call.layer.kernel.shape, strict=True)
    return math.prod(call.inputs[0].shape[1:]) * math.prod(
        size for axis, size in sizes if axis not in of_inputs
    )


def _of_recurrence(call: Call) -> int | None:
    """Return the products of all steps, of a convolution's cell at all positions of its maps."""
    cells = getattr(call.layer.cell, "cells", [call.layer.cell])
    if not all(hasattr(cell, "kernel") and hasattr(cell, "recurrent_kernel") for cell in cells):
        return None
    kernels = [kernel for cell in cells for kernel in (cell.kernel, cell.recurrent_kernel)]
    sides = len(kernels[0].shape) - 2
    return (
        call.inputs[0].shape[1] * math.prod(call.outputs[0].shape[-sides - 1 : -1]) * _size(kernels)
    )


def _of_both_directions(call: Call) -> int | None:
    layers = (call.layer.forward_layer, call.layer.backward_layer)
    found = [multiply_adds_of(call._replace(layer=layer)) for layer in layers]
    return None if None in found else sum(count or 0 for count in found)


def _of_each_step(call: Call) -> int | None:
    inputs, outputs = (
        [keras.KerasTensor((one.shape[0], *one.shape[2:]), one.dtype) for one in tensors]
        for tensors in (call.inputs, call.outputs)
    )
    one_step = multiply_adds_of(Call(call.layer.layer, inputs, outputs))
    return None if one_step is None else call.inputs[0].shape[1] * one_step


def _of_heads(call: Call) -> int:
    """Return the products of the projections, of queries with keys, and of scores with values."""
    kernels = {
        path[-2]: weight.shape
        for path, weight in ((one.path.split("/"), one) for one in call.layer.weights)
        if path[-1] == "kernel"
    }
    query = call.outputs[0].shape  # With as many positions.
    value = next(  # Keyword arguments come in the order of their names: key, query, value.
        one.shape
        for one in reversed(call.inputs)
        if len(one.shape) == len(query) and one.shape[-1] == kernels["value"][0]
    )
    queries, values = math.prod(query[1:-1]), math.prod(value[1:-1])
    projections = sum(
        (values if name in ("key", "value") else queries) * math.prod(shape)
        for name, shape in kernels.items()
    )
    axes = getattr(call.layer, "attention_axes", None) or (1,)
    seen = math.prod(value[axis] for axis in axes)
    units = math.prod(kernels["query"][1:]) + math.prod(kernels["attention_output"][:-1])
    return projections + queries * seen * units


def _of_attention(call: Call) -> int:
    """Return the products of queries with keys, and of scores with values."""
    (_, queries, units), (_, values, value_units) = (one.shape for one in call.inputs[:2])
    if isinstance(call.layer, keras.layers.AdditiveAttention) and not call.layer.use_scale:
        units = 0  # Queries and keys are added.
    return queries * values * (units + value_units)


_COUNTS: dict[Any, Callable[[Call], int | None]] = {
    keras.layers.Dense: _of_dense,
    keras.layers.EinsumDense: _of_einsum,
    keras.layers.RNN: _of_recurrence,
    keras.layers.Bidirectional: _of_both_directions,
    keras.layers.TimeDistributed: _of_each_step,
    keras.layers.SpectralNormalization: lambda call: multiply_adds_of(
        call._replace(layer=call.layer.layer)
    ),
    (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention): _of_heads,
    keras.layers.Attention: _of_attention,
}
