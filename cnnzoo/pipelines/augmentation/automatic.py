"""Augmentation that draws operations for each image: RandAugment and TrivialAugment.

Source: Cubuk et al. 2019, https://arxiv.org/abs/1909.13719 (RandAugment); Mueller & Hutter 2021,
https://arxiv.org/abs/2103.10158 (TrivialAugment, wide ranges).
Departures: strength 0 changes nothing and more strength changes more, for every operation and in
both layers; so solarize and posterize do not weaken as RandAugment's strength grows, and
brightness, color, contrast and sharpness go either way by chance, as geometric operations do.
Floats are first rounded to uint8's 256 levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from cnnzoo.pipelines.augmentation.base import (
    Augmentation,
    is_whole,
    require_number,
    require_whole,
)
from cnnzoo.pipelines.augmentation.operations import OPERATIONS, Operation
from cnnzoo.pipelines.augmentation.pixels import gather

_LEVELS = 30  # Highest strength; the papers' experiments go from 0 to 30.


class Automatic(Augmentation):
    """Base of the layers: each image draws one of `OPERATIONS`, `layers` times.

    Args:
        ranges: Operation -> largest strength, in the operation's unit.
        layers: Operations an image.
        fill: Value outside the image.
    """

    ranges: Mapping[str, float]
    layers = 1
    fill = 0

    def levels(self, noise: Any) -> Any:
        """Return the strengths, float32 `[batch]` from 0 to 30, from uniform `noise`."""
        raise NotImplementedError  # Abstract.

    def transform(self, images: Any, noise: Any) -> Any:
        """Return the images, each changed by the operations that it draws."""
        changed = as_bytes(images)
        for layer in range(self.layers):
            which, level, sign = (noise[:, 3 * layer + place] for place in range(3))
            chosen = ops.cast(ops.floor(which * len(OPERATIONS)), "int32")
            signed = ops.where(sign < 0.5, -1.0, 1.0) * self.levels(level) * (1 / _LEVELS)
            changed = apply_each(changed, chosen, signed, OPERATIONS, self.ranges, self.fill)
        return ops.cast(changed, images.dtype)


@keras.saving.register_keras_serializable("cnnzoo")
class RandAugment(Automatic):
    """Change each image by `operations` operations of 14, all of one strength.

    Ranges are those for CIFAR-10 images; what comes in from outside is mid gray, as in the
    authors' code.

    Args:
        operations: How many follow each other; the paper's N, 3 for CIFAR-10, 2 for ImageNet.
        magnitude: Strength, 0 to 30; the paper's M, 5 for a Wide ResNet 28-10 on CIFAR-10.

    Raises:
        CnnzooError: An argument is out of range.
    """

    ranges = {
        "shear": 0.3,  # Pixels a pixel.
        "translate": 10,  # Pixels.
        "rotate": 30,  # Degrees.
        "enhance": 0.9,  # Of a factor, from 1.
        "solarize": 256,  # Levels inverted.
        "posterize": 4,  # Bits dropped.
    }
    fill = 128

    def __init__(self, operations: int = 3, magnitude: float = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        require_whole("operations", operations, 1)
        require_number("magnitude", magnitude, 0, _LEVELS)
        self.layers, self.magnitude, self.noise_size = operations, magnitude, 3 * operations

    def levels(self, noise: Any) -> Any:
        """Return `magnitude` for all."""
        return ops.full_like(noise, self.magnitude)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {**super().get_config(), "operations": self.layers, "magnitude": self.magnitude}


@keras.saving.register_keras_serializable("cnnzoo")
class TrivialAugment(Automatic):
    """Change each image by one operation of 14, its strength one of 31, from nothing to extreme."""

    ranges = {
        "shear": 0.99,
        "translate": 32,
        "rotate": 135,
        "enhance": 0.99,
        "solarize": 256,
        "posterize": 6,
    }
    noise_size = 3

    def levels(self, noise: Any) -> Any:
        """Return whole levels, each as often."""
        return ops.floor(noise * (_LEVELS + 1))


def as_bytes(images: Any) -> Any:
    """Return `images` as uint8, rounded and clipped."""
    return ops.cast(images if is_whole(images) else ops.round(ops.clip(images, 0, 255)), "uint8")


def apply_each(
    images: Any,
    chosen: Any,
    signed: Any,
    operations: Mapping[str, tuple[str | None, Operation]],
    ranges: Mapping[str, float],
    fill: float,
) -> Any:
    """Return each of `images`, uint8, changed by the operation that it has chosen.

    TensorFlow sorts the batch by operation, so that each is computed for its own images only: some
    14 times as fast. Other backends compile for fixed shapes: there all are computed for all, and
    one is selected.

    Args:
        images: A batch.
        chosen: Number of the operation among `operations`, int32 `[batch]`.
        signed: Strength, from -1 to 1, float32 `[batch]`.
        operations: As `OPERATIONS`, or some of them.
        ranges: Operation -> strength that 1 stands for.
        fill: Value outside the image.
    """
    steps = [
        lambda images, signed, kind=kind, change=change: change(
            images, signed * ranges.get(kind, 1), fill
        )
        for kind, change in operations.values()
    ]
    if keras.backend.backend() != "tensorflow":
        changed = images
        for number, step in enumerate(steps):
            mine = (chosen == number)[:, None, None, None]
            changed = ops.where(mine, step(images, signed), changed)
        return changed
    order = ops.argsort(chosen)
    images, signed = gather(images, order), gather(signed, order)
    ends = ops.searchsorted(gather(chosen, order), ops.arange(len(steps)), side="right")
    groups, begin = [], 0
    for number, step in enumerate(steps):
        end = ends[number]
        groups.append(step(images[begin:end], signed[begin:end]))
        begin = end
    return gather(ops.concatenate(groups), ops.argsort(order))
