"""Convolution in which each output map sees some of the input maps.

Source: LeCun et al. 1998, https://doi.org/10.1109/5.726791, section II.B and table I.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from cnnzoo.layers.base import BaseLayer


@keras.saving.register_keras_serializable("cnnzoo")
class PartialConv2D(BaseLayer):
    """Convolution over listed input maps, with weights only for these; stride 1, "valid" padding.

    `[batch, height, width, channels]` to `[batch, height - k + 1, width - k + 1, len(maps)]`, where
    k is `kernel_size`.

    Args:
        maps: For each output map, the input maps that it sees.
        kernel_size: Rows and columns of a kernel.
        limit: A kernel's initial weights are uniform within plus-minus `limit` / fan-in, where an
            output map's fan-in counts the maps that it sees.
    """

    def __init__(
        self, maps: Sequence[Sequence[int]], kernel_size: int, limit: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.maps = [list(seen) for seen in maps]
        self.kernel_size = kernel_size
        self.limit = limit

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Create a kernel for each listed pair of maps, and a bias per output map."""
        channels = input_shape[-1]
        pairs = [(seen, output) for output, row in enumerate(self.maps) for seen in row]
        self.kernel = self.add_weight(
            shape=(self.kernel_size, self.kernel_size, len(pairs)),
            initializer=self._uniform,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(len(self.maps),), initializer="zeros", name="bias")
        self._places = [seen * len(self.maps) + output for seen, output in pairs]
        self._dense_shape = (self.kernel_size, self.kernel_size, channels, len(self.maps))

    def _uniform(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        fan_ins = [self.kernel_size**2 * len(row) for row in self.maps for _ in row]
        limits = self.limit / ops.cast(fan_ins, dtype)
        return limits * keras.random.uniform(shape, -1.0, 1.0, dtype=dtype)

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return the convolved maps of `inputs`."""
        maps = ops.conv(inputs, self.dense_kernel(), data_format="channels_last")
        return maps + self.bias

    def dense_kernel(self) -> keras.KerasTensor:
        """Return the kernel `[k, k, in, out]`, with zeros for what an output map does not see."""
        # A matrix product with zeros and ones spreads the kernels out, and its gradient collects.
        all_pairs = self._dense_shape[2] * self._dense_shape[3]
        spread = ops.one_hot(self._places, all_pairs, dtype=self.kernel.dtype)
        return ops.reshape(ops.matmul(self.kernel, spread), self._dense_shape)

    def equivalent(self) -> keras.layers.Conv2D:
        """Return the stock layer that computes the same; its kernel has zeros."""
        plain = keras.layers.Conv2D(
            len(self.maps),
            self.kernel_size,
            data_format="channels_last",
            dtype=self.dtype_policy,
            name=self.name,
        )
        plain.build((None, None, None, self._dense_shape[2]))
        plain.set_weights([self.dense_kernel(), self.bias])
        return plain

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the maps."""
        batch, *sides, _ = input_shape
        return (batch, *(side and side - self.kernel_size + 1 for side in sides), len(self.maps))

    def multiply_adds(self, output_shape: tuple[int, ...]) -> int:
        """Return the products of a weight with an input, for one example."""
        rows, columns = output_shape[1:3]
        return rows * columns * self.kernel_size**2 * sum(len(seen) for seen in self.maps)
