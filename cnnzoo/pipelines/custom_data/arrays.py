"""Arrays of images of any usual type as raw images."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnnzoo.decoding import MAX_PIXELS
from cnnzoo.errors import CnnzooError

_CHUNK = 4_096  # Images that are converted at a time, which bounds memory.


def raw_images(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return arrays of images as uint8 `[examples, height, width, channels]`.

    Floats from 0 to 1 mean as many 255ths, and booleans 0 and 255; integers and other floats are
    taken as they are, from 0 to 255, and images of 16 bits are brought there. One scale holds for
    all the arrays.

    Args:
        arrays: What to call each array in a message -> images `[examples, height, width]` or
            `[examples, height, width, channels]`.

    Raises:
        CnnzooError: Another shape or type, values beyond these, or arrays of several shapes.
    """
    images = {name: _with_channels(array, name) for name, array in arrays.items()}
    first, *others = images.items()
    for name, array in others:
        if array.shape[1:] != first[1].shape[1:]:
            raise CnnzooError(
                f"{first[0]} and {name} must hold images of one shape; got "
                f"{list(first[1].shape[1:])} and {list(array.shape[1:])}"
            )
    scale = _scale(images)
    return {name: _scaled(array, scale) for name, array in images.items()}


def _with_channels(array: np.ndarray, name: str) -> np.ndarray:
    found = f"{array.dtype} {list(array.shape)}"
    pixels = array[..., None] if array.ndim == 3 else array
    if array.dtype.kind not in "buif" or pixels.ndim != 4 or not 1 <= pixels.shape[3] <= 4:
        raise CnnzooError(
            f"{name} must be images, numbers [examples, height, width] or [examples, height, "
            f"width, 1 to 4 channels], as the network takes; got {found}"
        )
    if not 1 <= pixels.shape[1] * pixels.shape[2] <= MAX_PIXELS:
        raise CnnzooError(f"{name} must have 1 to {MAX_PIXELS:,} pixels an image; got {found}")
    return pixels


def _scale(images: Mapping[str, np.ndarray]) -> float:
    """Return the factor from the values of `images` to 0 to 255."""
    filled = {name: array for name, array in images.items() if array.size}
    kinds = {array.dtype.kind for array in filled.values()}
    low = min((float(array.min()) for array in filled.values()), default=0.0)
    high = max((float(array.max()) for array in filled.values()), default=0.0)
    if "b" in kinds:
        if len(kinds) > 1:
            raise CnnzooError(f"{', '.join(filled)} must be of one type; got booleans and numbers")
        return 255.0
    floats = "f" in kinds
    if floats and low >= 0 and high <= 1:
        return 255.0
    if low >= 0 and high <= 255 and not (floats and high < 2):
        return 1.0
    if kinds == {"u"} and all(array.dtype == np.uint16 for array in filled.values()):
        return 255 / 65_535
    raise CnnzooError(
        f"{', '.join(filled)} must lie in 0 to 255, or in 0 to 1 where floats; "
        f"got {low:g} to {high:g}"
    )


def _scaled(images: np.ndarray, scale: float) -> np.ndarray:
    if images.dtype == np.uint8 and scale == 1:
        return images
    scaled = np.empty(images.shape, np.uint8)
    for begin in range(0, len(images), _CHUNK):
        some = images[begin : begin + _CHUNK].astype(np.float64)
        scaled[begin : begin + _CHUNK] = np.rint(some * scale)
    return scaled
