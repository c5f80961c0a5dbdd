"""Images of any size to one size, the same for data sets, folders and serving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnzoo.lazy import tensorflow as tf

if TYPE_CHECKING:
    import tensorflow as tf


def fit(image: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Return `image`, `[height, width, channels]`, brought to `shape` without distortion.

    It is resized to fit, as floats, and centered; the rest is filled with its border's mean color.
    An image of that size stays as it is.
    """
    fits = tf.reduce_all(tf.shape(image)[:2] == shape[:2])

    def resize() -> tf.Tensor:
        sides = tf.cast(tf.shape(image)[:2], tf.float32)
        scale = tf.reduce_min(tf.constant(shape[:2], tf.float32) / sides)
        target = tf.maximum(tf.cast(tf.round(sides * scale), tf.int32), 1)
        small = tf.image.resize(image, target, method="bilinear", antialias=True)
        border = tf.concat([image[0], image[-1], image[:, 0], image[:, -1]], axis=0)
        color = tf.reduce_mean(border, axis=0)
        before = (tf.constant(shape[:2]) - target) // 2
        after = tf.constant(shape[:2]) - target - before
        margins = tf.concat([tf.stack([before, after], axis=1), [[0, 0]]], axis=0)
        return tf.pad(small - color, margins) + color

    return tf.cond(fits, lambda: image, resize)
