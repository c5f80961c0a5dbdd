"""Shortcut without weights between residual stages, option A.

Source: He et al. 2015, https://arxiv.org/abs/1512.03385, section 3.3. The paper does not say where
the zero channels stand; here they follow the others.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from cnnzoo.errors import CnnzooError
from cnnzoo.layers.base import BaseLayer


@keras.saving.register_keras_serializable("cnnzoo")
class ZeroPadShortcut(BaseLayer):
    """Every `strides`-th row and column, from the first, and channels of zeros at the end.

    `[batch, height, width, channels]` to
    `[batch, ceil(height / strides), ceil(width / strides), filters]`.

    Args:
        filters: Channels of the output, at least those of the input.
        strides: Distance of the rows and columns that are kept.
    """

    def __init__(self, filters: int, strides: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.strides = strides

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Check the channels; the layer has no weights.

        Raises:
            CnnzooError: The input has more channels than `filters`.
        """
        channels = input_shape[-1] or 0
        if channels > self.filters:
            raise CnnzooError(f"filters must be at least {channels}; got {self.filters}")

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return the subsampled and padded `inputs`."""
        # The mean of one value is the value; the gradient of a strided slice takes far longer.
        maps = ops.average_pool(inputs, 1, self.strides, data_format="channels_last")
        return ops.pad(maps, [[0, 0], [0, 0], [0, 0], [0, self.filters - inputs.shape[-1]]])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the subsampled and padded maps."""
        batch, *sides, _ = input_shape
        return (batch, *(side and -(-side // self.strides) for side in sides), self.filters)
