"""Channels in two halves, and in another order: what ShuffleNet has instead of wide convolutions.

Source: Zhang, Zhou, Lin and Sun 2017, ShuffleNet, https://arxiv.org/abs/1707.01083, section 3.1;
Ma, Zhang, Zheng and Sun 2018, ShuffleNet V2, https://arxiv.org/abs/1807.11164, section 3.3.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from cnnzoo.errors import CnnzooError
from cnnzoo.layers.base import BaseLayer


@keras.saving.register_keras_serializable("cnnzoo")
class ChannelHalf(BaseLayer):
    """The first or the second half of the channels: `[..., channels]` to `[..., channels / 2]`.

    Args:
        second: Whether it is the second half.
    """

    def __init__(self, second: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.second = second

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Check the channels; the layer has no weights.

        Raises:
            CnnzooError: They do not divide into two halves.
        """
        _check(input_shape, 2)

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return the half of `inputs`."""
        half = inputs.shape[-1] // 2
        return inputs[..., half:] if self.second else inputs[..., :half]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the half."""
        return (*input_shape[:-1], input_shape[-1] // 2)


@keras.saving.register_keras_serializable("cnnzoo")
class ChannelShuffle(BaseLayer):
    """The first channel of each of `groups` equal groups, then the second of each, and so on.

    Args:
        groups: Which divide the channels.
    """

    def __init__(self, groups: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.groups = groups

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Check the channels; the layer has no weights.

        Raises:
            CnnzooError: The groups do not divide them.
        """
        _check(input_shape, self.groups)

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return the channels of `inputs`, `[batch, height, width, channels]`, in the new order."""
        _, height, width, channels = inputs.shape
        sides = (-1, height, width)  # The batch may have any size.
        grouped = ops.reshape(inputs, (*sides, self.groups, channels // self.groups))
        return ops.reshape(ops.transpose(grouped, (0, 1, 2, 4, 3)), (*sides, channels))


def _check(shape: tuple[int | None, ...], groups: int) -> None:
    channels = shape[-1]
    if channels is None or channels % groups:
        raise CnnzooError(f"channels must divide into {groups} equal groups; got {channels}")
