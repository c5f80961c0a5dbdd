"""Mixins of Keras's layers that round, as `rounding` lets them.

Kernels are rounded to int8 with a scale for each output channel; what a layer gives, to 8 bits over
its range. Gradients pass through the rounding, but not where a value is out of range. A mixin has
no weights of its own, so that layers can become such and stock again.

Source: Jacob et al. 2018, https://arxiv.org/abs/1712.05877, section 3, and Krishnamoorthi 2018,
https://arxiv.org/abs/1806.08342, for a scale for each channel.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

INPUT = "input"  # Of the network, among the ranges.


class Place(NamedTuple):
    """A layer, and where values are stored in int8 around it."""

    layer: Any
    name: str  # Its path, "/" between the names of nested models.
    taken: tuple[str | None, ...]  # Whose ranges its inputs have,
    given: str  # and what it gives, itself or the normalization or ReLU after it.
    inputs: tuple[bool, ...]  # Which of the tensors that it takes are the network's input.
    output: bool  # Whether what it gives has a range of its own.
    sums: bool  # Whether the sums of a convolution are stored before the bias is added,
    activated: bool  # or the values that its activation takes.


class Rounding(NamedTuple):
    """What a layer needs to know in order to round."""

    place: Place
    stored: Callable[[str, Any], Any]  # Returns values as they are stored, by name.
    steps: tuple[float | None, ...]  # Of what it takes, and of what it gives.

    @property
    def step(self) -> float | None:
        """That of its first input."""
        return self.steps[0]


class RoundedKernel:
    """A mixin of a convolution or dense layer whose kernel is on the grid of int8."""

    @property
    def kernel(self: Any) -> Any:
        """Its values on the grid."""
        kernel, columns, limits = self._columns()
        found = tf.quantization.fake_quant_with_min_max_vars_per_channel(
            columns, -limits, limits, narrow_range=True
        )
        return tf.reshape(found, tf.shape(kernel))

    def _columns(self: Any) -> tuple[Any, Any, Any]:
        """Return the kernel, a column of it for each output channel, and their limits."""
        stored = vars(self).get("kernel")
        kernel = tf.convert_to_tensor(super().kernel if stored is None else stored)  # type: ignore[misc]
        depthwise = isinstance(self, keras.layers.DepthwiseConv2D)
        channels = int(np.prod(kernel.shape[-2:])) if depthwise else kernel.shape[-1]
        columns = tf.reshape(kernel, [-1, channels])
        limits = tf.stop_gradient(tf.reduce_max(tf.abs(columns), axis=0)) + 1e-12
        return kernel, columns, limits


class Integers(RoundedKernel):
    """A mixin of a layer that adds up products of whole numbers, which floats hold exactly."""

    def call(self: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute with the inputs in steps of their grid."""
        return super().call(tf.round(inputs / self.rounding.step), *args, **kwargs)  # type: ignore[misc]

    @property
    def kernel(self: Any) -> Any:
        """In steps of its grid."""
        kernel, columns, limits = self._columns()
        return tf.reshape(tf.round(columns / limits * 127), tf.shape(kernel))

    @property
    def bias(self: Any) -> Any:
        """In steps of the sums."""
        stored = vars(self).get("bias")
        return None if stored is None else tf.round(tf.convert_to_tensor(stored) / self._steps())

    @property
    def activation(self: Any) -> Any:
        """What the layer has, of the sums in their own unit."""
        return lambda sums: vars(self)["activation"](sums * self._steps())

    def _steps(self: Any) -> Any:
        return self._columns()[2] / 127 * self.rounding.step


class IntegerSum:
    """A mixin of an addition in whole numbers, with LiteRT's factors of 21 bits."""

    def call(self: Any, inputs: Any) -> Any:
        """Return the sum on the grid of what the operation gives."""
        *steps, given = self.rounding.steps
        bits = max(20 - math.floor(math.log2(max(steps) / given)), 1)
        total = 2 ** (bits - 1)
        for values, step in zip(inputs, steps, strict=True):
            factor = round(step / given * 2**bits)
            total += tf.cast(tf.round(values / step), tf.int32) * factor
        return tf.cast(tf.bitwise.right_shift(total, bits), tf.float32) * given


class RoundedInside:
    """A mixin of a layer that stores its sums before the bias, or what its activation takes."""

    @property
    def use_bias(self: Any) -> Any:
        """Whether Keras adds it before the activation."""
        return vars(self)["use_bias"] and not self.rounding.place.sums

    @property
    def activation(self: Any) -> Any:
        """What the layer has, of stored values."""
        return self._activated

    def _activated(self: Any, values: Any) -> Any:
        own, place = vars(self), self.rounding.place
        values = self.rounding.stored(f"{place.name}/inside", values)
        if place.sums and own["use_bias"]:  # Which Keras has not added.
            values = values + self.bias
        return own["activation"](values)


class FixedStatistics:
    """A mixin of batch normalization that uses its moving statistics in training, too."""

    def call(self: Any, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Compute as in inference."""
        return super().call(inputs, training=False, mask=mask)  # type: ignore[misc]


class RoundedOutput:
    """A mixin of a layer whose output is stored in int8."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the output as it is stored."""
        values = super().call(*args, **kwargs)  # type: ignore[misc]
        return self.rounding.stored(self.rounding.place.name, values)


class Floats:
    """A mixin of a layer after whose output, stored in int8, all is computed in floats."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the output, which is no longer in int8."""
        values = super().call(*args, **kwargs)  # type: ignore[misc]
        one = tf.minimum(tf.shape(values)[0], 1)  # The converter cannot know, nor leave it out.
        return values * tf.cast(one, tf.float32)


class RoundedInput:
    """A mixin of a layer that takes the network's input, stored in int8."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute with the input as it is stored."""
        places = iter(self.rounding.place.inputs)

        def stored(value: Any) -> Any:
            tensor = tf.is_tensor(value) and next(places, False)
            return self.rounding.stored(INPUT, value) if tensor else value

        return super().call(*keras.tree.map_structure(stored, args), **kwargs)  # type: ignore[misc]


def on_grid(values: Any, limits: tuple[float, float] | None) -> Any:
    """Return `values` rounded to one of 256 over `limits`, or over their own range, with 0."""
    if limits is None:
        extremes = tf.reduce_min(values), tf.reduce_max(values)
        lowest, highest = (tf.stop_gradient(one) for one in extremes)
    else:
        lowest, highest = (tf.constant(one, tf.float32) for one in limits)
    return tf.quantization.fake_quant_with_min_max_vars(
        values, tf.minimum(lowest, 0.0), tf.maximum(highest, 1e-12)
    )
