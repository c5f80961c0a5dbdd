"""Class activation maps: where in the input the evidence for a class is.

Sources: Grad-CAM, Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391, section 3; Grad-CAM++,
Chattopadhyay et al. 2018, https://arxiv.org/abs/1710.11063, section 3.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import checks
from cnnzoo.inspection.activations import batched, chosen_classes, slope
from cnnzoo.inspection.graph import embeddings, graph, last_maps, side_count
from cnnzoo.inspection.word_attribution import gradient_times_values

MAPS = 16  # Feature maps that an explanation holds at most.

Weights = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # Of maps, from maps and gradients.
Explanation = dict[str, tf.Tensor]


def grad_cam(
    model: keras.Model, inputs: np.ndarray, class_id: Any = None, layer: str | None = None
) -> np.ndarray:
    """Return heat, float32 `[batch, *sides]` from 0 to 1, at the positions of the input.

    Maps are weighed by their mean gradient; the greatest heat of each example is 1, unless there is
    none at all.

    Args:
        model: A built Functional or Sequential model to logits or scores, `[batch, classes]`.
        inputs: Images, sounds or tokens, as the model takes them.
        class_id: The class, or one per example; by default each example's top class.
        layer: What gives the feature maps; by default the last that gives maps as large as the last
            convolution's, of those with several positions.

    Raises:
        CnnzooError: The inputs, class or layer do not fit the model.
    """
    return _of_class(model, inputs, class_id, layer, _mean_gradient)


def grad_cam_plus_plus(
    model: keras.Model, inputs: np.ndarray, class_id: Any = None, layer: str | None = None
) -> np.ndarray:
    """Do as `grad_cam`, but weigh positions so that each of several objects counts fully.

    Raises:
        CnnzooError: As for `grad_cam`.
    """
    return _of_class(model, inputs, class_id, layer, _shared_out_gradient)


def _of_class(
    model: keras.Model, inputs: Any, class_id: Any, layer: str | None, weights: Weights
) -> np.ndarray:
    batch = checks.inputs(model, inputs)
    found = _maps(model, layer)
    classes = chosen_classes(model, batch, class_id)

    def heat(values: tf.Tensor, of_values: tf.Tensor) -> tf.Tensor:
        _, (maps,), (gradient,) = slope(model, values, of_values, [found])
        return _heat_of_maps(maps, gradient, values, weights)

    return batched(heat)(batch, classes)


def _maps(model: keras.Model, layer: str | None) -> Any:
    """Return the layer, whose maps have as many sides as the input."""
    call = last_maps(model) if layer is None else checks.maps(model, layer)
    if call is None:
        raise CnnzooError(
            "model must have a convolution whose maps have several positions, or layer be named; "
            f"got {model.name}"
        )
    sides, given = side_count(checks.taken(model)), len(call.outputs[0].shape) - 2
    if given != sides:
        raise CnnzooError(
            f"layer must give maps with as many sides as the input, {sides}; "
            f"{call.layer.name!r} of {model.name} gives {given}"
        )
    return call.layer


def _mean_gradient(maps: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """Return Grad-CAM's weight of each map, `[batch, *ones, units]`."""
    return tf.reduce_mean(gradient, axis=_sides(maps), keepdims=True)


def _shared_out_gradient(maps: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """Return Grad-CAM++'s weight of each map, without the factor that all maps share.

    The paper derives the exponential of the logit, whose n-th derivative is itself times the n-th
    power of the logit's gradient: the exponential cancels, or scales all heat alike.
    """
    total = tf.reduce_sum(maps, axis=_sides(maps), keepdims=True)
    shares = tf.math.divide_no_nan(gradient**2, 2 * gradient**2 + total * gradient**3)
    return tf.reduce_sum(shares * tf.nn.relu(gradient), axis=_sides(maps), keepdims=True)


def _sides(maps: tf.Tensor) -> list[int]:
    return list(range(1, len(maps.shape) - 1))


def _heat_of_maps(
    maps: tf.Tensor, gradient: tf.Tensor, inputs: tf.Tensor, weights: Weights
) -> tf.Tensor:
    """Return the positive part of the weighed sum of `maps`, scaled, at the size of `inputs`."""
    maps, gradient = tf.cast(maps, tf.float32), tf.cast(gradient, tf.float32)
    heat = tf.nn.relu(tf.reduce_sum(weights(maps, gradient) * maps, axis=-1))
    heat = _scaled(resized(heat, tf.shape(inputs)[1 : len(maps.shape) - 1]))
    return tf.ensure_shape(heat, inputs.shape[: len(maps.shape) - 1])


def _scaled(heat: tf.Tensor) -> tf.Tensor:
    """Return `heat` with 1 as the greatest of each example; all zeros stay zeros."""
    greatest = tf.reduce_max(heat, axis=list(range(1, len(heat.shape))), keepdims=True)
    return tf.math.divide_no_nan(heat, greatest)


def resized(heat: tf.Tensor, sides: tf.Tensor) -> tf.Tensor:
    """Return `heat`, `[batch, ...]`, with other `sides`, int `[rank - 1]`, by linear interpolation.

    Works for any number of sides, which TensorFlow's own resizing of images does not.
    """
    for axis in range(1, len(heat.shape)):
        shape = tf.shape(heat)
        before, after = shape[:axis], shape[axis + 1 :]
        across = tf.reduce_prod(after)
        rows = tf.reshape(heat, [tf.reduce_prod(before), shape[axis], across, 1])
        rows = tf.cast(tf.image.resize(rows, [sides[axis - 1], across]), heat.dtype)
        heat = tf.reshape(rows, tf.concat([before, sides[axis - 1 : axis], after], axis=0))
    return heat


def explainer(network: keras.Model) -> Callable[[tf.Tensor], Explanation]:
    """Return a function of what `network` takes, pure TensorFlow, that explains the top class.

    It gives `logits`; `heat`, float32 from 0 to 1, at the positions of the input: `[batch, height,
    width]`, `[batch, samples]` or, for tokens, `[batch, length]`; and, where there are convolutions
    over images or sounds, `feature_maps`: up to 16 of the last one's maps, after what activates
    them. Heat is Grad-CAM of these maps, and without such maps, or over tokens, the size of
    gradient times input, or embedding, summed over channels.

    Args:
        network: A built Functional or Sequential model to logits.

    Raises:
        CnnzooError: The model is of another kind.
    """
    tokens = "int" in graph(network).inputs[0].dtype
    last = None if tokens else last_maps(network)
    layers = embeddings(network) if tokens else [last.layer] if last else []

    def by_maps(inputs: tf.Tensor) -> Explanation:
        logits, (maps,), (gradient,) = slope(network, inputs, layers=layers)
        heat = _heat_of_maps(maps, gradient, inputs, _mean_gradient)
        return {"logits": logits, "feature_maps": maps[..., :MAPS], "heat": heat}

    def by_gradient(inputs: tf.Tensor) -> Explanation:
        found = slope(network, inputs, layers=layers)
        return {"logits": found.logits, "heat": _scaled(tf.abs(gradient_times_values(found)))}

    return tf.function(by_gradient if last is None else by_maps, autograph=False)
