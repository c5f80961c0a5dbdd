"""Corruptions of images, five strengths each: fifteen of gray ones, seventeen of color ones.

Source: Mu and Gilmer 2019, https://arxiv.org/abs/1906.02337 (MNIST-C, for gray images); Hendrycks
and Dietterich 2019, https://arxiv.org/abs/1903.12261 (CIFAR-10-C, for color images).
Departures: computed anew with NumPy and Pillow, so that no pixel is that of the published files. Of
gray images, strength 5 is MNIST-C's one strength, and 1 to 4 lead up to it; fog is of clouds a
quarter as wide, and canny_edges, stripe and the lines fade in. Of color images, the strengths of
elastic, frost and glass_blur are ours, so that a stronger one changes more, and one or two of
motion_blur and snow; frost is not made of photographs; `rotate` and `translate` are added.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.corruptions import geometry, marks, noise, weather
from cnnzoo.evaluation.corruptions.draws import Draws
from cnnzoo.registry import Registry

STRENGTHS = (1, 2, 3, 4, 5)
_PIXELS = 2**20  # Of images that are corrupted at once.


class Corruption(NamedTuple):
    """How images are corrupted."""

    # From images float32 `[images, height, width, channels]` 0 to 1, one of `amounts`, and draws,
    # to images, whose values may lie outside of 0 to 1.
    change: Callable[[np.ndarray, Any, Draws], np.ndarray]
    amounts: tuple[Any, Any, Any, Any, Any]  # Of the five strengths.


def _registry(table: dict[str, Corruption]) -> Registry[Corruption]:
    found: Registry[Corruption] = Registry("corruption")
    for name, one in table.items():
        found.add(name, one)
    return found


_OPACITY = (0.2, 0.4, 0.6, 0.8, 1.0)

GRAY = _registry(
    {
        "shot_noise": Corruption(noise.shot_noise, (60, 25, 12, 5, 3)),
        "impulse_noise": Corruption(noise.impulse_noise, (0.03, 0.06, 0.09, 0.13, 0.17)),
        "glass_blur": Corruption(
            noise.glass_blur,
            (
                (0.3, 1, 1, 0.5),
                (0.4, 1, 1, 0.5),
                (0.5, 1, 1, 0.5),
                (0.6, 1, 2, 0.5),
                (0.7, 1, 2, 0.5),
            ),
        ),
        "motion_blur": Corruption(
            noise.motion_blur, ((10, 0.6), (10, 1.2), (10, 1.8), (10, 2.4), (10, 3))
        ),
        "shear": Corruption(geometry.shear, (0.08, 0.16, 0.24, 0.32, 0.4)),
        "scale": Corruption(geometry.scale, (0.94, 0.88, 0.82, 0.76, 0.7)),
        "rotate": Corruption(geometry.rotate, (0.08, 0.16, 0.24, 0.32, 0.4)),
        "brightness": Corruption(weather.brightness, (0.1, 0.2, 0.3, 0.4, 0.5)),
        "translate": Corruption(
            geometry.translate, (0.6 / 28, 1.2 / 28, 1.8 / 28, 2.4 / 28, 3 / 28)
        ),
        "stripe": Corruption(marks.stripe, (0.05, 0.1, 0.15, 0.2, 0.25)),
        "fog": Corruption(
            weather.fog, ((0.6, 1.4, 2), (1.2, 1.4, 2), (1.8, 1.4, 2), (2.4, 1.4, 2), (3, 1.4, 2))
        ),
        "spatter": Corruption(weather.spatter, (0.71, 0.695, 0.68, 0.665, 0.65)),
        "dotted_line": Corruption(marks.dotted_line, _OPACITY),
        "zigzag": Corruption(marks.zigzag, _OPACITY),
        "canny_edges": Corruption(marks.canny_edges, _OPACITY),
    }
)

COLOR = _registry(
    {
        "gaussian_noise": Corruption(noise.gaussian_noise, (0.04, 0.06, 0.08, 0.09, 0.1)),
        "shot_noise": Corruption(noise.shot_noise, (500, 250, 100, 75, 50)),
        "impulse_noise": Corruption(noise.impulse_noise, (0.01, 0.02, 0.03, 0.05, 0.07)),
        "defocus_blur": Corruption(
            noise.defocus_blur, ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1))
        ),
        "glass_blur": Corruption(
            noise.glass_blur,
            ((0.4, 1, 1, 0.4), (0.4, 1, 1, 0.7), (0.4, 1, 1, 1), (0.4, 1, 2, 0.8), (0.4, 1, 2, 1)),
        ),
        "motion_blur": Corruption(
            noise.motion_blur, ((6, 1), (6, 1.5), (6, 2), (8, 2.25), (9, 2.5))
        ),
        "zoom_blur": Corruption(noise.zoom_blur, (1.06, 1.11, 1.16, 1.21, 1.26)),
        "snow": Corruption(
            weather.snow,
            (
                (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
                (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
                (0.15, 0.3, 1.75, 0.55, 10, 4, 0.87),
                (0.25, 0.3, 2.25, 0.6, 12, 6, 0.84),
                (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
            ),
        ),
        "frost": Corruption(
            weather.frost, ((1, 0.2), (0.95, 0.3), (0.9, 0.4), (0.85, 0.5), (0.8, 0.6))
        ),
        "fog": Corruption(
            weather.fog, ((0.2, 3, 1), (0.5, 3, 1), (0.75, 2.5, 1), (1, 2, 1), (1.5, 1.75, 1))
        ),
        "brightness": Corruption(weather.brightness, (0.05, 0.1, 0.15, 0.2, 0.3)),
        "contrast": Corruption(weather.contrast, (0.75, 0.5, 0.4, 0.3, 0.15)),
        "elastic": Corruption(
            geometry.elastic,
            (
                (0.02, 0.04, 0.01),
                (0.04, 0.04, 0.02),
                (0.06, 0.04, 0.03),
                (0.08, 0.04, 0.04),
                (0.1, 0.04, 0.05),
            ),
        ),
        "pixelate": Corruption(marks.pixelate, (0.95, 0.9, 0.85, 0.75, 0.65)),
        "jpeg": Corruption(marks.jpeg, (80, 65, 58, 50, 40)),
        "translate": Corruption(geometry.translate, (1 / 32, 2 / 32, 3 / 32, 4 / 32, 5 / 32)),
        "rotate": Corruption(geometry.rotate, (0.08, 0.16, 0.24, 0.32, 0.4)),
    }
)


def corruptions_for(channels: int) -> Registry[Corruption]:
    """Return the corruptions of gray images, of one channel, or of color ones, of three.

    Raises:
        CnnzooError: Images have another number of channels.
    """
    if channels not in (1, 3):
        raise CnnzooError(f"images must have 1 or 3 channels to be corrupted; got {channels}")
    return GRAY if channels == 1 else COLOR


def corrupt(
    images: np.ndarray, name: str, strength: int, seed: int = 0, indices: Any = None
) -> np.ndarray:
    """Return corrupted `images`, uint8 of the same shape, pure functions of (seed, index).

    Args:
        images: uint8 `[images, height, width, channels]`.
        name: Of the corruption, a key of `corruptions_for(channels)`.
        strength: From 1 to 5.
        seed: Of what is drawn by chance, from 0 to 4294967295.
        indices: Of the images in their data set, int `[images]`; by default 0, 1, 2 and so on.

    Raises:
        CnnzooError: The name is unknown, or another argument out of range.
    """
    images = np.asarray(images)
    places = np.arange(len(images)) if indices is None else np.asarray(indices)
    _check(images, strength, seed, places)
    change, amounts = corruptions_for(images.shape[3])[name]
    result = np.empty_like(images)
    step = max(_PIXELS // (images.shape[1] * images.shape[2]), 1)
    for start in range(0, len(images), step):
        part = slice(start, start + step)
        draws = Draws(seed, name, places[part])
        own = images[part].astype(np.float32) / 255
        found = change(own, amounts[strength - 1], draws)
        result[part] = np.rint(np.clip(found, 0, 1) * 255)
    return result


def _check(images: np.ndarray, strength: int, seed: int, places: np.ndarray) -> None:
    """Refuse what `corrupt` cannot work on."""
    if images.dtype != np.uint8 or images.ndim != 4 or min(images.shape[1:3], default=0) < 8:
        raise CnnzooError(
            "images must be uint8 [images, height, width, channels] of sides of at least 8; got "
            f"{images.dtype} {list(images.shape)}"
        )
    if strength not in STRENGTHS:
        raise CnnzooError(f"strength must be a whole number from 1 to 5; got {strength!r}")
    if not (isinstance(seed, int) and 0 <= seed < 2**32):
        raise CnnzooError(f"seed must be a whole number from 0 to 4294967295; got {seed!r}")
    whole = places.shape == (len(images),) and places.dtype.kind in "iu"
    if not whole or places.min(initial=0) < 0:
        raise CnnzooError(
            "indices must be whole numbers of at least 0, one per image; got "
            f"{np.array2string(places, threshold=5, edgeitems=2)} for {len(images)} images"
        )
