"""Augmentation that moves pixels: shift, pad-and-crop, flip, rotation and zoom, cutout.

Source of cutout: DeVries & Taylor 2017, https://arxiv.org/abs/1708.04552.

What only moves whole pixels is one gather of pixels a batch.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from cnnzoo.pipelines.augmentation.base import (
    Augmentation,
    like,
    require,
    require_number,
    require_whole,
)
from cnnzoo.pipelines.augmentation.pixels import box_mask, reflected, resampling, take_grid


@keras.saving.register_keras_serializable("cnnzoo")
class PadCrop(Augmentation):
    """Pad each side, then cut a window of the old size at a random place; mirror half the images.

    Args:
        padding: Pixels added on every side.
        flip: Whether every other image, by chance, is also mirrored left to right.
        reflect: Whether the padding mirrors the image instead of being 0; then `padding` must be
            less than the shorter side.
        alternate: Whether, in a pipeline, an image is mirrored in every second epoch instead, about
            half of them in the first: Jordan 2024, https://arxiv.org/abs/2404.00498, section 3.6.

    Raises:
        CnnzooError: An argument is of another kind.
    """

    def __init__(
        self,
        padding: int,
        flip: bool = False,
        reflect: bool = False,
        alternate: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        require_whole("padding", padding, 0)
        require("alternate", alternate, "be false without flip", flip or not alternate)
        self.padding, self.flip, self.reflect, self.alternate = padding, flip, reflect, alternate
        self.noise_size = 3 if flip else 2
        self.alternating = (2,) if alternate else ()

    def transform(self, images: Any, noise: Any) -> Any:
        """Return the windows."""
        _, height, width, _ = ops.shape(images)
        by = ops.cast(ops.floor(noise[:, :2] * (2 * self.padding + 1)), "int32") - self.padding
        rows = ops.arange(height, dtype="int32") + by[:, :1]
        columns = ops.arange(width, dtype="int32")
        if self.flip:
            columns = ops.where(noise[:, 2:] < 0.5, width - 1 - columns, columns)
        columns = columns + by[:, 1:2]
        if self.reflect:
            rows, columns = reflected(rows, height), reflected(columns, width)
        return take_grid(images, rows, columns)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        names = ("padding", "flip", "reflect", "alternate")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable("cnnzoo")
class RandomResizedCrop(Augmentation):
    """Cut out a part of random area, aspect and place, and resize it to the size of the image.

    Source: Szegedy et al. 2014, https://arxiv.org/abs/1409.4842, section 6.
    Departure: a part longer than the image is cut to it, where the paper draws again.

    As the first part of a policy it is taken from the full-size picture where images are files.

    Args:
        least_area: The smallest part, as a share of the image's area.
        most_aspect: The greatest width by height, and the inverse of the smallest.

    Raises:
        CnnzooError: An argument is of another kind or range.
    """

    noise_size = 4

    def __init__(self, least_area: float = 0.08, most_aspect: float = 4 / 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        require_number("least_area", least_area, 0.01, 1)
        require_number("most_aspect", most_aspect, 1)
        self.least_area, self.most_aspect = least_area, most_aspect

    def crops(self, noise: Any) -> Any:
        """Return area, aspect, top and left, float32 `[images, 4]`; see `cnnzoo.decoding.Crop`."""
        area = self.least_area + noise[:, 0] * (1 - self.least_area)
        aspect = ops.exp((2 * noise[:, 1] - 1) * math.log(self.most_aspect))
        return ops.stack([area, aspect, noise[:, 2], noise[:, 3]], axis=1)

    def transform(self, images: Any, noise: Any) -> Any:
        """Return the parts, resized by an antialiased bilinear filter."""
        _, height, width, _ = ops.shape(images)
        area, aspect, top, left = ops.split(self.crops(noise), 4, axis=1)
        area = area * height * width
        tall, wide = (
            ops.minimum(ops.sqrt(area / aspect), height),
            ops.minimum(ops.sqrt(area * aspect), width),
        )
        rows = resampling(height, top * (height - tall), tall)
        columns = resampling(width, left * (width - wide), wide)
        floats = ops.cast(images, "float32")
        narrow = ops.round(ops.einsum("bjw,bhwc->bhjc", columns, floats))
        return like(images, ops.einsum("bih,bhjc->bijc", rows, narrow))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        arguments = {"least_area": self.least_area, "most_aspect": self.most_aspect}
        return {**super().get_config(), **arguments}


@keras.saving.register_keras_serializable("cnnzoo")
class RandomShift(PadCrop):
    """Move each image by up to `pixels` rows and columns; what comes in from outside is 0.

    Raises:
        CnnzooError: `pixels` is no whole number of at least 0.
    """

    def __init__(self, pixels: int, **kwargs: Any) -> None:
        require_whole("pixels", pixels, 0)
        super().__init__(pixels, **kwargs)
        self.pixels = pixels

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {**Augmentation.get_config(self), "pixels": self.pixels}


@keras.saving.register_keras_serializable("cnnzoo")
class RandomFlip(Augmentation):
    """Mirror each image left to right with a chance of one half."""

    noise_size = 1

    def transform(self, images: Any, noise: Any) -> Any:
        """Return the images, about half of them mirrored."""
        _, height, width, _ = ops.shape(images)
        columns = ops.arange(width, dtype="int32")
        columns = ops.where(noise < 0.5, width - 1 - columns, columns)
        return take_grid(images, ops.arange(height, dtype="int32")[None, :], columns)


@keras.saving.register_keras_serializable("cnnzoo")
class RandomAffine(Augmentation):
    """Turn and zoom each image about its center, in one bilinear resampling; outside is 0.

    Args:
        degrees: Largest angle, either way.
        zoom: Largest change of size: 0.1 is 0.9 to 1.1 times, less than 1.

    Raises:
        CnnzooError: An argument is out of range.
    """

    noise_size = 2

    def __init__(self, degrees: float = 0.0, zoom: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        require_number("degrees", degrees, 0, 180)
        require_number("zoom", zoom, 0)
        require("zoom", zoom, "be less than 1", zoom < 1)
        self.degrees, self.zoom = degrees, zoom

    def transform(self, images: Any, noise: Any) -> Any:
        """Return the turned and zoomed images."""
        _, height, width, _ = ops.shape(images)
        signed = 2 * noise - 1
        angle, size = signed[:, 0] * math.radians(self.degrees), 1 + signed[:, 1] * self.zoom
        cos, sin, zero = ops.cos(angle) / size, ops.sin(angle) / size, ops.zeros_like(size)
        x, y = 0.5 * (width - 1), 0.5 * (height - 1)
        across, down = x - cos * x + sin * y, y - sin * x - cos * y
        matrix = ops.stack([cos, -sin, across, sin, cos, down, zero, zero], axis=1)
        turned = ops.image.affine_transform(ops.cast(images, "float32"), matrix)
        return like(images, turned)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {**super().get_config(), "degrees": self.degrees, "zoom": self.zoom}


@keras.saving.register_keras_serializable("cnnzoo")
class Cutout(Augmentation):
    """Cover a square of each image, its center anywhere, so that part of it may lie outside.

    The paper covers with 0 after standardizing, which is the mean; here, before it, with `fill`.

    Args:
        size: Side of the square in pixels; the paper has 16 for CIFAR-10, 8 for CIFAR-100.
        fill: Value, 0 to 255.

    Raises:
        CnnzooError: An argument is out of range.
    """

    noise_size = 2

    def __init__(self, size: int, fill: int = 128, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        require_whole("size", size, 1)
        require_number("fill", fill, 0, 255)
        self.size, self.fill = size, fill

    def transform(self, images: Any, noise: Any) -> Any:
        """Return the images, each with its covered square."""
        shape = ops.shape(images)
        top, left = (
            ops.cast(ops.floor(noise[:, axis] * shape[axis + 1]), "int32") - self.size // 2
            for axis in (0, 1)
        )
        box = box_mask(shape, top, top + self.size, left, left + self.size)
        flat = ops.reshape(images, ops.shape(box))
        return ops.reshape(ops.where(box, ops.full_like(flat, self.fill), flat), shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {**super().get_config(), "size": self.size, "fill": self.fill}
