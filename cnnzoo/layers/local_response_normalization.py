"""Local response normalization, by which neighboring channels compete, as in AlexNet.

Source: Krizhevsky, Sutskever and Hinton 2012, ImageNet classification with deep convolutional
neural networks, section 3.3, https://doi.org/10.1145/3065386
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from cnnzoo.errors import CnnzooError
from cnnzoo.layers.base import BaseLayer


@keras.saving.register_keras_serializable("cnnzoo")
class LocalResponseNormalization(BaseLayer):
    """Each value over (k + alpha * sum of squares of `size` adjacent channels) ** beta.

    `[batch, ..., channels]`, floating, to the same shape. The sum is over the channels at the same
    place, and over fewer at either end; alpha is not divided by `size`.

    Args:
        size: Channels in a sum, odd: the value's own and as many on either side.
        k: What the divisor is without any activity, before its power.
        alpha: Weight of the sum.
        beta: Power of the divisor.

    Raises:
        CnnzooError: `size` is no odd positive integer.
    """

    def __init__(
        self, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75, **kwargs: Any
    ) -> None:
        if not (isinstance(size, int) and size > 0 and size % 2):
            raise CnnzooError(f"size must be an odd positive integer; got {size!r}")
        super().__init__(**kwargs)
        self.size = size
        self.k = k
        self.alpha = alpha
        self.beta = beta

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return the normalized `inputs`."""
        # Squares overflow float16 from 256 on, and bfloat16 has too few digits for their sum.
        wide = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        channels, radius = inputs.shape[-1], self.size // 2
        squares = ops.pad(ops.square(wide), [[0, 0]] * (len(inputs.shape) - 1) + [[radius, radius]])
        total = sum(squares[..., shift : shift + channels] for shift in range(self.size))
        return ops.cast(wide / (self.k + self.alpha * total) ** self.beta, inputs.dtype)
