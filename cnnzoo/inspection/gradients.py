"""Gradients by the input: of the logit of a class, or of a unit, and of ReLUs in other ways.

Sources: saliency, Simonyan, Vedaldi and Zisserman 2013, https://arxiv.org/abs/1312.6034, section 3;
SmoothGrad, Smilkov et al. 2017, https://arxiv.org/abs/1706.03825; integrated gradients,
Sundararajan, Taly and Yan 2017, https://arxiv.org/abs/1703.01365, section 3; deconvolution, Zeiler
and Fergus 2013, https://arxiv.org/abs/1311.2901, section 2.1; guided backpropagation, Springenberg
et al. 2014, https://arxiv.org/abs/1412.6806, section 3.4; redirection, Olah, Mordvintsev and
Schubert 2017, Feature visualization, https://doi.org/10.23915/distill.00007
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.inspection import checks
from cnnzoo.inspection.activations import batched, chosen_classes, run_to_logits, slope
from cnnzoo.inspection.checks import continuous, filler

_INCOMPLETE = 0.01  # Share of the difference that integrated gradients may miss.

# Gradients of ReLUs, for `rectified`.
DECONVOLVED = "CnnzooDeconvolvedRelu"
GUIDED = "CnnzooGuidedRelu"
REDIRECTED = "CnnzooRedirectedRelu"

Gradient = Callable[..., np.ndarray]  # Of inputs and classes.


def saliency(
    model: keras.Model,
    inputs: np.ndarray,
    class_id: Any = None,
    *,
    copies: int = 1,
    noise: float = 0.0,
    seed: int = 0,
) -> np.ndarray:
    """Return the gradient of the class's logit by the input, of the input's shape and type.

    Args:
        model: A built Functional or Sequential model to logits or scores, `[batch, classes]`.
        inputs: Images or sounds, as the model takes them.
        class_id: The class, or one per example; by default each example's top class.
        copies: For SmoothGrad: copies of an example over which the gradient is averaged.
        noise: Standard deviation of the copies' noise, as a share of the example's range.
        seed: Of the noise.

    Raises:
        CnnzooError: The inputs or class do not fit the model, or it takes integers.
    """
    batch = continuous(model, inputs)
    classes = chosen_classes(model, batch, class_id)
    gradient, copies = _gradient(model), checks.count("copies", copies)
    if copies == 1 and not noise:
        return gradient(batch, classes)
    random, weights = np.random.default_rng(seed), np.full(copies, 1 / copies)
    found = []
    for example, of in zip(batch, classes, strict=True):
        spread = noise * np.ptp(example) * random.standard_normal((copies, *example.shape))
        found.append(_mean(gradient, (example + spread).astype(batch.dtype), of, weights))
    return np.stack(found)


def integrated_gradients(
    model: keras.Model,
    inputs: np.ndarray,
    class_id: Any = None,
    baseline: Any = None,
    steps: int = 64,
    *,
    most_steps: int = 1_024,
) -> np.ndarray:
    """Return each value's part in how far the class's logit is above that of the baseline.

    The parts, of the input's shape and type, sum up to that difference. The integral along the
    straight line is a Gauss-Legendre sum over `steps` points; for an example whose parts miss the
    difference by more than 1%, they are doubled, up to `most_steps`.

    Args:
        model: A built Functional or Sequential model to logits or scores, `[batch, classes]`.
        inputs: Images or sounds, as the model takes them.
        class_id: The class, or one per example; by default each example's top class.
        baseline: What stands for "nothing": a number, or an array like an example, or a batch of
            them; zero by default, the mean of a standardized image.
        steps: Points of the line at which the gradient is taken at first.
        most_steps: At which it is taken at most; `steps`, if that is more.

    Raises:
        CnnzooError: The inputs, class or baseline do not fit the model, or it takes integers.
    """
    batch = continuous(model, inputs)
    classes = chosen_classes(model, batch, class_id)
    starts = filler("baseline", 0.0 if baseline is None else baseline, batch)
    steps, gradient = checks.count("steps", steps), _gradient(model)
    most_steps = checks.count("most_steps", most_steps)
    logits = batched(lambda values: run_to_logits(model, values).output)
    gains = (logits(batch) - logits(starts))[range(len(batch)), classes]
    lines = zip(starts, batch - starts, classes, gains, strict=True)
    return np.stack([_integral(gradient, *line, steps, most_steps) for line in lines])


def deconvolve(
    model: keras.Model, inputs: np.ndarray, layer: str, unit: int, *, guided: bool = False
) -> np.ndarray:
    """Return what in the inputs leads to the unit's greatest activation, of the inputs' shape.

    That activation alone is sent back: through transposed convolutions, to where maxima were
    pooled from, and through ReLUs, which pass on what is positive on this way.

    Args:
        model: A built Functional or Sequential model.
        inputs: Images or sounds, as the model takes them.
        layer: Name of a layer, or path in nested models: "inner/conv1".
        unit: A channel of the layer.
        guided: Whether a ReLU also stops what it stopped on the way forth.

    Raises:
        CnnzooError: The inputs, layer or unit do not fit the model, or it takes integers.
    """
    call = checks.layer(model, layer)
    unit = checks.unit(call, unit)
    batch = continuous(model, inputs)

    def back(values: tf.Tensor) -> tf.Tensor:
        with rectified(GUIDED if guided else DECONVOLVED):
            maps = run_to_logits(model, values, [call.layer]).values[0][..., unit]
        activations = tf.reshape(maps, [tf.shape(maps)[0], -1])
        greatest = tf.argmax(activations, axis=1)
        signal = tf.one_hot(greatest, tf.shape(activations)[1]) * activations
        return tf.gradients(activations, values, signal)[0]

    return batched(back)(batch)


def _integral(
    gradient: Gradient,
    start: np.ndarray,
    way: np.ndarray,
    of: int,
    gain: float,
    steps: int,
    most_steps: int,
) -> np.ndarray:
    """Return the parts of `way` in `gain`, by class `of`'s gradient between `start` and its end."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    line = (points.reshape(-1, *[1] * way.ndim) + 1) / 2 * way + start
    parts = way * _mean(gradient, line.astype(way.dtype), of, weights / 2)
    if abs(parts.sum() - gain) <= _INCOMPLETE * abs(gain) or 2 * steps > most_steps:
        return parts
    return _integral(gradient, start, way, of, gain, 2 * steps, most_steps)


