"""Subsampling with a trainable coefficient and bias per map, the pooling of LeNet-5.

Source: LeCun et al. 1998, https://doi.org/10.1109/5.726791, section II.B.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("cnnzoo")
class Subsampling2D(keras.layers.Layer):
    """Sum of `pool_size` x `pool_size` inputs, times a coefficient, plus a bias; both per channel.

    `[batch, height, width, channels]` to `[batch, height // s, width // s, channels]`,
    where s is `pool_size`.

    Args:
        pool_size: Rows and columns that are summed, which is also the stride.
        initializer: Initializer of the coefficients; biases start at zero.
    """

    def __init__(self, pool_size: int, initializer: Any = "ones", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pool_size = self.strides = pool_size
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create a coefficient and a bias per channel."""
        channels = (input_shape[-1],)
        self.coefficient = self.add_weight(
            shape=channels, initializer=self.initializer, name="coefficient"
        )
        self.bias = self.add_weight(shape=channels, initializer="zeros", name="bias")

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return the subsampled `inputs`."""
        # On JAX, Keras mistakes the strides unless they are stated.
        sides = self.pool_size, self.pool_size
        mean = ops.average_pool(inputs, *sides, data_format="channels_last")
        return mean * (self.pool_size**2 * self.coefficient) + self.bias

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the subsampled maps."""
        batch, *sides, channels = input_shape
        return (batch, *(side and side // self.pool_size for side in sides), channels)

    def multiply_adds(self, output_shape: tuple[int, ...]) -> int:
        """Return the products of a coefficient with a sum, for one example."""
        rows, columns, channels = output_shape[1:]
        return rows * columns * channels

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        initializer = keras.initializers.serialize(self.initializer)
        return {**super().get_config(), "pool_size": self.pool_size, "initializer": initializer}
