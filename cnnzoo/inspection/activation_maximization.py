"""Activation maximization: inputs that activate a unit most, by gradient ascent.

Sources: Erhan, Bengio, Courville and Vincent 2009, Visualizing higher-layer features of a deep
network; Simonyan, Vedaldi and Zisserman 2013, https://arxiv.org/abs/1312.6034, section 2; the
regularization, Yosinski et al. 2015, https://arxiv.org/abs/1506.06579, section 3.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import checks
from cnnzoo.inspection.activations import batched, run_to_logits
from cnnzoo.inspection.checks import spatial
from cnnzoo.inspection.gradients import REDIRECTED, rectified
from cnnzoo.inspection.graph import output_call


def maximize(
    model: keras.Model,
    layer: str | None,
    unit: int | Sequence[int],
    *,
    steps: int = 256,
    step_size: float = 0.1,
    decay: float = 0.02,
    blur: float = 0.1,
    jitter: int = 2,
    start: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Return an input `[*sides, channels]` with a high mean of a unit over its positions.

    Each step adds the gradient, scaled to a root mean square of `step_size`, then decays and blurs.

    Args:
        model: A built Functional or Sequential model over images or sounds.
        layer: Name of a layer, or path in nested models: "inner/conv1"; None for the model's
            logits, before any softmax.
        unit: A channel of the layer, or a class; for several, the result is
            `[units, *sides, channels]`.
        steps: Of the ascent.
        step_size: In the units of the input, which is best about a 20th of its values' range.
        decay: Share of each value that a step takes away (L2 decay).
        blur: Share, 0 to 1, to which a step mixes each value with its neighbors' mean.
        jitter: Positions per side by which each step shifts the input at random, and back.
        start: Where to start from, `[*sides, channels]`; by default noise of `step_size`.
            It must be given for a model that takes any size.
        seed: Of noise and jitter.

    Raises:
        CnnzooError: The layer, unit or start does not fit the model, or it takes integers.
    """
    call = output_call(model) if layer is None else checks.layer(model, layer)
    listed: Any = [unit] if np.ndim(unit) == 0 else unit
    units = np.array([checks.unit(call, one) for one in listed], np.int32)
    decay, blur = checks.share("decay", decay), checks.share("blur", blur)
    jitter, steps = checks.count("jitter", jitter, least=0), checks.count("steps", steps)
    random = np.random.default_rng(seed)
    values = _start(model, start, len(units), step_size, random)
    gradient = _gradient(model, call.layer)
    axes = tuple(range(1, values.ndim - 1))
    for _ in range(steps):
        shift = random.integers(-jitter, jitter + 1, len(axes))
        slope = gradient(np.roll(values, shift, axes), units)
        values = values + step_size * normalized(np.roll(slope, -shift, axes))
        values = (1 - decay) * ((1 - blur) * values + blur * _neighbors(values, axes))
    return values[0] if np.ndim(unit) == 0 else values


def _start(
    model: keras.Model, start: Any, count: int, size: float, random: np.random.Generator
) -> np.ndarray:
    """Return `start`, or noise of this size, for each unit."""
    if start is None:
        sides = [side for side in checks.shape(model) if side is not None]
        if len(sides) < len(checks.shape(model)):
            raise CnnzooError(f"start must be given, since {model.name} takes inputs of any size")
        start = size * random.standard_normal(sides)
    return np.repeat(spatial(model, np.asarray(start)[None]), count, axis=0)


def _gradient(model: keras.Model, layer: Any) -> Callable[..., np.ndarray]:
    """Return the gradient of a unit's mean over its positions by the inputs."""

    def gradient(values: tf.Tensor, units: tf.Tensor) -> tf.Tensor:
        with rectified(REDIRECTED):  # Noise may leave a unit without a gradient.
            maps = run_to_logits(model, values, [layer]).values[0]
        means = tf.reduce_mean(maps, axis=list(range(1, len(maps.shape) - 1)))
        return tf.gradients(tf.gather(means, units, batch_dims=1), values)[0]

    return batched(gradient)


def normalized(slope: np.ndarray) -> np.ndarray:
    """Return `slope` with a root mean square of 1 for each example; all zeros stay zeros."""
    axes = tuple(range(1, slope.ndim))
    size = np.sqrt(np.mean(slope**2, axis=axes, keepdims=True))
    return np.divide(slope, size, out=np.zeros_like(slope), where=size > 0)


def _neighbors(values: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Return the mean of each value's neighbors, two per side; edges are repeated beyond."""
    total = np.zeros_like(values)
    for axis in axes:
        first, last = np.take(values, [0], axis), np.take(values, [-1], axis)
        padded = np.concatenate([first, values, last], axis)
        length = values.shape[axis]
        total += np.take(padded, range(length), axis) + np.take(padded, range(2, length + 2), axis)
    return total / (2 * len(axes))


def maximise(*args: Any, **kwargs: Any) -> np.ndarray:
    """Do as `maximize`; the name of version 0.1, which is removed in 0.3."""
    warnings.warn(
        "maximise is now maximize; the old name will be removed", FutureWarning, stacklevel=2
    )
    return maximize(*args, **kwargs)