def _mean(gradient: Gradient, points: np.ndarray, of: int, weights: np.ndarray) -> np.ndarray:
    """Return the weighed sum of the gradients of the logit of class `of` at `points`."""
    slopes = gradient(points, np.full(len(points), of, np.int32))
    return np.tensordot(weights.astype(slopes.dtype), slopes, axes=1)


def _gradient(model: keras.Model) -> Gradient:
    return batched(lambda inputs, classes: slope(model, inputs, classes).gradients[0])


def rectified(way: str) -> AbstractContextManager[Any]:
    """Return a context in which ReLUs that are traced, in whatever layer, have this `way` back."""
    return tf.compat.v1.get_default_graph().gradient_override_map({"Relu": way})


@tf.RegisterGradient(DECONVOLVED)
def _deconvolved(_: Any, signal: tf.Tensor) -> tf.Tensor:
    """Pass on what is positive on the way back."""
    return tf.nn.relu(signal)


@tf.RegisterGradient(GUIDED)
def _guided(relu: Any, signal: tf.Tensor) -> tf.Tensor:
    """Pass on what is positive on both ways."""
    return tf.where(relu.outputs[0] > 0, tf.nn.relu(signal), 0)


@tf.RegisterGradient(REDIRECTED)
def _redirected(relu: Any, signal: tf.Tensor) -> tf.Tensor:
    """Pass on the derivative or, where it is zero all over an example, what would wake units."""
    awake = relu.outputs[0] > 0
    derivative = tf.where(awake, signal, 0)
    axes = list(range(1, len(signal.shape)))
    blocked = tf.reduce_all(derivative == 0, axis=axes, keepdims=True)
    return tf.where(blocked & (signal > 0), signal, derivative)
