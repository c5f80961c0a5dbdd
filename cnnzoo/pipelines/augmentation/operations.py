"""The 14 operations that RandAugment and TrivialAugment draw from; PIL's, on batches.

Source: Cubuk et al. 2019, https://arxiv.org/abs/1909.13719, section 3.
Departures: results are rounded where PIL cuts them off.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from keras import ops

from cnnzoo.pipelines.augmentation.base import like
from cnnzoo.pipelines.augmentation.color import mean_gray, recolor
from cnnzoo.pipelines.augmentation.pixels import gather, warp

# From uint8 images and float32 strengths [batch], and the value outside, to images.
Operation = Callable[[Any, Any, float], Any]


def _shear_x(images: Any, by: Any, fill: float) -> Any:
    return warp(images, (1, by, 0), (0, 1, 0), fill)


def _shear_y(images: Any, by: Any, fill: float) -> Any:
    return warp(images, (1, 0, 0), (by, 1, 0), fill)


def _translate_x(images: Any, pixels: Any, fill: float) -> Any:
    return warp(images, (1, 0, pixels), (0, 1, 0), fill)


def _translate_y(images: Any, pixels: Any, fill: float) -> Any:
    return warp(images, (1, 0, 0), (0, 1, pixels), fill)


def _rotate(images: Any, degrees: Any, fill: float) -> Any:
    _, height, width, _ = ops.shape(images)
    x, y = 0.5 * width, 0.5 * height
    cos, sin = ops.cos(degrees * (math.pi / 180)), ops.sin(degrees * (math.pi / 180))
    return warp(images, (cos, -sin, x - cos * x + sin * y), (sin, cos, y - sin * x - cos * y), fill)


def _brightness(images: Any, by: Any, fill: float) -> Any:
    return recolor(images, 1 + by, 0 * by, 0 * by)


def _color(images: Any, by: Any, fill: float) -> Any:
    return recolor(images, 1 + by, -by, 0 * by)


def _contrast(images: Any, by: Any, fill: float) -> Any:
    return recolor(images, 1 + by, 0 * by, -by * mean_gray(images))


def _sharpness(images: Any, by: Any, fill: float) -> Any:
    """Go from smoothed images (3x3, the center 5 of 13) through the images; the rim stays."""
    _, height, width, channels = ops.shape(images)
    kernel = ops.convert_to_tensor([[1, 1, 1], [1, 5, 1], [1, 1, 1]], "float32")
    kernel = ops.tile(kernel[:, :, None, None], (1, 1, channels, 1))
    own = ops.cast(images, "float32")
    smooth = ops.depthwise_conv(own, kernel, padding="same", data_format="channels_last")
    rows, columns = ops.arange(height)[:, None, None], ops.arange(width)[None, :, None]
    rim = (rows == 0) | (rows == height - 1) | (columns == 0) | (columns == width - 1)
    smooth = ops.where(rim, own, smooth * (1 / 13))
    return like(images, own + by[:, None, None, None] * (own - smooth))


def _solarize(images: Any, inverted: Any, fill: float) -> Any:
    threshold = 256 - ops.cast(ops.round(ops.abs(inverted)), "int32")[:, None, None, None]
    return ops.where(ops.cast(images, "int32") >= threshold, 255 - images, images)


def _posterize(images: Any, bits: Any, fill: float) -> Any:
    step = ops.cast(ops.round(2 ** ops.round(ops.abs(bits))), "int32")[:, None, None, None]
    values = ops.cast(images, "int32")
    return ops.cast(values - values % step, images.dtype)


def _auto_contrast(images: Any, _: Any, fill: float) -> Any:
    """Stretch each channel to 0 to 255."""
    own = ops.cast(images, "float32")
    low = ops.min(own, axis=(1, 2), keepdims=True, initial=255)  # Of no image too.
    high = ops.max(own, axis=(1, 2), keepdims=True, initial=0)
    stretched = (own - low) * (255 / ops.maximum(high - low, 1))
    return like(images, ops.where(high > low, stretched, own))


def _equalize(images: Any, _: Any, fill: float) -> Any:
    """Spread the levels of each channel so that each is about as frequent; PIL's arithmetic."""
    count, height, width, channels = shape = ops.shape(images)
    first = 256 * ops.reshape(ops.arange(count * channels), (count, 1, 1, channels))
    places = ops.reshape(ops.cast(images, "int32") + first, (-1,))
    tables = count * channels
    histogram = ops.reshape(
        ops.segment_sum(ops.ones_like(places), places, tables * 256), (tables, 256)
    )
    levels = ops.arange(256, dtype="int32")
    last = ops.max(ops.where(histogram > 0, levels, 0), axis=1, keepdims=True, initial=0)
    of_last = ops.sum(ops.where(levels == last, histogram, 0), axis=1, keepdims=True)
    step = (height * width - of_last) // 255
    below = ops.cumsum(histogram, axis=1) - histogram
    table = ops.minimum((below + step // 2) // ops.maximum(step, 1), 255)
    table = ops.cast(ops.where(step > 0, table, levels), images.dtype)
    return ops.reshape(gather(ops.reshape(table, (-1,)), places), shape)


# Name -> the range that its strength is drawn from, if any, and the function.
OPERATIONS: dict[str, tuple[str | None, Operation]] = {
    "identity": (None, lambda images, _, fill: images),
    "auto_contrast": (None, _auto_contrast),
    "equalize": (None, _equalize),
    "rotate": ("rotate", _rotate),
    "solarize": ("solarize", _solarize),
    "color": ("enhance", _color),
    "posterize": ("posterize", _posterize),
    "contrast": ("enhance", _contrast),
    "brightness": ("enhance", _brightness),
    "sharpness": ("enhance", _sharpness),
    "shear_x": ("shear", _shear_x),
    "shear_y": ("shear", _shear_y),
    "translate_x": ("translate", _translate_x),
    "translate_y": ("translate", _translate_y),
}
