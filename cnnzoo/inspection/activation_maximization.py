"""Gradient ascent: inputs that activate a unit most, and images in which a layer sees more.

Sources: Erhan, Bengio, Courville and Vincent 2009, Visualizing higher-layer features of a deep
network; Simonyan, Vedaldi and Zisserman 2013, https://arxiv.org/abs/1312.6034, section 2; the
regularization, Yosinski et al. 2015, https://arxiv.org/abs/1506.06579, section 3; deep dream,
Mordvintsev, Olah and Tyka 2015, Inceptionism,
https://research.google/blog/inceptionism-going-deeper-into-neural-networks/
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
from cnnzoo.inspection.cams import resized
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
    gradient = _slope_of_units(model, call.layer)
    axes = tuple(range(1, values.ndim - 1))
    for _ in range(steps):
        shift = random.integers(-jitter, jitter + 1, len(axes))
        slope = gradient(np.roll(values, shift, axes), units)
        values = values + step_size * _normalized(np.roll(slope, -shift, axes))
        values = (1 - decay) * ((1 - blur) * values + blur * _neighbors(values, axes))
    return values[0] if np.ndim(unit) == 0 else values


def _start(
    model: keras.Model, start: Any, count: int, size: float, random: np.random.Generator
) -> np.ndarray:
    """Return `start`, or noise of this size, for each unit."""
    if start is None:
        sides = checks.taken(model).shape[1:]
        if None in sides:
            raise CnnzooError(f"start must be given, since {model.name} takes inputs of any size")
        start = size * random.standard_normal(sides)
    return np.repeat(spatial(model, np.asarray(start)[None]), count, axis=0)


def _slope_of_units(model: keras.Model, layer: Any) -> Callable[..., np.ndarray]:
    """Return the gradient of a unit's mean over its positions by the inputs."""

    def gradient(values: tf.Tensor, units: tf.Tensor) -> tf.Tensor:
        with rectified(REDIRECTED):  # Noise may leave a unit without a gradient.
            maps = run_to_logits(model, values, [layer]).values[0]
        means = tf.reduce_mean(maps, axis=list(range(1, len(maps.shape) - 1)))
        return tf.gradients(tf.gather(means, units, batch_dims=1), values)[0]

    return batched(gradient)


def _normalized(slope: np.ndarray) -> np.ndarray:
    """Return `slope` with a root mean square of 1 for each example; all zeros stay zeros."""
    axes = tuple(range(1, slope.ndim))
    size = np.sqrt(np.mean(slope**2, axis=axes, keepdims=True))
    return np.divide(slope, size, out=np.zeros_like(slope), where=size > 0)


