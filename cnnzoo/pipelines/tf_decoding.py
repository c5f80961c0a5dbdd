"""Encoded images to pixels in TensorFlow, for servers that have nothing else.

`decode` gives, to the last bit, what `cnnzoo.decoding` gives with Pillow, for PNG and JPEG files.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from cnnzoo.decoding import (
    MAX_JPEG_PIXELS,
    MAX_PIXELS,
    SCALES,
    Resizing,
)

# TensorFlow quotes the image in its message, which then may not be UTF-8.
UNDECODABLE = (tf.errors.InvalidArgumentError, UnicodeDecodeError)

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"

_HEADER = 2**20  # Bytes in which EXIF and the like are looked for.
_BITS = 22  # Of Pillow's weights.


def decode(
    content: tf.Tensor, shape: tuple[int, ...], light_on_dark: bool, resizing: Resizing = "pad"
) -> tf.Tensor:
    """Return the uint8 image of `shape` in one encoded PNG or JPEG image; pure TensorFlow.

    Args:
        content: Scalar string.
        shape: Height, width and channels of the result.
        light_on_dark: As for `cnnzoo.decoding.decode_image`.
        resizing: As for `cnnzoo.decoding.decode_image`.
    """
    png = tf.strings.substr(content, 0, len(PNG)) == PNG
    jpeg = tf.strings.substr(content, 0, len(JPEG)) == JPEG
    sound = tf.debugging.Assert(png | jpeg, ["image_bytes must be a PNG or JPEG image"])
    with tf.control_dependencies([sound]):
        sides = tf.ensure_shape(encoded_size(content), [2])
    turned = _orientation(content, png)
    scale = tf.constant(1)
    if not light_on_dark:
        upright = tf.where(turned >= 5, sides[::-1], sides)
        scale = tf.where(png, 1, _jpeg_scale(upright, shape, resizing))
    most = tf.where(png, MAX_PIXELS, MAX_JPEG_PIXELS)
    pixels, decoded = tf.reduce_prod(tf.cast(sides, tf.int64)), tf.cast(scale, tf.int64) ** 2
    small = tf.debugging.Assert(
        (pixels <= tf.cast(most, tf.int64)) & (pixels // decoded <= MAX_PIXELS),
        [f"image_bytes must have at most {MAX_PIXELS} pixels"],
    )
    with tf.control_dependencies([small]):
        image = tf.cond(png, lambda: _decode_png(content), lambda: _decode_jpeg(content, scale))
    image = _turn(_in_channels(image, shape[2]), turned)
    if light_on_dark:
        image = _light_on_dark(image, shape)
    fitted = tf.cond(
        tf.reduce_all(tf.shape(image)[:2] == shape[:2]),
        lambda: image,
        lambda: {"pad": _padded, "crop": _cropped}[resizing](image, shape),
    )
    return tf.ensure_shape(tf.cast(fitted, tf.uint8), shape)


def encoded_size(content: tf.Tensor) -> tf.Tensor:
    """Return height and width, int32 `[2]`, from the header of a PNG or JPEG image."""

    def png_size() -> tf.Tensor:
        sides = _number(_bytes(content, 16, 8), tf.constant(True), 4)
        return tf.cast(tf.minimum(sides, 2**30)[::-1], tf.int32)  # Stored width first.

    is_png = tf.strings.substr(content, 0, len(PNG)) == PNG
    return tf.cond(is_png, png_size, lambda: tf.image.extract_jpeg_shape(content)[:2])


def _bytes(content: tf.Tensor, begin: int | tf.Tensor, count: int) -> tf.Tensor:
    part = tf.strings.substr(content, begin, count)
    return tf.cast(tf.io.decode_raw(part, tf.uint8), tf.int64)


def _number(some: tf.Tensor, big_endian: tf.Tensor, size: int) -> tf.Tensor:
    """Return the unsigned numbers of `size` bytes in `some`."""
    each = tf.reshape(some, [-1, size])
    each = tf.cond(big_endian, lambda: each, lambda: each[:, ::-1])
    return tf.reduce_sum(each * [1 << 8 * place for place in reversed(range(size))], axis=1)


def _orientation(content: tf.Tensor, png: tf.Tensor) -> tf.Tensor:
    """Return EXIF's orientation, 1 to 8; 1 where it is not stated."""
    marker = tf.where(png, "eXIf", "Exif")
    head = _bytes(content, 0, _HEADER)
    last = tf.maximum(tf.size(head) - 3, 0)
    wanted = tf.cast(tf.io.decode_raw(marker, tf.uint8), tf.int64)
    found = tf.reduce_all(
        tf.stack([head[place : last + place] == wanted[place] for place in range(4)]), axis=0
    )
    places = tf.where(found)[:, 0]

    def parsed() -> tf.Tensor:
        tiff = head[tf.cast(places[0], tf.int32) + tf.where(png, 4, 6) :]
        big = tiff[0] == ord("M")
        first = tf.cast(_number(tiff[4:8], big, 4)[0], tf.int32)
        count = tf.cast(_number(tiff[first : first + 2], big, 2)[0], tf.int32)
        entries = tf.reshape(tiff[first + 2 : first + 2 + 12 * count], [count, 12])
        tags = _number(entries[:, :2], big, 2)
        values = _number(entries[:, 8:10], big, 2)
        stated = tf.boolean_mask(values, tags == 0x0112)
        one = tf.concat([stated, [1]], 0)[0]
        return tf.where((one >= 1) & (one <= 8), one, 1)

    return tf.cond(tf.size(places) > 0, parsed, lambda: tf.constant(1, tf.int64))


