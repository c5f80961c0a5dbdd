"""Augmentation that deforms images by a smooth random field.

Source: Simard, Steinkraus and Platt 2003, https://doi.org/10.1109/ICDAR.2003.1227801, section 2.
Departure: the field is interpolated between random vectors on a grid, where they blur one vector
per pixel.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from cnnzoo.pipelines.augmentation.base import Augmentation, like, require_number, require_whole
from cnnzoo.pipelines.augmentation.pixels import take_pixels


@keras.saving.register_keras_serializable("cnnzoo")
class RandomElastic(Augmentation):
    """Deform each image by a field of random vectors on a grid, smooth in between; outside is 0.

    Args:
        pixels: Standard deviation of the vectors.
        grid: Vectors along each side.

    Raises:
        CnnzooError: An argument is out of range.
    """

    def __init__(self, pixels: float = 2.0, grid: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        require_number("pixels", pixels, 0)
        require_whole("grid", grid, 2)
        self.pixels, self.grid, self.noise_size = pixels, grid, 4 * grid**2

    def transform(self, images: Any, noise: Any) -> Any:
        """Return the deformed images, bilinear."""
        _, height, width, _ = ops.shape(images)
        first, second = noise[:, : 2 * self.grid**2], noise[:, 2 * self.grid**2 :]
        normal = ops.sqrt(-2 * ops.log(1 - first)) * ops.cos(2 * math.pi * second)
        vectors = ops.reshape(self.pixels * normal, (-1, 2, self.grid, self.grid))
        tall, wide = _between(self.grid, height), _between(self.grid, width)
        field = ops.einsum("hg,nagk,wk->nahw", tall, vectors, wide)
        rows = ops.arange(height, dtype="float32")[None, :, None] + field[:, 0]
        columns = ops.arange(width, dtype="float32")[None, None, :] + field[:, 1]
        top, left = ops.floor(rows), ops.floor(columns)
        down, across = (rows - top)[..., None], (columns - left)[..., None]
        result = 0.0
        for by_row, high in ((0, 1 - down), (1, down)):
            for by_column, near in ((0, 1 - across), (1, across)):
                places = ops.cast(top, "int32") + by_row, ops.cast(left, "int32") + by_column
                result = result + high * near * ops.cast(take_pixels(images, *places), "float32")
        return like(images, result)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {**super().get_config(), "pixels": self.pixels, "grid": self.grid}


def _between(grid: int, length: int) -> np.ndarray:
    """Return weights float32 `[length, grid]` of a cubic interpolation between points of a grid.

    The slope is 0 at the points.
    """
    places = np.linspace(0, grid - 1, length)[:, None]
    far = np.minimum(np.abs(places - np.arange(grid)), 1)
    return (1 - far**2 * (3 - 2 * far)).astype(np.float32)
