"""Sounds as arrays, and WAV files in a graph, to the raw sounds that a network takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnzoo.datasets import Dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.lazy import keras
from cnnzoo.lazy import tensorflow as tf
from cnnzoo.pipelines.arrays import as_array
from cnnzoo.wav import FULL_SCALE


def preprocessing(
    dataset: Dataset, sounds: np.ndarray, input_shape: tuple[int, ...], normalization: str
) -> list[keras.layers.Layer]:
    """Return the layers from raw sounds to what the network takes: stock Keras layers.

    Args:
        dataset: Of sounds.
        sounds: Its training sounds, int16 `[examples, samples, 1]`.
        input_shape: Of the network; shorter sounds are padded with zeros at the end.
        normalization: "standardized" to mean 0 and standard deviation 1 over the training split,
            or "unit" to -1 to 1.

    Raises:
        CnnzooError: The normalization is another.
    """
    layers: list[keras.layers.Layer] = []
    missing = input_shape[0] - dataset.input_shape[0]
    if missing:
        layers.append(keras.layers.Rescaling(1.0, name="float"))  # LiteRT cannot pad int16.
        layers.append(keras.layers.ZeroPadding1D((0, missing), name="pad"))
    if normalization == "unit":
        return [*layers, keras.layers.Rescaling(1 / FULL_SCALE, name="unit")]
    if normalization != "standardized":
        raise CnnzooError(
            f"normalization must be standardized or unit for sounds; got {normalization!r}"
        )
    mean, std = float(np.mean(sounds, dtype=np.float64)), float(np.std(sounds, dtype=np.float64))
    std = std or 1.0  # Silence stays silence.
    return [*layers, keras.layers.Rescaling(1 / std, -mean / std, name="standardize")]


def check_sounds(array: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Return `array` as a raw batch, int16 `[sounds, *shape]`.

    Args:
        array: One sound or a batch of them, of `shape`, whose last axis may be missing. int16, or
            floats from -1 to 1, which are rounded to the nearest of 65,536 levels.
        shape: Samples and 1.
        name: What to call the array in a message.

    Raises:
        CnnzooError: Another length, type or range, or NaN.
    """
    array = as_array(array, name)
    mono = array[..., None] if array.shape[-1:] == shape[:1] else array
    if mono.shape[-2:] != shape or mono.ndim not in (2, 3):
        wanted = f"{list(shape)} or [sounds, {', '.join(map(str, shape))}]"
        raise CnnzooError(f"{name} must have shape {wanted}; got {list(array.shape)}")
    if np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(mono).all():
            raise CnnzooError(f"{name} must hold numbers; got NaN or infinity")
        if mono.size and not -1 <= mono.min() <= mono.max() <= 1:
            raise CnnzooError(
                f"{name} must lie in -1 to 1 where it holds floats (or be int16); "
                f"got {mono.min():g} to {mono.max():g}"
            )
        mono = np.rint(mono * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    if mono.dtype != np.int16:
        raise CnnzooError(f"{name} must be int16 or floats (-1 to 1); got {array.dtype}")
    return mono.reshape(-1, *shape)


def decode_wav(content: tf.Tensor, shape: tuple[int, ...], sample_rate: int) -> tf.Tensor:
    """Return the sound int16 of `shape` in one WAV file; pure TensorFlow.

    Channels are averaged. A longer sound is cut at the end, a shorter one filled up with zeros.
    """
    channels, rate = tf.audio.decode_wav(content)
    right = tf.debugging.Assert(
        rate == sample_rate, [f"sound_bytes must have {sample_rate} samples per second"]
    )
    with tf.control_dependencies([right]):
        mono = tf.reduce_mean(channels, axis=1)[: shape[0]]
    mono = tf.pad(mono, [[0, shape[0] - tf.shape(mono)[0]]])
    return tf.cast(tf.round(tf.reshape(mono, shape) * FULL_SCALE), tf.int16)