def _neighbors(values: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Return the mean of each value's neighbors, two per side; edges are repeated beyond."""
    total = np.zeros_like(values)
    for axis in axes:
        places = np.arange(values.shape[axis])
        total += sum(np.take(values, places + step, axis, mode="clip") for step in (-1, 1))
    return total / (2 * len(axes))


def deep_dream(
    model: keras.Model,
    image: np.ndarray,
    layer: str,
    unit: int | None = None,
    *,
    octaves: int = 4,
    scale: float = 1.4,
    steps: int = 10,
    step_size: float = 0.03,
    seed: int = 0,
) -> np.ndarray:
    """Return `image`, float32 `[*sides, channels]`, changed so that `layer` responds more strongly.

    The mean square of the layer's output rises, first in small copies of the image, whose changes
    are then enlarged and refined. An image of another size than the model takes is seen in tiles,
    which each step shifts at random; its edges continue with the opposite ones. Values stay in
    the image's range.

    Args:
        model: A built Functional or Sequential model over images or sounds.
        image: One example of any size, as the model takes it but for that.
        layer: Name of a layer, or path in nested models: "inner/conv1".
        unit: The channel that is to respond; by default all do.
        octaves: Sizes at which the image is changed, the last its own.
        scale: Of each to the one before.
        steps: Of gradient ascent, per size.
        step_size: Root mean square of a step's change, in the units of the input.
        seed: Of the shifts.

    Raises:
        CnnzooError: The layer, unit or image does not fit the model, or it takes integers; or a
            number is out of range.
    """
    call = checks.layer(model, layer)
    chosen = slice(None) if unit is None else checks.unit(call, unit)
    original = _of_any_size(model, image)
    steps, octaves = checks.count("steps", steps), checks.count("octaves", octaves)
    if scale <= 1:
        raise CnnzooError(f"scale must be more than 1; got {scale}")
    sides, random = np.array(original.shape[:-1]), np.random.default_rng(seed)
    gradient, change = _slope_of_image(model, call.layer, chosen, original), np.zeros_like(original)
    for octave in reversed(range(octaves)):
        size = np.maximum(np.round(sides / scale**octave), 1).astype(np.int32)
        base, change = _at(original, size), _at(change, size)
        for _ in range(steps):
            slope = gradient(base + change, random.integers(0, size).astype(np.int32))
            dream = base + change + step_size * _normalized(slope[None])[0]
            change = dream.clip(original.min(), original.max()) - base
    return original + change


def _of_any_size(model: keras.Model, image: Any) -> np.ndarray:
    """Return `image`, one example but for its size, as the model's own type."""
    values, dtype, wanted = (
        np.asarray(image),
        checks.float_type(model),
        checks.taken(model).shape[1:],
    )
    checks.check_channels_last(model)
    if (
        values.dtype.kind not in "biuf"
        or values.ndim != len(wanted)
        or (values.ndim < 2 or values.shape[-1] != wanted[-1] or values.size == 0)
    ):
        sides = ", ".join(["any"] * (len(wanted) - 1))
        raise CnnzooError(
            f"image must be numbers [{sides}, {wanted[-1]}], as {model.name} takes but for the "
            f"size; got {values.dtype.name} {list(values.shape)}"
        )
    if not np.isfinite(values).all():
        raise CnnzooError("image must be finite; got NaN or infinity")
    return values.astype(dtype)


def _at(image: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return `image` with sides of this `size`."""
    channels = tf.constant(np.moveaxis(image, -1, 0))
    return np.moveaxis(resized(channels, tf.constant(size)).numpy(), 0, -1)


def _slope_of_image(
    model: keras.Model, layer: Any, unit: int | slice, image: np.ndarray
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return the gradient of the mean square of what `layer` gives, of an image of any size."""

    def gradient(image: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        tiles = _tiles(image, shift, checks.taken(model).shape[1:-1])
        maps = run_to_logits(model, tiles, [layer]).values[0]
        found = tf.gradients(tf.reduce_mean(tf.square(maps[..., unit])), image)[0]
        return tf.convert_to_tensor(found)  # What was gathered has indexed slices.

    *sides, channels = image.shape
    traced = tf.function(gradient, autograph=False).get_concrete_function(
        tf.TensorSpec([*[None] * len(sides), channels], image.dtype),
        tf.TensorSpec([len(sides)], tf.int32),
    )
    return lambda image, shift: traced(tf.constant(image), tf.constant(shift)).numpy()


def _tiles(image: tf.Tensor, shift: tf.Tensor, sides: Sequence[int | None]) -> tf.Tensor:
    """Return the tiles, `[tiles, *sides, channels]`, that cover `image` from `shift` on.

    Where sides are free there is one tile.
    """
    parts: list[Any] = []
    for axis, side in enumerate(sides):
        length = tf.shape(image)[axis]
        tile = length if side is None else side
        count = -(-length // tile)
        # An image that is no whole number of tiles long continues with its other end.
        image = tf.gather(image, (tf.range(count * tile) + shift[axis]) % length, axis=axis)
        parts += [count, tile]
    rank = len(sides)
    split = tf.reshape(image, [*parts, image.shape[-1]])
    order = [*range(0, 2 * rank, 2), *range(1, 2 * rank, 2), 2 * rank]
    whole = tf.reshape(tf.transpose(split, order), [-1, *parts[1::2], image.shape[-1]])
    return tf.ensure_shape(whole, [None, *sides, image.shape[-1]])


def maximise(*args: Any, **kwargs: Any) -> np.ndarray:
    """Do as `maximize`; the name of version 0.1, which is removed in 0.3."""
    warnings.warn(
        "maximise is now maximize; the old name will be removed", FutureWarning, stacklevel=2
    )
    return maximize(*args, **kwargs)
