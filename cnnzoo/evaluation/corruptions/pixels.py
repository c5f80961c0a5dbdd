"""What corruptions compute with: blurs, resampling and clouds, on batches float32 0 to 1.

Images are `[images, height, width, channels]`.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from cnnzoo.evaluation.corruptions.draws import Draws


def unit(images: np.ndarray) -> float:
    """Return how many pixels of `images` are as long as one of 32 along a side, at least 1."""
    return max(min(images.shape[1:3]) / 32, 1)


def gaussian(images: np.ndarray, sigma: float) -> np.ndarray:
    """Return `images` blurred to 4 standard deviations, edges repeated outside.

    Args:
        images: A batch.
        sigma: In pixels.
    """
    reach = int(4 * sigma + 0.5)
    places = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (places / sigma) ** 2)
    rows, columns = (_band(length, weights / weights.sum()) for length in images.shape[1:3])
    return separable(images, rows, columns)


def _band(length: int, weights: np.ndarray) -> np.ndarray:
    """Return the matrix of a correlation along a side, float32 `[length, length]`."""
    reach, matrix = len(weights) // 2, np.zeros((length, length))
    lines = np.arange(length)
    for place, weight in enumerate(weights, start=-reach):
        np.add.at(matrix, (lines, np.clip(lines + place, 0, length - 1)), weight)
    return matrix.astype(np.float32)


def separable(images: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return `images` with matrices `[new, old]` applied to their rows and columns."""
    narrow = np.einsum("jw,nhwc->nhjc", columns, images, optimize=True)
    return np.einsum("ih,nhjc->nijc", rows, narrow, optimize=True)


def zoomed(images: np.ndarray, factor: float) -> np.ndarray:
    """Return the middle of `images`, `factor` times as large, bilinear."""
    rows, columns = (_zoom(length, factor) for length in images.shape[1:3])
    return separable(images, rows, columns)


def _zoom(length: int, factor: float) -> np.ndarray:
    middle = (length - 1) / 2
    wanted = middle + (np.arange(length) - middle) / factor
    weights = 1 - np.abs(wanted[:, None] - np.arange(length))
    return np.maximum(weights, 0).astype(np.float32)