def _decode_png(content: tf.Tensor) -> tf.Tensor:
    """Return int32 `[height, width, 3]`, with transparency laid on white."""
    pixels = tf.cast(tf.io.decode_png(content, channels=4), tf.int32)
    colors, opaque = pixels[..., :3], pixels[..., 3:]
    # With fewer than 8 bits, TensorFlow fills the missing alpha with the greatest of those.
    depth = tf.cast(_bytes(content, 24, 1)[0], tf.int32)
    filled = tf.reduce_all(opaque == tf.bitwise.left_shift(1, depth) - 1)
    opaque = tf.where(filled, 255, opaque)
    return (colors * opaque + 255 * (255 - opaque) + 127) // 255


def _decode_jpeg(content: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Return int32 `[height, width, 3]`, its sides divided by `scale`."""

    def at(ratio: int) -> tf.Tensor:
        # The transform that Pillow's decoder takes.
        return tf.io.decode_jpeg(content, 3, ratio=ratio, dct_method="INTEGER_ACCURATE")

    index = tf.argmax(tf.constant([1, *SCALES]) == scale, output_type=tf.int32)
    branches = [lambda ratio=ratio: at(ratio) for ratio in (1, *SCALES)]
    return tf.cast(tf.switch_case(index, branches), tf.int32)


def _in_channels(image: tf.Tensor, channels: int) -> tf.Tensor:
    if channels == 3:
        return image
    gray = tf.reduce_sum(image * [19_595, 38_470, 7_471], axis=-1, keepdims=True)
    return tf.bitwise.right_shift(gray + 32_768, 16)


def _turn(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    def when(cases: Sequence[int], change: object, image: tf.Tensor) -> tf.Tensor:
        chosen = tf.reduce_any(orientation == tf.constant(cases, tf.int64))
        return tf.cond(chosen, lambda: change(image), lambda: image)  # type: ignore[operator]

    image = when((5, 6, 7, 8), lambda image: tf.transpose(image, (1, 0, 2)), image)
    image = when((2, 3, 6, 7), lambda image: image[:, ::-1], image)
    return when((3, 4, 7, 8), lambda image: image[::-1], image)


def _light_on_dark(image: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Invert a drawing with a light border; crop one of another size to its ink plus a margin."""
    border = tf.cast(_border(image), tf.int64)
    light = 2 * tf.reduce_sum(border) > 255 * tf.size(border, tf.int64)
    image = tf.where(light, 255 - image, image)
    brightest = tf.reduce_max(image, axis=-1)

    def crop() -> tf.Tensor:
        ink = tf.where(2 * brightest > tf.reduce_max(brightest))
        first, last = tf.reduce_min(ink, axis=0), tf.reduce_max(ink, axis=0) + 1
        cropped = image[first[0] : last[0], first[1] : last[1]]
        margin = (2 * tf.reduce_max(last - first) + 5) // 10
        return tf.pad(cropped, [[margin, margin], [margin, margin], [0, 0]])

    fits = tf.reduce_all(tf.shape(image)[:2] == shape[:2])
    return tf.cond((tf.reduce_max(image) == 0) | fits, lambda: image, crop)


def _border(image: tf.Tensor) -> tf.Tensor:
    return tf.concat([image[0], image[-1], image[:, 0], image[:, -1]], axis=0)


def _sides(image: tf.Tensor) -> tf.Tensor:
    return tf.shape(image, tf.int64)[:2]


def _padded_size(sides: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    (height, width), wanted = tf.unstack(sides), tf.constant(shape[:2], tf.int64)
    tall = tf.stack([wanted[0], tf.maximum((2 * width * shape[0] + height) // (2 * height), 1)])
    wide = tf.stack([tf.maximum((2 * height * shape[1] + width) // (2 * width), 1), wanted[1]])
    return tf.where(shape[0] * width <= shape[1] * height, tall, wide)


def _crop_box(sides: tf.Tensor, shape: tuple[int, ...]) -> tuple[tf.Tensor, tf.Tensor]:
    """Return top and left, and height and width."""
    height, width = tf.unstack(sides)

    def limited(side: tf.Tensor, this: int, other: int) -> tuple[tf.Tensor, tf.Tensor]:
        length = tf.maximum((7 * side + 4) // 8, 1)
        return length, tf.maximum((2 * length * other + this) // (2 * this), 1)

    tall = tf.stack(limited(height, shape[0], shape[1]))
    wide = tf.stack(limited(width, shape[1], shape[0])[::-1])
    size = tf.where(shape[0] * width >= shape[1] * height, tall, wide)
    return (sides - size) // 2, size


def _jpeg_scale(sides: tf.Tensor, shape: tuple[int, ...], resizing: Resizing) -> tf.Tensor:
    sides = tf.cast(sides, tf.int64)
    if resizing == "crop":
        needed, found = tf.constant(shape[:2], tf.int64), _crop_box(sides, shape)[1]
    else:
        needed, found = _padded_size(sides, shape), sides
    enough = [tf.reduce_all(found // one >= needed) for one in SCALES]
    return tf.reduce_max(tf.where(tf.stack(enough), tf.constant(SCALES), 1))


def _padded(image: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    target = _padded_size(_sides(image), shape)
    border = tf.cast(_border(image), tf.int64)
    count = tf.shape(border, tf.int64)[0]
    color = tf.cast((2 * tf.reduce_sum(border, axis=0) + count) // (2 * count), tf.int32)
    small = _resized(image, target, tf.zeros(2, tf.int64), _sides(image))
    before = (tf.constant(shape[:2], tf.int64) - target) // 2
    after = tf.constant(shape[:2], tf.int64) - target - before
    margins = tf.concat([tf.stack([before, after], axis=1), [[0, 0]]], axis=0)
    return tf.pad(small - color, margins) + color


def _cropped(image: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    begin, size = _crop_box(_sides(image), shape)
    return _resized(image, tf.constant(shape[:2], tf.int64), begin, size)


def _resized(image: tf.Tensor, target: tf.Tensor, begin: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Return a box of `image`, resized as Pillow does: first rows are made narrower, then columns.

    Its weights are whole multiples of 2^-22, so that all of this is exact in integers.
    """
    for axis in (1, 0):
        length = tf.cast(tf.shape(image)[axis], tf.int64)
        places, weights = _taps(length, target[axis], begin[axis], size[axis])
        near = tf.gather(image, places, axis=axis)
        weights = weights[..., None] if axis else weights[:, :, None, None]
        sums = tf.reduce_sum(near * weights, axis=axis + 1)
        rounded = tf.bitwise.right_shift(sums + 2 ** (_BITS - 1), _BITS)
        image = tf.clip_by_value(rounded, 0, 255)
    return image


def _taps(
    length: tf.Tensor, target: tf.Tensor, begin: tf.Tensor, size: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the places that Pillow's bilinear filter takes, and their weights.

    Both are `[target, taps]`, int64 and int32.
    """
    begin, size = tf.cast(begin, tf.float64), tf.cast(size, tf.float64)
    scale = size / tf.cast(target, tf.float64)
    reach = tf.maximum(scale, 1.0)
    centers = (begin + (tf.cast(tf.range(target), tf.float64) + 0.5) * scale)[:, None]
    first = tf.cast(tf.maximum(centers - reach + 0.5, 0.0), tf.int64)
    last = tf.minimum(tf.cast(centers + reach + 0.5, tf.int64), length)
    places = first + tf.range(2 * tf.cast(tf.math.ceil(reach), tf.int64) + 1)
    distances = tf.abs((tf.cast(places, tf.float64) - centers + 0.5) * (1.0 / reach))
    weights = tf.where(places < last, tf.maximum(1.0 - distances, 0.0), 0.0)
    weights /= tf.reduce_sum(weights, axis=1, keepdims=True)
    whole = tf.cast(weights * 2.0**_BITS + 0.5, tf.int32)
    return tf.minimum(places, length - 1), whole
