"""Where pixels come from: what geometric augmentation and mixing compute with."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def take_grid(images: Any, rows: Any, columns: Any) -> Any:
    """Return images made of whole `rows` and `columns` of `images`; 0 outside.

    Args:
        images: `[batch, height, width, channels]`.
        rows: Int32, broadcastable to `[batch, height]`.
        columns: Int32, broadcastable to `[batch, width]`.
    """
    if images.shape[-1] > 1:
        return take_pixels(images, rows[:, :, None], columns[:, None, :])
    # Pixels of one channel are too small to be copied one by one: whole rows take a third of the
    # time, even twice, with rows and columns exchanged between.
    for places in (rows, columns):
        images = ops.transpose(_take_rows(images, places), (0, 2, 1, 3))
    return images


def _take_rows(images: Any, places: Any) -> Any:
    count, height, width, channels = shape = ops.shape(images)
    rows = ops.reshape(images, (count * height, width * channels))
    rows = ops.concatenate([rows, ops.zeros((1, width * channels), images.dtype)])
    inside = ops.logical_and(places >= 0, places < height)
    first = height * ops.arange(count, dtype="int32")[:, None]
    places = ops.reshape(ops.where(inside, places + first, count * height), (-1,))
    return ops.reshape(gather(rows, places), shape)


def take_pixels(images: Any, rows: Any, columns: Any, fill: float = 0) -> Any:
    """Return images made of the pixels at `rows` and `columns` of `images`, in one gather.

    Args:
        images: `[batch, height, width, channels]`.
        rows: Int32, broadcastable to `[batch, height, width]`; outside the image lies `fill`.
        columns: The same.
        fill: Value of pixels outside.
    """
    count, height, width, channels = shape = ops.shape(images)
    outside = count * height * width  # The place of one more pixel, of `fill`.
    first = height * ops.arange(count, dtype="int32")[:, None, None]
    inside = ops.logical_and(rows >= 0, rows < height)
    rows = ops.where(inside, (rows + first) * width, outside)
    columns = ops.where(ops.logical_and(columns >= 0, columns < width), columns, outside)
    places = ops.reshape(ops.minimum(rows + columns, outside), (-1,))
    pixels = ops.reshape(images, (outside, channels))
    pixels = ops.concatenate([pixels, ops.full((1, channels), fill, images.dtype)])
    return ops.reshape(gather(pixels, places), shape)


def gather(values: Any, places: Any) -> Any:
    """Return `values[places]` along the first axis; no place is negative."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf  # `ops.take` looks for negative places, a third of the time.

        return tf.gather(values, places)
    return ops.take(values, places, axis=0)


def warp(images: Any, across: tuple[Any, Any, Any], down: tuple[Any, Any, Any], fill: float) -> Any:
    """Return images whose pixel at (x, y) is the one nearest to an affine map of (x, y).

    Args:
        images: `[batch, height, width, channels]`.
        across: Three coefficients, numbers or float32 `[batch]`: the source's x is
            `across[0] * x + across[1] * y + across[2]`, centers of pixels at one half.
        down: The same for the source's y.
        fill: Value outside.
    """
    count, height, width, _ = ops.shape(images)
    x = ops.arange(width, dtype="float32")[None, None, :] + 0.5
    y = ops.arange(height, dtype="float32")[None, :, None] + 0.5
    places = []
    for of_x, of_y, by in (down, across):
        of_x, of_y, by = (
            ops.broadcast_to(ops.cast(value, "float32"), (count,))[:, None, None]
            for value in (of_x, of_y, by)
        )
        places.append(ops.cast(ops.floor(of_x * x + (of_y * y + by)), "int32"))
    return take_pixels(images, places[0], places[1], fill)


def box_mask(shape: Any, top: Any, bottom: Any, left: Any, right: Any) -> Any:
    """Return what lies in one box an image, bool `[batch, height, width * channels]`.

    Args:
        shape: Of the images. Channels are adjacent in the mask, which is quicker.
        top: First row inside, int32 `[batch]`.
        bottom: First row below.
        left: First column inside.
        right: First column to the right.
    """
    _, height, width, channels = shape
    rows = ops.arange(height, dtype="int32")[None, :]
    columns = ops.arange(width * channels, dtype="int32")[None, :]
    high = ops.logical_and(rows >= top[:, None], rows < bottom[:, None])
    wide = ops.logical_and(columns >= left[:, None] * channels, columns < right[:, None] * channels)
    return ops.logical_and(high[:, :, None], wide[:, None, :])


def reflected(places: Any, length: int) -> Any:
    """Return `places` mirrored at the first and last of `length`, without repeating these."""
    return (length - 1) - ops.abs((length - 1) - ops.abs(places))


def resampling(length: int, begin: Any, size: Any) -> Any:
    """Return weights float32 `[images, length, length]` that stretch a part of a side to the side.

    They are multiples of 2^-11, so that sums over bytes are exact, whatever their order.

    Args:
        length: Pixels of the side.
        begin: Where the part begins, float32 `[images, 1]`.
        size: Pixels of the part, float32 `[images, 1]`.
    """
    scale = size * (1 / length)
    places = ops.arange(length, dtype="float32") + 0.5
    centers = (begin + places * scale)[:, :, None]
    weights = 1 - ops.abs(places - centers) / ops.maximum(scale, 1.0)[:, :, None]
    weights = ops.maximum(weights, 0.0)
    return ops.round(weights / ops.sum(weights, axis=2, keepdims=True) * 2048) * (1 / 2048)
