"""Corruptions that move pixels: shear, scale, rotation, translation, elastic deformation."""

from __future__ import annotations

import numpy as np

from cnnzoo.evaluation.corruptions.draws import Draws
from cnnzoo.evaluation.corruptions.pixels import gaussian, sampled, warped


def shear(images: np.ndarray, angle: float, draws: Draws) -> np.ndarray:
    """Shear columns by an angle in radians, either way."""
    slope = np.tan(draws.signs() * angle)
    one, zero = np.ones_like(slope), np.zeros_like(slope)
    return warped(images, _matrices(one, zero, slope, one))


def scale(images: np.ndarray, factor: float, draws: Draws) -> np.ndarray:
    """Shrink to `factor` of the size."""
    return warped(images, np.eye(2) / factor)


def rotate(images: np.ndarray, angle: float, draws: Draws) -> np.ndarray:
    """Rotate by an angle in radians, either way."""
    turn = draws.signs() * angle
    cos, sin = np.cos(turn), np.sin(turn)
    return warped(images, _matrices(cos, -sin, sin, cos))


def translate(images: np.ndarray, share: float, draws: Draws) -> np.ndarray:
    """Move by this share of the sides, either way."""
    sides = np.array(images.shape[1:3])
    return warped(images, np.eye(2), draws.signs(2) * share * sides)


def elastic(images: np.ndarray, field: tuple[float, float, float], draws: Draws) -> np.ndarray:
    """Move three points, by an affine map, and then every pixel by a smooth field.

    Args:
        images: A batch.
        field: Strength of the smooth field, its standard deviation, and how far the three points
            move at most; as shares of the shorter side.
        draws: Of the images.
    """
    side = min(images.shape[1:3])
    amount, smooth, most = (side * one for one in field)
    third = side // 3
    points = np.array([[third, third], [third, -third], [-third, -third]])
    moved = points + most * (2 * draws.uniform(3, 2) - 1)
    ones = np.ones((len(moved), 3, 1))
    # Affine coefficients from the moved points, where pixels are wanted, to the old ones.
    found = np.linalg.solve(np.concatenate([moved, ones], axis=2), points[None] + 0 * moved)
    images = warped(images, found[:, :2].transpose(0, 2, 1), found[:, 2], mirror=True)
    if not amount:
        return images
    by = amount * gaussian(2 * draws.uniform(*images.shape[1:3], 2) - 1, smooth)
    rows, columns = np.indices(images.shape[1:3])
    return sampled(images, rows + by[..., 0], columns + by[..., 1], mirror=True)


def _matrices(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return `[[a, b], [c, d]]` per image, `[images, 2, 2]`."""
    return np.stack([np.stack([a, b], axis=1), np.stack([c, d], axis=1)], axis=1)
