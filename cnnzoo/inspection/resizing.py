"""Heat and images at another size, for any number of sides."""

from __future__ import annotations

import tensorflow as tf


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
