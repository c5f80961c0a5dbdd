"""Augmentation that changes colors: brightness, contrast and saturation."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from cnnzoo.pipelines.augmentation.base import Augmentation, is_whole, like, require_number


@keras.saving.register_keras_serializable("cnnzoo")
class RandomColor(Augmentation):
    """Change brightness, then contrast, then saturation, each by its own factor from `1 +- amount`.

    Contrast moves colors away from the image's mean gray, saturation away from each pixel's gray.
    All three are one affine map of colors an image, clipped to 0 to 255 once, at the end.

    Args:
        brightness: Largest change of the factor, 0 to 1.
        contrast: The same.
        saturation: The same; without effect on one channel.

    Raises:
        CnnzooError: An argument is out of range.
    """

    noise_size = 3

    def __init__(
        self,
        brightness: float = 0.0,
        contrast: float = 0.0,
        saturation: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.amounts = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
        for name, amount in self.amounts.items():
            require_number(name, amount, 0, 1)

    def transform(self, images: Any, noise: Any) -> Any:
        """Return `images` in other colors."""
        brightness, contrast, saturation = (
            1 + (2 * noise[:, place] - 1) * amount
            for place, amount in enumerate(self.amounts.values())
        )
        scale, offset = brightness * contrast, brightness * (1 - contrast) * mean_gray(images)
        return recolor(images, scale * saturation, scale * (1 - saturation), offset)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {**super().get_config(), **self.amounts}


def recolor(images: Any, own: Any, gray: Any, offset: Any) -> Any:
    """Return `own * images + gray * (gray of images) + offset`, clipped to 0 to 255.

    Args:
        images: `[batch, height, width, channels]`.
        own: Float32 `[batch]`, as are the others.
        gray: Share of the pixel's gray.
        offset: Added.
    """
    count, height, width, channels = shape = ops.shape(images)
    weights = ops.tile(gray_weights(channels)[:, None], (1, channels))
    matrix = own[:, None, None] * ops.eye(channels) + gray[:, None, None] * weights
    colors = ops.reshape(ops.cast(images, "float32"), (count, height * width, channels))
    changed = ops.matmul(colors, matrix) + offset[:, None, None]
    return like(images, ops.reshape(ops.clip(changed, 0, 255), shape))


def mean_gray(images: Any) -> Any:
    """Return the mean gray of each image, float32 `[batch]`."""
    _, height, width, channels = ops.shape(images)
    # Whole numbers have one sum, however many threads add them.
    exact = ops.cast(images, "int32" if is_whole(images) else "float32")
    sums = ops.cast(ops.sum(exact, axis=(1, 2)), "float32")
    return ops.sum(sums * gray_weights(channels), axis=1) * (1 / (height * width))


def gray_weights(channels: int) -> Any:
    """Return each channel's share in gray: ITU-R BT.601 for three, else equal."""
    equal = [1 / channels] * channels
    return ops.convert_to_tensor([0.299, 0.587, 0.114] if channels == 3 else equal, "float32")


# Saved files of version 0.1 name the class so.
keras.saving.get_custom_objects()["cnnzoo>RandomColour"] = RandomColor
RandomColour = RandomColor
