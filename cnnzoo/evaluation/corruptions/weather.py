"""Corruptions by light and weather: brightness, contrast, fog, frost, snow, spatter.

Departure of frost: its crystals are ridges of fractal clouds, where the benchmark has photographs.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from cnnzoo.evaluation.corruptions.draws import Draws
from cnnzoo.evaluation.corruptions.pixels import clouds, gaussian, smeared, unit, zoomed

_MUD = 63 / 255
_ICE = np.array([0.75, 0.85, 1.0], np.float32)  # Red, green and blue of frost.


def brightness(images: np.ndarray, by: float, draws: Draws) -> np.ndarray:
    """Raise the value of HSV, which is the greatest channel; hue and saturation stay."""
    value = functools.reduce(np.maximum, np.split(images, images.shape[3], axis=3))
    raised = np.minimum(value + by, 1)
    black = value == 0
    scaled = images * (raised / np.where(black, 1, value))
    return np.where(black, raised, scaled).astype(np.float32)


def contrast(images: np.ndarray, share: float, draws: Draws) -> np.ndarray:
    """Leave this share of each value's distance from the mean of its channel."""
    mean = images.mean(axis=(1, 2), keepdims=True)
    return mean + np.float32(share) * (images - mean)


def fog(images: np.ndarray, layers: tuple[float, float, int], draws: Draws) -> np.ndarray:
    """Add clouds and scale the sum to the image's maximum.

    Args:
        images: A batch.
        layers: Thickness, and `decay` and `times` of `clouds`.
        draws: Of the images.
    """
    thickness, decay, times = layers
    most = images.max(axis=(1, 2, 3), keepdims=True)
    _, height, width, _ = images.shape
    layer = clouds(draws, height, width, decay, times)[..., None]
    return (images + np.float32(thickness) * layer) * (most / (most + np.float32(thickness)))


def frost(images: np.ndarray, shares: tuple[float, float], draws: Draws) -> np.ndarray:
    """Add crystals of ice: so much of the image, and so much of these."""
    _, height, width, _ = images.shape
    layer = clouds(draws, height, width, 1.6)[..., None]
    ridges = (1 - np.abs(2 * layer - 1)) ** 2
    own, ice = map(np.float32, shares)
    return own * images + ice * (0.4 + ridges) / 1.4 * _ICE


def snow(images: np.ndarray, flakes: tuple[float, ...], draws: Draws) -> np.ndarray:
    """Whiten the images and let flakes fall.

    Args:
        images: A batch.
        flakes: Mean and standard deviation of the noise that they are made of, how large they
            are, the threshold above which they are seen, radius and standard deviation of their
            blur as they fall, in `unit`s, and the share of the image that stays as it is.
        draws: Of the images.
    """
    mean, deviation, size, threshold, radius, sigma, share = flakes
    layer = mean + deviation * draws.normal(*images.shape[1:3], 1)
    layer = zoomed(layer, size)
    layer = np.clip(np.where(layer < threshold, 0, layer), 0, 1).astype(np.float32)
    fall = -(0.25 + 0.5 * draws.uniform()) * math.pi
    layer = smeared(layer, sigma * unit(images), round(radius * unit(images)), fall)
    gray = images @ np.array([[0.299], [0.587], [0.114]], np.float32)
    white = np.maximum(images, gray * 1.5 + 0.5)
    return np.float32(share) * images + np.float32(1 - share) * white + layer + layer[:, ::-1, ::-1]


def spatter(images: np.ndarray, threshold: float, draws: Draws) -> np.ndarray:
    """Cover with drops of mud where a smooth noise exceeds `threshold`, 0.65 for half of it."""
    liquid = 0.65 + 0.3 * draws.normal(*images.shape[1:3], 1)
    smooth = gaussian(liquid, unit(images))
    wet = (smooth - 0.65) * np.float32(unit(images)) > threshold - 0.65
    mud = gaussian(wet.astype(np.float32), 1.5 * unit(images))
    mud = np.where(mud < 0.8, 0, mud).astype(np.float32)
    return images * (1 - mud) + np.float32(_MUD) * mud
