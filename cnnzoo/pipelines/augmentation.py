"""Augmentation: Keras layers that change whole batches, an image by its own random numbers.

A layer says how many uniform numbers an image needs and computes the changed batch from them. In a
pipeline the numbers come from (seed, epoch, example index), so that any batch can be recomputed; in
a model they come from the layer's seed generator. Either way the computation is the same.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from cnnzoo.errors import CnnzooError
from cnnzoo.registry import unknown


class Augmentation(keras.layers.Layer):
    """Base of the layers; a subclass states `noise_size` and computes `transform`."""

    noise_size: int  # Uniform numbers that one image needs.

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def transform(self, images: Any, noise: Any) -> Any:
        """Return changed `images` `[batch, height, width, channels]`, same shape and dtype.

        Args:
            images: A batch.
            noise: Uniform in [0, 1), float32 `[batch, noise_size]`.
        """
        raise NotImplementedError  # Abstract.

    def call(self, images: Any, training: bool = False) -> Any:
        """Return `images`, changed in training alone."""
        if not training:
            return images
        shape = (ops.shape(images)[0], self.noise_size)
        return self.transform(images, keras.random.uniform(shape, seed=self.seed_generator))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `input_shape`."""
        return input_shape


@keras.saving.register_keras_serializable("cnnzoo")
class RandomShift(Augmentation):
    """Move each image by up to `pixels` rows and columns; what comes in from outside is 0."""

    noise_size = 2

    def __init__(self, pixels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pixels = pixels

    def transform(self, images: Any, noise: Any) -> Any:
        """Return the moved `images`."""
        by = ops.cast(ops.floor(noise * (2 * self.pixels + 1)), "int32") - self.pixels
        images = _move_rows(images, by[:, 0])
        columns_first = ops.transpose(images, (0, 2, 1, 3))
        return ops.transpose(_move_rows(columns_first, by[:, 1]), (0, 2, 1, 3))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {**super().get_config(), "pixels": self.pixels}


def _move_rows(images: Any, by: Any) -> Any:
    """Return `images` with row `i + by[image]` at row `i`; a whole row is copied at a time."""
    count, height, width, channels = ops.shape(images)
    rows = ops.reshape(images, (count * height, width * channels))
    empty = ops.zeros((1, width * channels), images.dtype)
    wanted = ops.arange(height, dtype="int32") + by[:, None]
    inside = ops.logical_and(wanted >= 0, wanted < height)
    place = wanted + height * ops.arange(count, dtype="int32")[:, None]
    place = ops.where(inside, place, count * height)
    moved = ops.take(ops.concatenate([rows, empty]), place, axis=0)
    return ops.reshape(moved, (count, height, width, channels))


POLICIES = {"shift2": lambda: RandomShift(2)}


def policy(name: str) -> Augmentation:
    """Return a new layer for the augmentation policy `name`.

    Raises:
        CnnzooError: The name is unknown.
    """
    if name not in POLICIES:
        raise CnnzooError(unknown("augmentation", name, POLICIES))
    return POLICIES[name]()
