"""What a network over images, sounds or texts looked at when it answered.

Source of Grad-CAM: Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391, section 3.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from cnnzoo.inspection.graph import Call, calls, graph

MAPS = 16  # Feature maps that are returned at most.

Explanation = dict[str, tf.Tensor]


def explainer(network: keras.Model) -> Callable[[tf.Tensor], Explanation]:
    """Return a function of what `network` takes, pure TensorFlow, that explains the top class.

    It gives `logits`; `heat`, float32 from 0 to 1, at the positions of the input: `[batch, height,
    width]`, `[batch, samples]` or, for tokens, `[batch, length]`; and, where there are convolutions
    over images or sounds, `feature_maps`: up to 16 of the last one's maps, after what activates
    them. Heat is Grad-CAM of these maps, and where there are none, or over tokens, the size of
    gradient times input, or embedding, summed over channels.

    Args:
        network: A built Functional or Sequential model to logits.

    Raises:
        CnnzooError: The model is of another kind.
    """
    found = list(calls(network))
    first = graph(network).inputs[0]
    if "int" in first.dtype:
        return functools.partial(_by_gradient, network, _embeddings(first, found))
    last = _last_maps(found)
    if last is None:
        return functools.partial(_by_gradient, network, [])
    return functools.partial(_by_maps, network, last)


def _embeddings(tokens: keras.KerasTensor, found: list[Call]) -> list[Any]:
    """Return the layers that turn `tokens` into vectors: several if side by side."""
    return [
        call.layer
        for call in found
        if call.inputs[0] is tokens and len(call.outputs[0].shape) == len(tokens.shape) + 1
    ]


def _last_maps(found: list[Call]) -> Any | None:
    """Return the last operation that gives maps of the shape of the last convolution's."""
    convolutions = [
        place
        for place, call in enumerate(found)
        if hasattr(call.layer, "kernel_size") and len(call.outputs[0].shape) > 2
    ]
    if not convolutions:
        return None
    shape = found[convolutions[-1]].outputs[0].shape
    alike = [call for call in found[convolutions[-1] :] if call.outputs[0].shape == shape]
    return alike[-1].layer


def _by_maps(network: keras.Model, layer: Any, inputs: tf.Tensor) -> Explanation:
    """Explain by Grad-CAM of the maps that `layer` gives."""
    logits, (maps,), (gradient,) = _gradients(network, [layer], inputs)
    sides = list(range(1, len(maps.shape) - 1))
    weights = tf.reduce_mean(gradient, axis=sides, keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1))
    return {
        "logits": logits,
        "feature_maps": maps[..., :MAPS],
        "heat": _scaled(_resized(heat, tf.shape(inputs)[1:-1])),
    }


def _by_gradient(network: keras.Model, layers: list[Any], inputs: tf.Tensor) -> Explanation:
    """Explain by gradient times what `layers` give, or times the input where there are none."""
    logits, values, gradients = _gradients(network, layers, inputs)
    parts = [
        tf.reduce_sum(value * tf.convert_to_tensor(gradient), axis=-1)
        for value, gradient in zip(values, gradients, strict=True)
    ]
    return {"logits": logits, "heat": _scaled(tf.abs(tf.add_n(parts)))}


def _gradients(
    network: keras.Model, layers: list[Any], inputs: tf.Tensor
) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
    """Return logits, what `layers` give, or the input, and the gradients of the top logit by it."""
    values = [] if layers else [inputs]
    with tf.GradientTape() as tape, contextlib.ExitStack() as stack:
        tape.watch(values)
        for layer in layers:
            stack.enter_context(_watched(layer, tape, values))
        logits = network(inputs, training=False)
        top = tf.reduce_sum(tf.reduce_max(logits, axis=-1))
    return logits, values, tape.gradient(top, values)


@contextlib.contextmanager
def _watched(layer: Any, tape: tf.GradientTape, values: list[tf.Tensor]) -> Iterator[None]:
    """Let `tape` watch what `layer` gives, and add it to `values`."""
    stock = layer.call

    def call(*args: Any, **kwargs: Any) -> tf.Tensor:
        value = stock(*args, **kwargs)
        tape.watch(value)
        values.append(value)
        return value

    layer.call = call
    try:
        yield
    finally:
        del layer.call  # The class's comes into view again.


def _resized(heat: tf.Tensor, sides: tf.Tensor) -> tf.Tensor:
    """Return `heat`, `[batch, ...]` of one or two sides, at the size of the input."""
    if len(heat.shape) == 3:
        return tf.image.resize(heat[..., None], sides)[..., 0]
    return tf.image.resize(heat[..., None, None], [sides[0], 1])[..., 0, 0]


def _scaled(heat: tf.Tensor) -> tf.Tensor:
    """Return `heat` with 1 as the greatest of each example; all zeros stay zeros."""
    greatest = tf.reduce_max(heat, axis=list(range(1, len(heat.shape))), keepdims=True)
    return tf.math.divide_no_nan(heat, greatest)
