"""Convolution and pooling over texts, in which padding has no effect.

A mask, `[batch, steps]` bool, is true at the steps that are not padding. Windows are laid the same
way for every length, odd or even, so that padding at a text's end moves none of them.

Source of k-max pooling: Kalchbrenner, Grefenstette and Blunsom 2014,
https://arxiv.org/abs/1404.2188, section 3.3.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from cnnzoo.errors import CnnzooError
from cnnzoo.layers.base import BaseLayer

Mask = Any  # A bool tensor `[batch, steps]`, or None where every step counts.


@keras.saving.register_keras_serializable("cnnzoo")
class MaskedConv1D(keras.layers.Conv1D):
    """Convolution over steps, in which padding counts as zeros.

    `[batch, steps, channels]` to `[batch, ceil(steps / stride), filters]`, one window around each
    step of the stride; `full`: to `[batch, ceil((steps + k - 1) / stride), filters]` for a kernel
    of k steps, one window for each place that overlaps the text.

    Args:
        filters: Number of output channels.
        kernel_size: Steps of a window; odd unless `full`.
        full: Whether windows may overlap the text by as little as one step.
        **kwargs: Further arguments of `keras.layers.Conv1D`, without `padding`.

    Raises:
        CnnzooError: A window of an even number of steps has no middle.
    """

    def __init__(self, filters: int, kernel_size: int, *, full: bool = False, **kwargs: Any):
        super().__init__(filters, kernel_size, padding="valid", **kwargs)
        if not full:
            _check_odd("kernel_size", self.kernel_size[0])
        self.full = full
        self.supports_masking = True
        reach = (self.kernel_size[0] - 1) * self.dilation_rate[0]
        self.margin = reach if full else reach // 2

    def call(self, inputs: keras.KerasTensor, mask: Mask = None) -> keras.KerasTensor:
        """Return the maps of `inputs`, with zeros for what `mask` leaves out."""
        if mask is not None:
            inputs = ops.where(ops.expand_dims(mask, -1), inputs, 0)
        return super().call(_pad(inputs, self.margin, 0))

    def compute_mask(self, inputs: keras.KerasTensor, mask: Mask = None) -> Mask:
        """Return which windows count: those in whose middle, or `full`: in which, a step does."""
        if mask is None or not self.full:
            return _middles(mask, self.strides[0])
        steps = _pad(ops.cast(ops.expand_dims(mask, -1), "float32"), self.margin, 0)
        window = ops.ones((*self.kernel_size, 1, 1))
        counts = ops.conv(
            steps,
            window,
            self.strides,
            data_format="channels_last",
            dilation_rate=self.dilation_rate,
        )
        return counts[..., 0] > 0

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the maps."""
        batch, steps, channels = input_shape
        padded = None if steps is None else steps + 2 * self.margin
        return super().compute_output_shape((batch, padded, channels))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        config = super().get_config()
        del config["padding"]
        return {**config, "full": self.full}


@keras.saving.register_keras_serializable("cnnzoo")
class MaskedMaxPooling1D(BaseLayer):
    """Greatest value of the steps around every `strides`-th step, padding left out.

    `[batch, steps, channels]` to `[batch, ceil(steps / strides), channels]`.

    Args:
        pool_size: Steps of a window; odd.
        strides: Steps between the middles of windows.

    Raises:
        CnnzooError: A window of an even number of steps has no middle.
    """

    def __init__(self, pool_size: int, strides: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _check_odd("pool_size", pool_size)
        self.pool_size = pool_size
        self.strides = strides
        self.margin = pool_size // 2
        self.supports_masking = True

    def call(self, inputs: keras.KerasTensor, mask: Mask = None) -> keras.KerasTensor:
        """Return the pooled `inputs`, and zeros where the middle of a window is padding."""
        steps = _pad(_lowered(inputs, mask), self.margin, -math.inf)
        pooled = ops.max_pool(steps, self.pool_size, self.strides, data_format="channels_last")
        if mask is None:
            return pooled
        return ops.where(ops.expand_dims(_middles(mask, self.strides), -1), pooled, 0)

    def compute_mask(self, inputs: keras.KerasTensor, mask: Mask = None) -> Mask:
        """Return which windows have a step that counts in their middle."""
        return _middles(mask, self.strides)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the pooled maps."""
        batch, steps, channels = input_shape
        return (batch, steps and -(-steps // self.strides), channels)


@keras.saving.register_keras_serializable("cnnzoo")
class GlobalMaskedMaxPooling1D(BaseLayer):
    """Greatest value over all steps that count, or zeros where none does.

    `[batch, steps, channels]` to `[batch, channels]`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: keras.KerasTensor, mask: Mask = None) -> keras.KerasTensor:
        """Return each channel's greatest value."""
        return _finite(ops.max(_lowered(inputs, mask), axis=1))

    def compute_mask(self, inputs: keras.KerasTensor, mask: Mask = None) -> None:
        """Return None: no steps remain."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `(batch, channels)`."""
        return (input_shape[0], input_shape[2])


@keras.saving.register_keras_serializable("cnnzoo")
class KMaxPooling1D(BaseLayer):
    """The `k` greatest values of each channel in the order of the text, then zeros if too few.

    `[batch, steps, channels]` to `[batch, k, channels]`. Of equal values the earlier is taken.

    Args:
        k: Number of values.
    """

    def __init__(self, k: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.k = k
        self.supports_masking = True

    def call(self, inputs: keras.KerasTensor, mask: Mask = None) -> keras.KerasTensor:
        """Return the pooled `inputs`."""
        # Behind the text stand k steps that do not count, so that there are always k to choose.
        steps = ops.pad(
            _lowered(inputs, mask), ((0, 0), (0, self.k), (0, 0)), "constant", -math.inf
        )
        greatest = ops.argsort(-steps, axis=1)[:, : self.k]
        counts = ops.take_along_axis(steps, greatest, axis=1) > -math.inf
        places = ops.sort(ops.where(counts, greatest, ops.shape(steps)[1] - 1), axis=1)
        return _finite(ops.take_along_axis(steps, places, axis=1))

    def compute_mask(self, inputs: keras.KerasTensor, mask: Mask = None) -> None:
        """Return None: the zeros count."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `(batch, k, channels)`."""
        return (input_shape[0], self.k, input_shape[2])


def _check_odd(argument: str, size: int) -> None:
    if size % 2 == 0:
        raise CnnzooError(f"{argument} must be odd; got {size}")


def _pad(steps: keras.KerasTensor, margin: int, value: float) -> keras.KerasTensor:
    return ops.pad(steps, ((0, 0), (margin, margin), (0, 0)), "constant", value)


def _middles(mask: Mask, stride: int) -> Mask:
    return None if mask is None else mask[:, ::stride]


def _lowered(inputs: keras.KerasTensor, mask: Mask) -> keras.KerasTensor:
    """Return `inputs` with what `mask` leaves out below every number."""
    return inputs if mask is None else ops.where(ops.expand_dims(mask, -1), inputs, -math.inf)


def _finite(greatest: keras.KerasTensor) -> keras.KerasTensor:
    """Return zeros for what comes only from padding."""
    return ops.where(greatest > -math.inf, greatest, 0)
