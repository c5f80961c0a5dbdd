"""Augmentation that changes texture and background, and leaves shape: filters, waves, boxes.

Source: Xu et al. 2020, https://arxiv.org/abs/2007.13003 (random convolutions); Vaish, Wang and
Strisciuglio 2024, https://arxiv.org/abs/2403.01944 (waves); Zhong et al. 2017,
https://arxiv.org/abs/1708.04896 (random erasing).
Departures: one random filter is for all channels, its result is stretched to a random range of
grays, and filtered and own image are mixed always; several waves make one pattern, with which the
image is blended, where Vaish et al. add one wave per channel; erased boxes have one gray.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from cnnzoo.pipelines.augmentation.base import Augmentation, like, require_number, require_whole
from cnnzoo.pipelines.augmentation.pixels import box_mask

_LEAST_SPAN = 0.3  # Of grays, of all of them.


class Sometimes(Augmentation):
    """Base of layers that leave an image as it is by chance.

    Args:
        chance: Of being changed, from 0 to 1.

    Raises:
        CnnzooError: It is out of range.
    """

    def __init__(self, chance: float = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        require_number("chance", chance, 0, 1)
        self.chance = chance

    def transform(self, images: Any, noise: Any) -> Any:
        """Return the images, some of them changed."""
        changed = self.change(ops.cast(images, "float32"), noise[:, 1:])
        drawn = (noise[:, 0] < self.chance)[:, None, None, None]
        return ops.where(drawn, like(images, changed), images)

    def change(self, images: Any, noise: Any) -> Any:
        """Return changed `images`, float32, from `noise` `[batch, noise_size - 1]`."""
        raise NotImplementedError  # Abstract.

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {**super().get_config(), "chance": self.chance}


@keras.saving.register_keras_serializable("cnnzoo")
class RandomConvolution(Sometimes):
    """Mix each image with what a random filter of 1x1 or 3x3 pixels makes of it.

    Half of the filters of 3x3 pixels sum to 0, and the size of what they give counts, not its
    sign. What a filter gives is stretched to a random range of grays, which may be inverted.
    """

    noise_size = 7 + 2 * 9  # The chance, six numbers, and two for each weight.

    def change(self, images: Any, noise: Any) -> Any:
        """Return the mixed images."""
        _, height, width, _ = ops.shape(images)
        large, edges, low, span, inverted, share = (noise[:, n, None, None, None] for n in range(6))
        first, second = noise[:, 6:15], noise[:, 15:24]
        weights = ops.sqrt(-2 * ops.log(1 - first)) * ops.cos(2 * math.pi * second)
        edges = ops.logical_and(large < 0.5, edges < 0.5)
        mean = ops.mean(weights, axis=1, keepdims=True)
        weights = ops.where(edges[:, :, 0, 0], weights - mean, weights)[:, :, None, None, None]
        padded = ops.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
        filtered = 0.0
        for place in range(9):
            row, column = divmod(place, 3)
            part = padded[:, row : row + height, column : column + width]
            filtered = filtered + weights[:, place] * part
        filtered = ops.where(edges, ops.abs(filtered), filtered)
        filtered = ops.where(large < 0.5, filtered, weights[:, 4] * images)
        least = ops.min(filtered, axis=(1, 2, 3), keepdims=True)
        most = ops.max(filtered, axis=(1, 2, 3), keepdims=True)
        stretched = (filtered - least) / ops.maximum(most - least, 1e-3)
        stretched = ops.where(inverted < 0.5, 1 - stretched, stretched)
        span = _LEAST_SPAN + (1 - _LEAST_SPAN) * span
        return images + share * (255 * (low * (1 - span) + span * stretched) - images)


@keras.saving.register_keras_serializable("cnnzoo")
class RandomWaves(Sometimes):
    """Blend each image with a pattern of plane waves of random length and direction.

    Args:
        waves: How many make the pattern.
        most: Greatest share of the pattern, from 0 to 1.
        chance: As for `Sometimes`.

    Raises:
        CnnzooError: An argument is out of range.
    """

    def __init__(self, waves: int = 3, most: float = 0.75, chance: float = 0.5, **kwargs: Any):
        super().__init__(chance, **kwargs)
        require_whole("waves", waves, 1)
        require_number("most", most, 0, 1)
        self.waves, self.most, self.noise_size = waves, most, 2 + 4 * waves

    def change(self, images: Any, noise: Any) -> Any:
        """Return the blended images."""
        height, width = ops.shape(images)[1:3]
        rows = ops.arange(height, dtype="float32")[None, :, None] / height
        columns = ops.arange(width, dtype="float32")[None, None, :] / width
        pattern, sizes = 0.0, 0.0
        for wave in range(self.waves):
            length, angle, phase, size = (
                noise[:, place, None, None] for place in range(4 * wave, 4 * wave + 4)
            )
            # From half a wave per side to one per two pixels, each octave as often.
            count = 0.5 * ops.exp(length * math.log(height))
            turn, start = 2 * math.pi * angle, 2 * math.pi * phase
            along = ops.cos(turn) * rows + ops.sin(turn) * columns
            pattern = pattern + size * (ops.cos(2 * math.pi * count * along + start) + 1) / 2
            sizes = sizes + size
        pattern = 255 * pattern / ops.maximum(sizes, 1e-3)
        share = self.most * noise[:, -1, None, None, None]
        return images + share * (pattern[..., None] - images)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {**super().get_config(), "waves": self.waves, "most": self.most}


@keras.saving.register_keras_serializable("cnnzoo")
class RandomErasing(Sometimes):
    """Fill a box of random area, shape and place with a random gray.

    Args:
        most: Greatest area, as a share of the image's.
        aspect: Greatest width by height, for a square image, and the inverse of the smallest.
        chance: As for `Sometimes`.

    Raises:
        CnnzooError: An argument is out of range.
    """

    noise_size = 6

    def __init__(
        self, most: float = 0.15, aspect: float = 8, chance: float = 0.5, **kwargs: Any
    ) -> None:
        super().__init__(chance, **kwargs)
        require_number("most", most, 0, 1)
        require_number("aspect", aspect, 1)
        self.most, self.aspect = most, aspect

    def change(self, images: Any, noise: Any) -> Any:
        """Return the images with their boxes."""
        shape = ops.shape(images)
        area = self.most * noise[:, 0]
        shares = ops.exp((2 * noise[:, 1] - 1) * math.log(self.aspect))
        spans = []
        for axis, size in ((0, ops.sqrt(area / shares)), (1, ops.sqrt(area * shares))):
            size = ops.minimum(size, 1.0)
            begin = noise[:, 2 + axis] * (1 - size)
            length = shape[axis + 1]
            spans += [ops.cast(ops.round(side * length), "int32") for side in (begin, begin + size)]
        box = box_mask(shape, *spans)
        flat = ops.reshape(images, ops.shape(box))
        gray = ops.zeros_like(flat) + 255 * noise[:, 4, None, None]
        return ops.reshape(ops.where(box, gray, flat), shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {**super().get_config(), "most": self.most, "aspect": self.aspect}
