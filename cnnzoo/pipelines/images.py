"""Images as they come, arrays and encoded files, to the raw images that a network takes.

Training never decodes; `predict` and the `serving_bytes` of every SavedModel do, with this code,
which is pure TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.datasets import Dataset
from cnnzoo.datasets.resizing import fit
from cnnzoo.errors import CnnzooError
from cnnzoo.files import read

MAX_BYTES = 2**26  # Of an encoded image or sound: 64 MiB.

_CHUNK = 10_000  # Images that are measured at a time.

MAX_PIXELS = 2**24  # Of an encoded image, by its header: 4096x4096. Decoded color takes 50 MB.

# TensorFlow quotes the image in its message, which then may not be UTF-8.
UNDECODABLE = (tf.errors.InvalidArgumentError, UnicodeDecodeError)

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


def preprocessing(
    dataset: Dataset,
    images: np.ndarray,
    input_shape: tuple[int, ...],
    normalization: str = "standardized",
) -> list[keras.layers.Layer]:
    """Return the layers from raw images (0 to 255) to what the network takes: stock Keras layers.

    Images are padded evenly with zeros to `input_shape`, then normalized.

    Args:
        dataset: Of images.
        images: Its training images, uint8 `[examples, height, width, channels]`, measured where
            `dataset` states no mean and standard deviation.
        input_shape: Of the network.
        normalization: "standardized" to mean 0 and standard deviation 1 of
            each channel of the training split, "unit" to 0 to 1, or "centered" to -0.5 to 0.5.

    Raises:
        CnnzooError: The network's input is smaller than the images or has other channels.
    """
    shape = dataset.input_shape
    above, left = input_shape[0] - shape[0], input_shape[1] - shape[1]
    if above < 0 or left < 0 or shape[2] != input_shape[2]:
        raise CnnzooError(
            f"model must take images of at least {shape} for {dataset.name}; got {input_shape}"
        )
    padding = ((above // 2, above - above // 2), (left // 2, left - left // 2))
    layers: list[keras.layers.Layer] = []
    if above or left:
        layers.append(keras.layers.Rescaling(1.0, name="float"))  # LiteRT cannot pad uint8.
        layers.append(keras.layers.ZeroPadding2D(padding, name="pad"))
    if normalization == "standardized":
        means, stds = (dataset.mean, dataset.std) if dataset.mean else moments(images)
        scale = [1 / (255 * std) for std in stds]
        offset = [-mean / std for mean, std in zip(means, stds, strict=True)]
        layers.append(keras.layers.Rescaling(scale, offset, name="standardize"))
    else:
        shift = {"unit": 0.0, "centered": -0.5}[normalization]
        layers.append(keras.layers.Rescaling(1 / 255, shift, name=normalization))
    return layers


def moments(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each channel of uint8 `images`, taken as 0 to 1."""
    channels = images.shape[-1]
    # Counting the 256 values is exact and takes no copy of the images as floats.
    counts = [np.zeros(256, np.int64) for _ in range(channels)]
    for begin in range(0, len(images), _CHUNK):
        for one, count in enumerate(counts):
            count += np.bincount(images[begin : begin + _CHUNK, ..., one].ravel(), minlength=256)
    levels = np.arange(256) / 255
    means = [float(np.average(levels, weights=count)) for count in counts]
    stds = [
        float(np.average((levels - mean) ** 2, weights=count) ** 0.5)
        for mean, count in zip(means, counts, strict=True)
    ]
    return tuple(means), tuple(
        std if std > 1e-6 else 1.0 for std in stds
    )  # A constant channel stays 0.


def check_array(array: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Return `array` as a raw batch, uint8 `[images, *shape]`.

    Args:
        array: One image or a batch of them, of `shape`; gray images may lack the last axis. uint8
            from 0 to 255, or floats from 0 to 1, which are rounded to the nearest of 256 levels.
        shape: Height, width and channels.
        name: What to call the array in a message.

    Raises:
        CnnzooError: Another rank, size, number of channels, type or range, or NaN.
    """
    array = np.asarray(array)
    gray = array[..., None] if shape[2] == 1 and array.shape[-2:] == shape[:2] else array
    if gray.shape[-3:] != shape or gray.ndim not in (3, 4):
        wanted = f"{list(shape)} or [images, {', '.join(map(str, shape))}]"
        raise CnnzooError(f"{name} must have shape {wanted}; got {list(array.shape)}")
    if np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(gray).all():
            raise CnnzooError(f"{name} must hold numbers; got NaN or infinity")
        if gray.size and not 0 <= gray.min() <= gray.max() <= 1:
            raise CnnzooError(
                f"{name} must lie in 0 to 1 where it holds floats (or be uint8, 0 to 255); "
                f"got {gray.min():g} to {gray.max():g}"
            )
        gray = np.rint(gray * 255).astype(np.uint8)
    if gray.dtype != np.uint8:
        raise CnnzooError(f"{name} must be uint8 (0 to 255) or floats (0 to 1); got {array.dtype}")
    return gray.reshape(-1, *shape)


def check_encoded(content: bytes, name: str) -> bytes:
    """Return `content` if its header is that of a PNG or JPEG image of reasonable size.

    Raises:
        CnnzooError: It is not; `name` stands in the message.
    """
    if not content:
        raise CnnzooError(f"{name} must be a PNG or JPEG image; got an empty file")
    if not content.startswith((PNG, JPEG)):
        kind = "a GIF" if content.startswith(b"GIF8") else "something else"
        raise CnnzooError(f"{name} must be a PNG or JPEG image; got {kind}")
    try:
        height, width = (int(side) for side in encoded_size(tf.constant(content)))
    except UNDECODABLE as error:
        raise CnnzooError(f"{name} is damaged: its header cannot be read") from error
    if height * width > MAX_PIXELS:
        raise CnnzooError(f"{name} must have at most {MAX_PIXELS:,} pixels; got {width}x{height}")
    return content


def read_encoded(path: Path) -> bytes:
    """Return the content of an image file whose header is sound.

    Raises:
        CnnzooError: There is no such file or it is no PNG or JPEG image.
    """
    return check_encoded(read(path, limit=MAX_BYTES), str(path))


def read_array(path: Path, check: Callable[[Any, str], np.ndarray]) -> np.ndarray:
    """Return what `check` makes of the array in a `.npy` file and of the path's name.

    Raises:
        CnnzooError: There is no such file or it holds something else.
    """
    if not path.is_file():
        raise CnnzooError(f"{path} must be a file; got no such file")
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError, MemoryError) as error:
        raise CnnzooError(f"{path} is no NumPy array file, or a damaged one") from error
    if not isinstance(array, np.ndarray):
        raise CnnzooError(f"{path} must hold one array (.npy); got an archive of several (.npz)")
    return check(array, str(path))


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
