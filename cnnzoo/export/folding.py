"""Networks for inference, in which batch normalization is a part of the layer before it.

Normalization with fixed statistics is a scale and an offset of each channel, which a convolution or
a dense layer can take into its kernel and bias. A layer that makes its kernel from fewer weights
gives way to its `equivalent`, a stock layer, which runtimes know and can quantize.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import keras
import numpy as np

from cnnzoo.inspection.graph import Call, calls, graph
from cnnzoo.keras_internals import stock_type

LINEAR = (
    *(keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D, keras.layers.Dense),
    keras.layers.DepthwiseConv2D,
)


def folded(model: keras.Model) -> keras.Model:
    """Return a copy of `model` that gives the same outputs in inference, with fewer layers.

    Batch normalization stays where what it normalizes is also used elsewhere, is activated first,
    or comes from another kind of layer.

    Args:
        model: A built Functional or Sequential model; nested models are folded too.

    Raises:
        CnnzooError: The model is of another kind.
    """
    norms = foldable(model)  # Layer before -> its normalization.
    passed = {norm.name for norm in norms.values()}

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, keras.Model):
            return folded(layer)
        if hasattr(layer, "equivalent"):
            return layer.equivalent()
        config = layer.get_config()
        return layer.from_config({**config, "use_bias": True} if layer.name in norms else config)

    def call(layer: keras.layers.Layer, *args: Any, **kwargs: Any) -> Any:
        return args[0] if layer.name in passed else layer(*args, **kwargs)

    plain = keras.Model(graph(model).input, graph(model).output, name=model.name)
    copy = keras.models.clone_model(plain, clone_function=clone, call_function=call)
    for layer in copy.layers:
        if layer.name in norms:
            layer.set_weights(_merged(model.get_layer(layer.name), norms[layer.name]))
        elif layer.weights and not isinstance(layer, keras.Model):
            original = model.get_layer(layer.name)
            if not hasattr(original, "equivalent"):  # Whose copy has its weights already.
                layer.set_weights(original.get_weights())
    return copy


def foldable(model: keras.Model) -> dict[str, keras.layers.BatchNormalization]:
    """Return the normalizations that can be folded, by the name of the layer before."""
    found = list(calls(model))
    uses = Counter(id(tensor) for call in found for tensor in call.inputs)
    uses.update(id(tensor) for tensor in graph(model).outputs)
    times = Counter(id(call.layer) for call in found)
    makers = {id(tensor): call for call in found for tensor in call.outputs}
    return {
        maker.layer.name: call.layer
        for call in found
        if _normalizes_last_axis(call)
        and (maker := makers.get(id(call.inputs[0]))) is not None
        and _is_linear(maker.layer)
        and uses[id(call.inputs[0])] == times[id(call.layer)] == times[id(maker.layer)] == 1
    }


def _normalizes_last_axis(call: Call) -> bool:
    norm, rank = call.layer, len(call.inputs[0].shape) if call.inputs else 0
    return stock_type(norm) is keras.layers.BatchNormalization and norm.axis in (-1, rank - 1)


def _is_linear(layer: Any) -> bool:
    if not isinstance(layer, LINEAR) or layer.activation is not keras.activations.linear:
        return False
    return getattr(layer, "data_format", "channels_last") == "channels_last"


def _merged(layer: keras.layers.Layer, norm: keras.layers.BatchNormalization) -> list[np.ndarray]:
    """Return kernel and bias of `layer` with `norm` in them."""
    kernel, *biases = (weight.astype(np.float64) for weight in layer.get_weights())
    bias = biases[0] if biases else 0.0
    scale, mean = scale_of(norm), np.asarray(norm.moving_mean, np.float64)
    beta = np.asarray(norm.beta, np.float64) if norm.center else 0.0
    # A depthwise kernel, [rows, columns, channels, multiplier], has an output for each last pair.
    per_output = kernel.shape[-2:] if isinstance(layer, keras.layers.DepthwiseConv2D) else -1
    scaled = kernel * scale.reshape(per_output)
    return [merged.astype(np.float32) for merged in (scaled, (bias - mean) * scale + beta)]


def scale_of(norm: keras.layers.BatchNormalization) -> np.ndarray:
    """Return the factor of each channel in inference, float64."""
    gamma = np.asarray(norm.gamma, np.float64) if norm.scale else 1.0
    return gamma / np.sqrt(np.asarray(norm.moving_variance, np.float64) + norm.epsilon)
