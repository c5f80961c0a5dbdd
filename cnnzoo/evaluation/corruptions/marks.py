"""Corruptions of drawings: stripes, lines, edges; and of digital pictures: pixels, JPEG."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from cnnzoo.evaluation.corruptions.draws import Draws
from cnnzoo.evaluation.corruptions.pixels import by_pillow, encoded_jpeg, gaussian

_LOW, _HIGH = 0.1, 0.2  # Gradients of an edge that goes on, and of one that begins.


def stripe(images: np.ndarray, share: float, draws: Draws) -> np.ndarray:
    """Invert this share of the width at both sides."""
    width = images.shape[2]
    columns = np.arange(width)
    edge = round(share * width)
    inverted = (columns < edge) | (columns >= width - edge)
    return np.where(inverted[:, None], 1 - images, images)


def dotted_line(images: np.ndarray, opacity: float, draws: Draws) -> np.ndarray:
    """Draw a dotted line from side to side."""
    columns, unit = _columns(images)
    begin, end = 27 * draws.uniform(2, 1).transpose(1, 0, 2)
    heights = begin + (end - begin) * columns / 27
    seen = np.floor(columns / 2) % 2 == 1
    return images + np.float32(opacity) * _line(images, heights * unit, seen)


def zigzag(images: np.ndarray, opacity: float, draws: Draws) -> np.ndarray:
    """Draw a zigzag from side to side."""
    columns, unit = _columns(images)
    begin, slope = 27 * draws.uniform(1), (10 * draws.uniform(1) - 5) / 23
    wave = 2 - np.abs((columns - 4) % 8 - 4)  # From -2 to 2 and back in 8 columns.
    heights = begin + slope * (columns - 2) + wave
    seen = (columns >= 2) & (columns < 25)
    return images + np.float32(opacity) * _line(images, heights * unit, seen)


def _columns(images: np.ndarray) -> tuple[np.ndarray, float]:
    """Return where columns lie in an image of sides of 28, and the pixels of one of its pixels."""
    unit = min(images.shape[1:3]) / 28
    return np.arange(images.shape[2]) / images.shape[2] * 28, unit


def _line(images: np.ndarray, heights: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return a line through `heights`, pixels `[images, width]`, in the columns that are seen."""
    _, height, width, _ = images.shape
    unit = min(height, width) / 28
    far = np.abs(np.arange(height)[None, :, None] - heights[:, None, :]) / (2.3 * unit)
    ink = np.log(1 - np.minimum(far, 0.999)) + 1
    return (np.clip(ink, 0, 1) * seen)[..., None].astype(np.float32)


def canny_edges(images: np.ndarray, share: float, draws: Draws) -> np.ndarray:
    """Blend with the image's edges after Canny 1986, https://doi.org/10.1109/TPAMI.1986.4767851."""
    smooth = gaussian(images, 1)[..., 0]
    padded = np.pad(smooth, ((0, 0), (1, 1), (1, 1)), mode="edge")
    across = (padded[:, :, 2:] - padded[:, :, :-2]) / 4
    across = across[:, :-2] + 2 * across[:, 1:-1] + across[:, 2:]
    down = (padded[:, 2:] - padded[:, :-2]) / 4
    down = down[:, :, :-2] + 2 * down[:, :, 1:-1] + down[:, :, 2:]
    size = np.hypot(across, down)
    thin = size * _is_ridge(size, np.arctan2(down, across))
    edges, weak = thin > _HIGH, thin > _LOW
    while True:  # An edge goes on through its weak neighbors.
        grown = weak & _neighborhood(edges)
        if (grown == edges).all():
            break
        edges = grown
    return images + np.float32(share) * (edges[..., None] - images)


def _is_ridge(size: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return where `size` is not below that of both neighbors in the direction of `angle`."""
    padded = np.pad(size, ((0, 0), (1, 1), (1, 1)))
    _, height, width = size.shape
    eighth = np.rint(angle / (math.pi / 4)).astype(int) % 4
    ridge = np.zeros(size.shape, bool)
    for place, (row, column) in enumerate(((0, 1), (1, 1), (1, 0), (1, -1))):
        one, other = (
            padded[:, 1 + s * row : 1 + s * row + height, 1 + s * column : 1 + s * column + width]
            for s in (1, -1)
        )
        ridge |= (eighth == place) & (size >= one) & (size > other)
    return ridge


def _neighborhood(mask: np.ndarray) -> np.ndarray:
    for axis in (1, 2):
        padded = np.pad(mask, [(0, 0)] + [(int(a == axis),) * 2 for a in (1, 2)])
        length = mask.shape[axis]
        parts = [padded.take(range(by, by + length), axis) for by in range(3)]
        mask = parts[0] | parts[1] | parts[2]
    return mask


def pixelate(images: np.ndarray, share: float, draws: Draws) -> np.ndarray:
    """Shrink to this share of the sides, and bring back in blocks."""

    box = Image.Resampling.BOX

    def blocks(picture: Image.Image) -> Image.Image:
        width, height = (max(int(side * share), 1) for side in picture.size)
        return picture.resize((width, height), box).resize(picture.size, box)

    return by_pillow(images, blocks)


def jpeg(images: np.ndarray, quality: int, draws: Draws) -> np.ndarray:
    """Store as JPEG."""
    return by_pillow(images, lambda picture: encoded_jpeg(picture, quality))
