"""How each layer is written as operations, see `operations`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from cnnzoo import layers
from cnnzoo.export.operations import Lacking, Operations, Write
from cnnzoo.inspection.graph import Call
from cnnzoo.layers.views import SHIFTS

WRITERS: dict[type, Write] = {}

_ACTIVATIONS = ("relu", "gelu", "sigmoid", "tanh", "softmax")


def _writes(*kinds: type) -> Callable[[Write], Write]:
    """Register what writes layers of these `kinds`."""

    def register(write: Write) -> Write:
        WRITERS.update((kind, write) for kind in kinds)
        return write

    return register


def _activated(to: Operations, layer: Any, place: int, function: Any) -> int:
    """Append an activation function of Keras, and nothing for the identity."""
    name = getattr(function, "__name__", str(function))
    if name == "linear":
        return place
    if name not in _ACTIVATIONS:
        raise Lacking(f"the activation {name}")
    return to.add(name, layer, [place])


@_writes(keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
def _convolution(to: Operations, layer: Any, places: list[int], call: Call) -> int:
    pads = _pads(layer, call.inputs[0].shape[1:-1], layer.kernel_size)
    return _convolved(to, layer, places, pads)


@_writes(layers.MaskedConv1D)
def _masked_convolution(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    mask = to.mask_of(places[0])
    values = [to.add("multiply", layer, [*places, *mask])] if mask else places
    margins = [0, 0, layer.margin, layer.margin]
    if mask and layer.full:  # A window counts if any of its steps does.
        ones = np.ones((1, *layer.kernel_size, 1, 1))
        how = _steps(layer.strides, layer.dilation_rate)
        weights = {"kernel": ones, "bias": [0]}
        counts = to.add("conv", layer, mask, weights, pads=margins, **how, groups=1)
        mask = [to.add("positive", layer, [counts])]
    elif mask and layer.strides[0] > 1:
        raise Lacking("MaskedConv1D with strides")
    return to.set_mask(_convolved(to, layer, values, margins), mask)


def _convolved(to: Operations, layer: Any, places: list[int], pads: list[int]) -> int:
    kernel, *biases = layer.get_weights()
    groups = getattr(layer, "groups", 1)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        *sides, groups, multiplier = kernel.shape
        kernel = kernel.reshape(*sides, 1, groups * multiplier)
    if kernel.ndim == 3:
        kernel = kernel[None]
    weights = {"kernel": kernel, "bias": biases[0] if biases else np.zeros(kernel.shape[-1])}
    how = _steps(layer.strides, layer.dilation_rate)
    found = to.add("conv", layer, places, weights, pads=pads, **how, groups=groups)
    return _activated(to, layer, found, layer.activation)


def _steps(strides: tuple[int, ...], dilation: tuple[int, ...]) -> dict[str, list[int]]:
    return {"strides": _both(strides), "dilation": _both(dilation)}


def _both(sides: tuple[int, ...]) -> list[int]:
    """Return what holds for rows and columns; steps are columns."""
    return [1, *sides] if len(sides) == 1 else list(sides)


def _pads(layer: Any, sides: tuple[int | None, ...], window: tuple[int, ...]) -> list[int]:
    """Return the rows and columns that are added above, below, left and right."""
    if layer.data_format != "channels_last":
        raise Lacking("channels first")
    dilation = getattr(layer, "dilation_rate", (1,) * len(window))
    pads: list[int] = [] if len(window) == 2 else [0, 0]
    for side, size, step, apart in zip(sides, window, layer.strides, dilation, strict=True):
        reach = (size - 1) * apart
        if layer.padding == "same" and side is None and step > 1:
            raise Lacking("padding of any length")
        total = 0 if layer.padding == "valid" else reach
        if layer.padding == "same" and side is not None:
            total = max((-(-side // step) - 1) * step + reach + 1 - side, 0)
        before = total if layer.padding == "causal" else total // 2
        pads += [before, total - before]
    return pads


@_writes(keras.layers.Dense)
def _dense(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    kernel, *biases = layer.get_weights()
    weights = {
        "kernel": kernel[None, None],
        "bias": biases[0] if biases else np.zeros(kernel.shape[-1]),
    }
    found = to.add("conv", layer, places, weights, pads=[0] * 4, **_steps((1,), (1,)), groups=1)
    return _activated(to, layer, found, layer.activation)


@_writes(
    *(keras.layers.MaxPooling1D, keras.layers.MaxPooling2D),
    *(keras.layers.AveragePooling1D, keras.layers.AveragePooling2D),
)
def _pooling(to: Operations, layer: Any, places: list[int], call: Call) -> int:
    pads = _pads(layer, call.inputs[0].shape[1:-1], layer.pool_size)
    kind = "max" if "Max" in type(layer).__name__ else "average"
    window, strides = _both(layer.pool_size), _both(layer.strides)
    return to.add(f"{kind}_pool", layer, places, window=window, strides=strides, pads=pads)


@_writes(
    *(keras.layers.GlobalMaxPooling1D, keras.layers.GlobalMaxPooling2D),
    *(keras.layers.GlobalAveragePooling1D, keras.layers.GlobalAveragePooling2D),
)
def _global_pooling(to: Operations, layer: Any, places: list[int], call: Call) -> int:
    if layer.data_format != "channels_last":
        raise Lacking("channels first")
    if len(call.inputs) > 1:
        raise Lacking(f"{type(layer).__name__} with a mask")
    kind = "max" if "Max" in type(layer).__name__ else "average"
    return to.add(f"{kind}_all", layer, places)


@_writes(layers.GlobalMaskedMaxPooling1D)
def _masked_pooling(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    return to.add("max_all", layer, [*places, *to.mask_of(places[0])])


@_writes(layers.Subsampling2D)
def _subsampling(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    sides = [layer.pool_size] * 2
    mean = to.add("average_pool", layer, places, window=sides, strides=sides, pads=[0] * 4)
    coefficient, bias = layer.get_weights()
    factor = layer.pool_size**2 * coefficient
    return to.add("scale", layer, [mean], {"factor": factor, "offset": bias})


@_writes(keras.layers.ZeroPadding1D, keras.layers.ZeroPadding2D)
def _padding(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    if layer.data_format != "channels_last":
        raise Lacking("channels first")
    sides = layer.padding
    pads = [0, 0, *sides] if isinstance(sides[0], int) else [*sides[0], *sides[1]]
    return to.add("pad", layer, places, pads=pads)


@_writes(layers.ZeroPadShortcut)
def _shortcut(to: Operations, layer: Any, places: list[int], call: Call) -> int:
    kept = places[0]
    if layer.strides > 1:
        strides = [layer.strides] * 2
        kept = to.add("max_pool", layer, places, window=[1, 1], strides=strides, pads=[0] * 4)
    channels = call.inputs[0].shape[-1]
    zeros = [-1] * (layer.filters - channels)
    return to.add("channels", layer, [kept], order=[*range(channels), *zeros])


@_writes(layers.ChannelHalf)
def _half(to: Operations, layer: Any, places: list[int], call: Call) -> int:
    channels = np.arange(call.inputs[0].shape[-1]).reshape(2, -1)
    return to.add("channels", layer, places, order=channels[int(layer.second)].tolist())


@_writes(layers.ChannelShuffle)
def _shuffle(to: Operations, layer: Any, places: list[int], call: Call) -> int:
    channels = np.arange(call.inputs[0].shape[-1]).reshape(layer.groups, -1)
    return to.add("channels", layer, places, order=channels.T.ravel().tolist())


@_writes(keras.layers.Flatten, keras.layers.Reshape)
def _reshape(to: Operations, layer: Any, places: list[int], call: Call) -> int:
    shape = call.outputs[0].shape[1:]
    if None in shape or len(shape) > 3:
        raise Lacking(f"{type(layer).__name__} to {shape}")
    return to.add("reshape", layer, places, shape=[1] * (3 - len(shape)) + list(shape))


@_writes(keras.layers.Dropout)
def _nothing(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    return places[0]


@_writes(keras.layers.Rescaling)
def _rescaling(to: Operations, layer: Any, places: list[int], call: Call) -> int:
    channels = call.inputs[0].shape[-1]
    factor, offset = (np.broadcast_to(one, channels) for one in (layer.scale, layer.offset))
    return to.add("scale", layer, places, {"factor": factor, "offset": offset})


@_writes(keras.layers.BatchNormalization)
def _normalization(to: Operations, layer: Any, places: list[int], call: Call) -> int:
    if layer.axis not in (-1, len(call.inputs[0].shape) - 1):
        raise Lacking(f"BatchNormalization of axis {layer.axis}")
    mean, variance = (np.asarray(one) for one in (layer.moving_mean, layer.moving_variance))
    factor = (np.asarray(layer.gamma) if layer.scale else 1) / np.sqrt(variance + layer.epsilon)
    offset = (np.asarray(layer.beta) if layer.center else 0) - mean * factor
    return to.add("scale", layer, places, {"factor": factor, "offset": offset})


@_writes(keras.layers.Activation)
def _activation(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    return _activated(to, layer, places[0], layer.activation)


@_writes(keras.layers.ReLU)
def _relu(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    if layer.negative_slope or layer.threshold:
        raise Lacking("ReLU with a slope or threshold")
    if layer.max_value is None:
        return to.add("relu", layer, places)
    return to.add("relu", layer, places, most=float(layer.max_value))


@_writes(layers.ScaledTanh)
def _scaled_tanh(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    return to.add("scaled_tanh", layer, places)


@_writes(keras.layers.Softmax)
def _softmax(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    if layer.axis != -1:
        raise Lacking(f"Softmax of axis {layer.axis}")
    return to.add("softmax", layer, places)


@_writes(keras.layers.Add)
def _add(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    return to.add("add", layer, places)


@_writes(keras.layers.Multiply)
def _multiply(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    return to.add("multiply", layer, places)


@_writes(keras.layers.Concatenate)
def _concatenate(to: Operations, layer: Any, places: list[int], call: Call) -> int:
    if layer.axis not in (-1, len(call.inputs[0].shape) - 1):
        raise Lacking(f"Concatenate of axis {layer.axis}")
    return to.add("concatenate", layer, places)


@_writes(keras.layers.Embedding)
def _embedding(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    found = to.add("embedding", layer, places, {"table": layer.get_weights()[0]})
    return to.set_mask(found, [to.add("positive", layer, places)] if layer.mask_zero else [])


@_writes(layers.OneHot)
def _one_hot(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    table = np.eye(layer.first + layer.depth)[:, layer.first :]
    return to.add("embedding", layer, places, {"table": table})


@_writes(layers.RBF)
def _rbf(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    return to.add("distances", layer, places, {"codes": layer.codes})


@_writes(layers.Views)
def _views(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    return to.add("views", layer, places, shifts=list(SHIFTS[layer.kind]))


@_writes(layers.MeanOfViews)
def _mean_of_views(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    shares = [half for whole in SHIFTS[layer.kind].values() for half in (whole / 2, whole / 2)]
    return to.add("softmax", layer, [to.add("blend", layer, places, shares=shares)])


@_writes(layers.KnownWords)
def _known_words(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    return to.add("known_words", layer, places)


@_writes(layers.Summary)
def _summary(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    means = [to.add("average_all", layer, [place]) for place in places]
    found = to.add("concatenate", layer, means)
    if layer.views is not None:
        count = 2 * len(SHIFTS[layer.views])
        found = to.add("blend", layer, [found], shares=[1 / count] * count)
    return to.add("signed_root", layer, [found])


@_writes(layers.Familiarity)
def _familiarity(to: Operations, layer: Any, places: list[int], _: Call) -> int:
    names = ("directions", "shift", "centers", "offsets")
    return to.add("familiarity", layer, places, {name: getattr(layer, name) for name in names})
