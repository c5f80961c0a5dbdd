"""What augmentation layers share: numbers handed in, and what is computed from them alone.

A layer says how many uniform numbers an image needs and computes the changed batch from them. In a
pipeline the numbers come from (seed, epoch, example index), so that any batch can be recomputed; in
a model they come from the layer's seed generator. Either way the computation is the same.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from cnnzoo.errors import CnnzooError


class Augmentation(keras.layers.Layer):
    """Base of the layers; a subclass states `noise_size` and computes `transform` or `mix`."""

    noise_size: int  # Uniform numbers that one image needs.
    # Those among them that are drawn once and moved by one half each epoch in a pipeline.
    alternating: tuple[int, ...] = ()
    soft_labels = False  # Whether labels change too; then call and `mix` take and give pairs.

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def transform(self, images: Any, noise: Any) -> Any:
        """Return changed `images` `[batch, height, width, channels]`, same shape and dtype.

        Args:
            images: A batch, of values from 0 to 255.
            noise: Uniform in [0, 1), float32 `[batch, noise_size]`.
        """
        raise NotImplementedError  # Abstract.

    def mix(self, images: Any, labels: Any, noise: Any) -> tuple[Any, Any]:
        """Return changed `images` and `labels`, float32 `[batch, classes]` that sum to 1."""
        return self.transform(images, noise), labels

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return images, or images and one-hot labels if they mix, changed in training."""
        if not training:
            return inputs
        images, labels = inputs if self.soft_labels else (inputs, None)
        shape = (ops.shape(images)[0], self.noise_size)
        noise = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        mixed = self.mix(images, labels, noise)
        return mixed if self.soft_labels else mixed[0]

    def build(self, input_shape: Any) -> None:
        """Do nothing: there are no weights."""
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return `input_shape`."""
        return input_shape

    def compute_output_spec(self, inputs: Any, **_: Any) -> Any:
        """Return tensors like `inputs`."""
        return keras.tree.map_structure(lambda x: keras.KerasTensor(x.shape, x.dtype), inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {**super().get_config(), "seed": self.seed}


def like(images: Any, values: Any) -> Any:
    """Return float `values` in the dtype of `images`: rounded and clipped to 0 to 255 if uint8."""
    if is_whole(images):
        values = ops.round(ops.clip(values, 0, 255))
    return ops.cast(values, images.dtype)


def is_whole(images: Any) -> bool:
    """Return whether `images` hold whole numbers."""
    return "int" in keras.backend.standardize_dtype(images.dtype)


def require(argument: str, value: Any, rule: str, holds: bool) -> None:
    """Refuse `value`.

    Raises:
        CnnzooError: The rule does not hold.
    """
    if not holds:
        raise CnnzooError(f"{argument} must {rule}; got {value!r}")


def require_number(argument: str, value: Any, least: float, most: float = float("inf")) -> None:
    """Refuse what is no number from `least` to `most`.

    Raises:
        CnnzooError: `value` is none.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    limits = f"of at least {least}" if most == float("inf") else f"from {least} to {most}"
    require(argument, value, f"be a number {limits}", number and least <= value <= most)


def require_whole(argument: str, value: Any, least: int) -> None:
    """Refuse what is no whole number of at least `least`.

    Raises:
        CnnzooError: `value` is none.
    """
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= least
    require(argument, value, f"be a whole number of at least {least}", whole)
