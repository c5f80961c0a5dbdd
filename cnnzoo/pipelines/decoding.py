"""Encoded images to the raw images that a network takes: pure TensorFlow, so that it can be served.

Training never decodes; `predict` and every SavedModel's `serving_bytes` do, with this code.
"""

from __future__ import annotations

import tensorflow as tf

from cnnzoo.datasets.resizing import fit

MAX_PIXELS = 2**24  # Of an encoded image, by its header: 4096x4096. Decoded color takes 50 MB.

# TensorFlow quotes the image in its message, which then may not be UTF-8.
UNDECODABLE = (tf.errors.InvalidArgumentError, UnicodeDecodeError)

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


def decode(content: tf.Tensor, shape: tuple[int, ...], light_on_dark: bool) -> tf.Tensor:
    """Return the uint8 image of `shape` in one encoded PNG or JPEG image; pure TensorFlow.

    Transparency is laid on white, color turned to gray where the network takes gray. The image is
    resized without distortion and centered. Drawings for a set with `light_on_dark` are first
    inverted where their border is light, cropped to what is drawn, and given the margin of
    MNIST's digits: 20 of 28 pixels. An image that has the size already is not resized.

    Args:
        content: Scalar string.
        shape: Height, width and channels of the result.
        light_on_dark: Whether the network was trained on light drawings on a dark ground.
    """
    png = tf.strings.substr(content, 0, len(PNG)) == PNG
    jpeg = tf.strings.substr(content, 0, len(JPEG)) == JPEG
    sound = tf.debugging.Assert(png | jpeg, ["image_bytes must be a PNG or JPEG image"])
    with tf.control_dependencies([sound]):
        pixels = tf.reduce_prod(tf.cast(encoded_size(content), tf.int64))
    small = tf.debugging.Assert(
        pixels <= MAX_PIXELS, [f"image_bytes must have at most {MAX_PIXELS} pixels"]
    )
    with tf.control_dependencies([small]):
        image = tf.io.decode_image(content, expand_animations=False)
    image = _to_channels(tf.cast(image, tf.float32), shape[2])
    if light_on_dark:
        image = _light_on_dark(image, shape)
    image = fit(image, shape)
    return tf.ensure_shape(tf.cast(tf.round(tf.clip_by_value(image, 0, 255)), tf.uint8), shape)


def encoded_size(content: tf.Tensor) -> tf.Tensor:
    """Return height and width, int32 `[2]`, from the header of a PNG or JPEG image."""

    def png_size() -> tf.Tensor:
        header = tf.io.decode_raw(tf.strings.substr(content, 16, 8), tf.uint8)
        big_endian = tf.reshape(tf.cast(header, tf.int64), [2, 4])
        sides = tf.reduce_sum(big_endian * [1 << 24, 1 << 16, 1 << 8, 1], axis=1)
        return tf.cast(tf.minimum(sides, 2**30)[::-1], tf.int32)  # Stored width first.

    is_png = tf.strings.substr(content, 0, len(PNG)) == PNG
    return tf.cond(is_png, png_size, lambda: tf.image.extract_jpeg_shape(content)[:2])


def _to_channels(image: tf.Tensor, channels: int) -> tf.Tensor:
    """Turn 1 (gray), 2 (gray, alpha), 3 (color) or 4 (color, alpha) channels into 1 or 3."""
    found = tf.shape(image)[-1]
    last = image[..., -1:] / 255
    opaque = tf.where(found % 2 == 0, last, tf.ones_like(last))
    colors = tf.where(found >= 3, 3, 1)
    image = image[..., :colors] * opaque + 255 * (1 - opaque)
    if channels == 3:
        return tf.tile(image, [1, 1, 3 // colors])
    return tf.cond(colors == 3, lambda: tf.image.rgb_to_grayscale(image), lambda: image)


def _light_on_dark(image: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Invert a drawing with a light border; crop one of another size to its ink plus a margin."""
    border = tf.concat([image[0], image[-1], image[:, 0], image[:, -1]], axis=0)
    image = tf.cond(tf.reduce_mean(border) > 127.5, lambda: 255 - image, lambda: image)

    def crop() -> tf.Tensor:
        ink = tf.where(tf.reduce_max(image, axis=-1) > tf.reduce_max(image) / 2)
        first, last = tf.reduce_min(ink, axis=0), tf.reduce_max(ink, axis=0)
        cropped = image[first[0] : last[0] + 1, first[1] : last[1] + 1]
        margin = tf.cast(
            tf.round(tf.cast(tf.reduce_max(last - first + 1), tf.float32) * 0.2), tf.int32
        )
        return tf.pad(cropped, [[margin, margin], [margin, margin], [0, 0]])

    blank = tf.reduce_max(image) == 0
    fits = tf.reduce_all(tf.shape(image)[:2] == shape[:2])
    return tf.cond(blank | fits, lambda: image, crop)