def convolved(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return `images` correlated with `kernel` of odd sides, mirrored at the edges."""
    reach = len(kernel) // 2
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="reflect")
    result = np.zeros_like(images)
    for row, column in zip(*np.nonzero(kernel), strict=True):
        part = padded[:, row : row + height, column : column + width]
        result += np.float32(kernel[row, column]) * part
    return result


def smeared(images: np.ndarray, sigma: float, radius: int, angles: np.ndarray) -> np.ndarray:
    """Return `images` blurred along a line that starts at each pixel, its weights a half Gaussian.

    Args:
        images: A batch.
        sigma: Standard deviation in pixels.
        radius: The line has `2 * radius + 1` pixels.
        angles: Of the lines in radians, `[images]`.
    """
    count, height, width, _ = images.shape
    steps = np.arange(2 * radius + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    result = np.zeros_like(images)
    flat = images.reshape(count * height * width, -1)
    image = height * width * np.arange(count)[:, None, None]
    for step, weight in zip(steps, weights / weights.sum(), strict=True):
        if weight < 1e-4:
            break
        down, across = (
            np.rint(step * turn).astype(int)[:, None] for turn in (np.sin(angles), np.cos(angles))
        )
        rows = np.clip(np.arange(height) + down, 0, height - 1)[:, :, None]
        columns = np.clip(np.arange(width) + across, 0, width - 1)[:, None, :]
        result += np.float32(weight) * flat.take(image + rows * width + columns, axis=0)
    return result


def sampled(
    images: np.ndarray, rows: np.ndarray, columns: np.ndarray, mirror: bool = False
) -> np.ndarray:
    """Return the values of `images` at places between pixels, bilinear.

    Args:
        images: A batch.
        rows: `[images, height, width]`; the center of the first pixel is at 0.
        columns: The same.
        mirror: Whether edges mirror the image instead of being 0 outside.
    """
    count, height, width, channels = images.shape
    padded = np.pad(images, ((0, 0), (1, 2), (1, 2), (0, 0)))
    places, parts = [], []
    for wanted, length in ((rows, height), (columns, width)):
        if mirror:
            wanted = (length - 1) - np.abs((length - 1) - np.abs(wanted))
        wanted = np.clip(wanted, -1, length) + 1
        low = np.floor(wanted)
        places.append(low.astype(np.int64))
        parts.append((wanted - low).astype(np.float32)[..., None])
    flat = padded.reshape(-1, channels)
    stride = width + 3
    first = (np.arange(count) * (height + 3) * stride)[:, None, None]
    first = first + places[0] * stride + places[1]
    one, right, under, both = (flat.take(first + by, axis=0) for by in (0, 1, stride, stride + 1))
    down, across = parts
    above = one + across * (right - one)
    return above + down * (under + across * (both - under) - above)


def warped(
    images: np.ndarray, matrices: Any, shifts: Any = 0.0, mirror: bool = False
) -> np.ndarray:
    """Return `images` under an affine map about their centers.

    Args:
        images: A batch.
        matrices: From (row, column) of the result to those of the source, `[images, 2, 2]`.
        shifts: Added there, `[images, 2]`.
        mirror: As for `sampled`.
    """
    count, height, width, _ = images.shape
    middle = np.array([(height - 1) / 2, (width - 1) / 2])[:, None, None]
    grid = np.indices((height, width)) - middle
    wanted = np.einsum("nij,jhw->nihw", np.broadcast_to(matrices, (count, 2, 2)), grid)
    wanted = wanted + middle + np.broadcast_to(shifts, (count, 2))[:, :, None, None]
    return sampled(images, wanted[:, 0], wanted[:, 1], mirror)


def clouds(draws: Draws, height: int, width: int, decay: float, times: int = 1) -> np.ndarray:
    """Return fractal clouds by midpoint displacement, float32 `[images, height, width]`, 0 to 1.

    Source: Fournier, Fussell and Carpenter 1982, https://doi.org/10.1145/358523.358553.

    Args:
        draws: Of the images.
        height: Of the part that is returned.
        width: The same.
        decay: By which the displacement falls as the distance halves; less is rougher.
        times: As wide as the image (the next power of two) the whole cloud is; more is smoother.
    """
    size = times * 2 ** math.ceil(math.log2(max(height, width, 2)))
    values = np.zeros((len(draws.uniform(1)), size, size), np.float32)
    step, amount = size, 1.0
    while step > 1:
        half = step // 2
        corners = values[:, ::step, ::step]
        pairs = corners + np.roll(corners, -1, axis=1)
        squares = (pairs + np.roll(pairs, -1, axis=2)) / 4
        squares += amount * (2 * draws.uniform(*squares.shape[1:]) - 1)
        values[:, half::step, half::step] = squares
        for axis, rows, columns in (
            (1, slice(0, None, step), slice(half, None, step)),
            (2, slice(half, None, step), slice(0, None, step)),
        ):
            # Two squares on one axis, two corners on the other.
            other = corners + np.roll(corners, -1, axis=3 - axis)
            middles = (squares + np.roll(squares, 1, axis=axis) + other) / 4
            middles += amount * (2 * draws.uniform(*middles.shape[1:]) - 1)
            values[:, rows, columns] = middles
        step, amount = half, amount / decay
    values -= values.min(axis=(1, 2), keepdims=True)
    values /= values.max(axis=(1, 2), keepdims=True)
    return values[:, :height, :width]


def by_pillow(images: np.ndarray, change: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    """Return `images`, each as a Pillow picture of 8 bits that `change` has changed."""
    result = np.empty_like(images)
    for place, image in enumerate(np.rint(images * 255).astype(np.uint8)):
        picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
        changed = np.asarray(change(picture), np.float32)
        result[place] = changed.reshape(image.shape) / 255
    return result


def encoded_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    """Return `picture` as it is read from a JPEG file of `quality`, 1 to 95."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file)
