"""AugMix: several chains of operations on an image, mixed with each other and with the image.

Source: Hendrycks et al. 2020, https://arxiv.org/abs/1912.02781, section 3 and algorithm 1.
Departures: without the consistency loss (Jensen-Shannon), which needs three passes per image; as in
`automatic`, operations of strength 0 change nothing, so that posterize drops up to 1 bit, where the
authors' code drops 4 or 5; chains are rounded to uint8's 256 levels, as theirs are.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from cnnzoo.pipelines.augmentation.automatic import apply_each, as_bytes
from cnnzoo.pipelines.augmentation.base import (
    Augmentation,
    like,
    require_number,
    require_whole,
)
from cnnzoo.pipelines.augmentation.operations import OPERATIONS

_LEVELS = 10  # Highest severity.
# Those of the paper: none of contrast, brightness, color, sharpness, noise or blur.
_OPERATIONS = {
    name: OPERATIONS[name]
    for name in (
        *("identity", "auto_contrast", "equalize", "posterize", "rotate", "solarize"),
        *("shear_x", "shear_y", "translate_x", "translate_y"),
    )
}
_RANGES = {
    "shear": 0.3,  # Pixels a pixel.
    "translate": 32 / 3,  # Pixels: a third of the side of CIFAR-10's images.
    "rotate": 30,  # Degrees.
    "solarize": 256,  # Levels inverted.
    "posterize": 4,  # Bits dropped.
}


@keras.saving.register_keras_serializable("cnnzoo")
class AugMix(Augmentation):
    """Mix each image with a mixture of chains of one to three operations of nine.

    The shares of the chains are drawn from a Dirichlet distribution, that of the image from a beta
    distribution, both with all parameters 1, as in the paper's experiments.

    Args:
        severity: Greatest strength of operations, from 0 to 10; each draws its own below.
        width: Number of chains.
        depth: Most operations of a chain; each chain draws its own number.

    Raises:
        CnnzooError: An argument is out of range.
    """

    def __init__(self, severity: float = 3, width: int = 3, depth: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        require_number("severity", severity, 0, _LEVELS)
        require_whole("width", width, 1)
        require_whole("depth", depth, 1)
        self.severity, self.width, self.depth = severity, width, depth
        self.noise_size = 1 + width * (2 + 3 * depth)

    def transform(self, images: Any, noise: Any) -> Any:
        """Return the mixed images.

        Noise is the share of the image; and for each chain its weight, its length, and of each
        operation which one, its strength and its sign.
        """
        count, height, width, channels = ops.shape(images)
        chains = ops.reshape(noise[:, 1:], (-1, 2 + 3 * self.depth))  # Those of an image together.
        mixed = self._chained(ops.repeat(as_bytes(images), self.width, axis=0), chains)
        mixed = ops.reshape(mixed, (count, self.width, height, width, channels))
        # Exponential draws over their sum are of a Dirichlet distribution.
        draws = 1e-7 - ops.log(1 - ops.reshape(chains[:, 0], (count, self.width)))
        shares = draws / ops.sum(draws, axis=1, keepdims=True)
        mixture = ops.sum(shares[:, :, None, None, None] * ops.cast(mixed, "float32"), axis=1)
        own = ops.cast(images, "float32")
        share = noise[:, 0, None, None, None]
        return like(images, share * own + (1 - share) * mixture)

    def _chained(self, images: Any, noise: Any) -> Any:
        """Return `images`, uint8, after one chain of operations."""
        length = ops.floor(noise[:, 1] * self.depth)  # One less than it has operations.
        for place in range(self.depth):
            which, level, sign = (noise[:, 2 + 3 * place + part] for part in range(3))
            chosen = 1 + ops.cast(ops.floor(which * (len(_OPERATIONS) - 1)), "int32")
            chosen = ops.where(length < place, 0, chosen)
            level = 0.1 + level * max(self.severity - 0.1, 0)
            signed = ops.where(sign < 0.5, -1.0, 1.0) * level * (1 / _LEVELS)
            images = apply_each(images, chosen, signed, _OPERATIONS, _RANGES, 0)
        return images

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        arguments = {name: getattr(self, name) for name in ("severity", "width", "depth")}
        return {**super().get_config(), **arguments}
