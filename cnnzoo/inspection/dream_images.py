"""Images in which a network sees more of what it sees already.

Source: Mordvintsev, Olah and Tyka 2015, Inceptionism,
https://research.google/blog/inceptionism-going-deeper-into-neural-networks/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import checks
from cnnzoo.inspection.activation_maximization import normalized
from cnnzoo.inspection.activations import run_to_logits
from cnnzoo.inspection.cams import resized


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
    gradient, change = _gradient(model, call.layer, chosen, original), np.zeros_like(original)
    for octave in reversed(range(octaves)):
        size = np.maximum(np.round(sides / scale**octave), 1).astype(np.int32)
        base, change = _at(original, size), _at(change, size)
        for _ in range(steps):
            slope = gradient(base + change, random.integers(0, size).astype(np.int32))
            dream = base + change + step_size * normalized(slope[None])[0]
            change = dream.clip(original.min(), original.max()) - base
    return original + change


def _of_any_size(model: keras.Model, image: Any) -> np.ndarray:
    """Return `image`, one example `[*sides, channels]`, as the model's own type.

    Raises:
        CnnzooError: Its rank or channels are not those that the model takes, it is not numeric or
            finite, or as for `checks.continuous`.
    """
    values, dtype, wanted = np.asarray(image), checks.check_continuous(model), checks.shape(model)
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


def _gradient(
    model: keras.Model, layer: Any, unit: int | slice, image: np.ndarray
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return the gradient of the mean square of what `layer` gives, of an image of any size."""

    def gradient(image: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        tiles = _tiles(image, shift, checks.shape(model)[:-1])
        maps = run_to_logits(model, tiles, [layer]).values[0]
        found = tf.gradients(tf.reduce_mean(tf.square(maps[..., unit])), image)[0]
        return tf.convert_to_tensor(found)  # What was gathered has indexed slices.

    *sides, channels = image.shape
    traced = tf.function(gradient).get_concrete_function(
        tf.TensorSpec([*[None] * len(sides), channels], image.dtype),
        tf.TensorSpec([len(sides)], tf.int32),
    )
    return lambda image, shift: traced(tf.constant(image), tf.constant(shift)).numpy()


def _tiles(image: tf.Tensor, shift: tf.Tensor, sides: Sequence[int | None]) -> tf.Tensor:
    """Return the tiles, `[tiles, *sides, channels]`, that cover `image`; one where sides are free.

    Args:
        image: `[*sides, channels]`.
        shift: Where the first tile starts, int, one per side.
        sides: Of a tile.
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
