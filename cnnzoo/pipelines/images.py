"""Arrays of images to the raw images that a network takes, and these to its input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cnnzoo.datasets import Dataset
from cnnzoo.datasets.encoded import EncodedImages
from cnnzoo.errors import CnnzooError
from cnnzoo.lazy import keras
from cnnzoo.pipelines.arrays import as_array

MAX_BYTES = 2**26  # Of an encoded image or sound: 64 MiB.

_CHUNK = 10_000  # Images that are measured at a time.
_MEASURED = 500  # Images of which mean and deviation are taken where they stay encoded.


def preprocessing(
    dataset: Dataset,
    images: np.ndarray | EncodedImages,
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


def moments(images: np.ndarray | EncodedImages) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each channel of uint8 `images`, taken as 0 to 1.

    Of images that stay encoded, 500 are measured, at even distances.
    """
    if isinstance(images, EncodedImages):
        images = images[np.linspace(0, len(images) - 1, min(_MEASURED, len(images))).astype(int)]
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


def check_array(array: Any, shape: tuple[int, ...], name: str) -> Any:
    """Return `array` as a raw batch, uint8 `[images, *shape]`.

    Args:
        array: One image or a batch of them, of `shape`; gray images may lack the last axis. uint8
            from 0 to 255, or floats from 0 to 1, which are rounded to the nearest of 256 levels.
        shape: Height, width and channels.
        name: What to call the array in a message.

    Raises:
        CnnzooError: Another rank, size, number of channels, type or range, or NaN.
    """
    if isinstance(array, EncodedImages) and array.shape[1:] == shape:
        return array  # Decoded a batch at a time.
    array = as_array(array, name)
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
