"""Corruptions by noise, and by blurs; see the tables in `cnnzoo.evaluation.corruptions`."""

from __future__ import annotations

import math

import numpy as np

from cnnzoo.evaluation.corruptions.draws import Draws
from cnnzoo.evaluation.corruptions.pixels import convolved, gaussian, smeared, unit, zoomed


def gaussian_noise(images: np.ndarray, deviation: float, draws: Draws) -> np.ndarray:
    """Add normal noise of this standard deviation to every value."""
    return images + np.float32(deviation) * draws.normal(*images.shape[1:])


def shot_noise(images: np.ndarray, photons: float, draws: Draws) -> np.ndarray:
    """Count photons, of which white gives so many on average."""
    levels = np.rint(images * 255).astype(np.uint8)
    return draws.poisson(levels, photons) / np.float32(photons)


def impulse_noise(images: np.ndarray, share: float, draws: Draws) -> np.ndarray:
    """Set this share of all values to 0 or 1."""
    hit = draws.uniform(*images.shape[1:])
    return np.where(hit < share / 2, 0, np.where(hit < share, 1, images)).astype(np.float32)


def defocus_blur(images: np.ndarray, disk: tuple[float, float], draws: Draws) -> np.ndarray:
    """Spread every pixel over a disk, of a radius in `unit`s and an edge blurred by pixels."""
    radius, edge = disk[0] * unit(images), disk[1]
    reach = math.floor(radius) + 1
    places = np.arange(-reach, reach + 1)
    kernel = (places[:, None] ** 2 + places**2 <= radius**2).astype(np.float32)
    smooth = np.exp(-0.5 * (np.array([-1, 0, 1]) / edge) ** 2)
    smooth = np.outer(smooth, smooth) / smooth.sum() ** 2
    soft = sum(
        weight * np.roll(kernel, (row - 1, column - 1), (0, 1))
        for (row, column), weight in np.ndenumerate(smooth)
    )
    return convolved(images, np.asarray(soft) / kernel.sum())


def glass_blur(
    images: np.ndarray, glass: tuple[float, int, int, float], draws: Draws
) -> np.ndarray:
    """Blur, exchange neighbors by chance, and blur.

    Args:
        images: A batch.
        glass: Standard deviation of the blur and how far neighbors are, in `unit`s, how often all
            are exchanged, and the chance of each.
        draws: Of the images.
    """
    sigma, reach, times, chance = glass
    sigma, reach = sigma * unit(images), round(reach * unit(images))
    found = gaussian(images, sigma)
    count, height, width, _ = images.shape
    image = np.arange(count)
    for _ in range(times):
        by = draws.integers(-reach, reach, height, width, 2)
        hit = draws.uniform(height, width) < chance
        by *= hit[..., None]  # A pixel that is exchanged with itself stays.
        by = np.ascontiguousarray(by.transpose(1, 2, 3, 0))
        for row in range(height - reach, reach, -1):
            for column in range(width - reach, reach, -1):
                down, across = by[row - 1, column - 1]
                other = found[image, row + down, column + across]
                found[image, row + down, column + across] = found[:, row, column]
                found[:, row, column] = other
    return gaussian(found, sigma)


def motion_blur(images: np.ndarray, line: tuple[float, float], draws: Draws) -> np.ndarray:
    """Blur along a line within 45 degrees of the horizontal.

    Args:
        images: A batch.
        line: Radius and standard deviation, in `unit`s.
        draws: Of the images.
    """
    radius, sigma = (unit(images) * one for one in line)
    angles = (draws.uniform() - 0.5) * (math.pi / 2)
    return smeared(images, sigma, round(radius), angles)


def zoom_blur(images: np.ndarray, most: float, draws: Draws) -> np.ndarray:
    """Average the images at factors from 1 to `most`, in steps of a hundredth."""
    factors = [1.0, *np.arange(1, most, 0.01)]
    return sum(zoomed(images, factor) for factor in factors) / np.float32(len(factors))
