"""Networks that compute with the numbers of int8: rounded as LiteRT will round them.

Kernels are rounded to int8 with a scale for each output channel; what a layer gives, to 8 bits over
its range. Gradients pass through the rounding, but not where a value is out of range. Layers stay
Keras's own: while they round they are of a subclass, which has no weights of its own.

Source: Jacob et al. 2018, https://arxiv.org/abs/1712.05877, section 3, and Krishnamoorthi 2018,
https://arxiv.org/abs/1806.08342, for a scale for each channel.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.export.folding import LINEAR, foldable
from cnnzoo.inspection.graph import Call, calls, graph, nested, output_call
from cnnzoo.keras_internals import becoming, stock_type

# Layers that give some of the values that they take, or means of these on the same scale.
_SAME_SCALE = (
    *(keras.layers.MaxPooling1D, keras.layers.MaxPooling2D, keras.layers.GlobalMaxPooling1D),
    *(keras.layers.GlobalMaxPooling2D, keras.layers.AveragePooling1D),
    *(keras.layers.AveragePooling2D, keras.layers.Flatten, keras.layers.Reshape),
    *(keras.layers.ZeroPadding1D, keras.layers.ZeroPadding2D, keras.layers.Dropout),
    *(keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D),
)
_FUSED = (keras.activations.linear, keras.activations.relu, keras.activations.relu6)
_INPUT = "input"  # Of the network, among the ranges.

Ranges = Mapping[str, tuple[float, float]]  # By the path of the layer that gives the values.


@contextlib.contextmanager
def rounded(
    network: keras.Model,
    ranges: Ranges | None = None,
    *,
    kernels: bool = True,
    logits: bool = True,
) -> Iterator[None]:
    """Let `network` round, for the time of the context.

    What was traced before goes on as it was.

    Args:
        network: A Functional model, whose batch normalization uses its moving statistics.
        ranges: Of what its layers give, as `ranges_of` returns them; then biases are rounded, too,
            and sums are exact. By default ranges are those of each batch.
        kernels: Whether kernels and biases are rounded; if not, the converter is to do that.
        logits: Whether the network's outputs are rounded.
    """
    places, bearer = _places(network)

    def stored(name: str, values: Any) -> Any:
        if (ranges is not None and name not in ranges) or (name == bearer and not logits):
            return values
        return on_grid(values, None if ranges is None else ranges[name])

    with contextlib.ExitStack() as stack:
        for place in places:
            mixins = list[type]()
            known = [_step(ranges, name) for name in (*place.taken, place.given)]
            exact = kernels and None not in known
            if exact and stock_type(place.layer) is keras.layers.Add and len(place.taken) == 2:
                mixins.append(_IntegerSum)
            if kernels and stock_type(place.layer) in LINEAR:
                plain = not exact or place.sums or place.activated
                mixins.append(_RoundedKernel if plain else _Integers)
            if isinstance(place.layer, keras.layers.BatchNormalization):
                mixins.append(_FixedStatistics)
            stack.enter_context(_becoming(place, mixins, _Rounding(place, stored, tuple(known))))
        if logits and not kernels:
            stack.enter_context(becoming(output_call(network).layer, _Floats))
        yield


def ranges_of(network: keras.Model, batches: Iterable[Any]) -> Ranges:
    """Return the least and the greatest value of what is rounded, over all `batches`."""
    seen: dict[str, list[float]] = {}

    def stored(name: str, values: Any) -> Any:
        seen.setdefault(name, []).extend((float(np.min(values)), float(np.max(values))))
        return values

    with contextlib.ExitStack() as stack:
        for place in _places(network)[0]:
            stack.enter_context(_becoming(place, [], _Rounding(place, stored, ())))
        for batch in batches:
            network(batch, training=False)
    return {name: (min(values), max(values)) for name, values in seen.items()}


def range_of_logits(network: keras.Model, ranges: Ranges) -> tuple[float, float]:
    """Return the range of the first output of `network`."""
    return ranges[_places(network)[1] or ""]


class _Place(NamedTuple):
    """A layer, and where values are stored in int8 around it."""

    layer: Any
    name: str  # Its path, "/" between the names of nested models.
    taken: tuple[str | None, ...]  # Whose ranges its inputs have,
    given: str  # and what it gives, itself or the normalization or ReLU after it.
    inputs: tuple[bool, ...]  # Which of the tensors that it takes are the network's input.
    output: bool  # Whether what it gives has a range of its own.
    sums: bool  # Whether the sums of a convolution are stored before the bias is added,
    activated: bool  # or the values that its activation takes.


class _Rounding(NamedTuple):
    """What a layer needs to know in order to round."""

    place: _Place
    stored: Callable[[str, Any], Any]  # Returns values as they are stored, by name.
    steps: tuple[float | None, ...]  # Of what it takes, and of what it gives.

    @property
    def step(self) -> float | None:
        """That of its first input."""
        return self.steps[0]


def _places(
    model: keras.Model, prefix: str = "", mark: str | None = _INPUT
) -> tuple[list[_Place], str | None]:
    """Return the layers around which values are rounded, and whose range the output has.

    A convolution and the normalization or ReLU after it are one operation, which stores one tensor.

    Args:
        prefix: Path of a nested model, with "/" at its end.
        mark: Whose range the input has.
    """
    found, folds, places = list(calls(model)), foldable(model), dict[int, _Place]()
    users: dict[int, list[Call]] = {}
    for call in found:
        for tensor in call.inputs:
            users.setdefault(id(tensor), []).append(call)
    marks = {id(one): mark for one in graph(model).inputs if "float" in one.dtype}
    for call in found:
        layer, output = call.layer, call.outputs[0]
        taken = [marks.get(id(one)) for one in call.inputs]
        if nested(layer):
            inner, marks[id(output)] = _places(
                layer, f"{prefix}{layer.name}/", (taken or [None])[0]
            )
            places.update({id(place.layer): place for place in inner})
            continue
        after = users.get(id(output), [])
        passed = layer.name in folds or _only_relu(after)
        given = f"{prefix}{after[0].layer.name if passed else layer.name}"
        place = _place(call, f"{prefix}{layer.name}", taken, given)
        before = places.get(id(layer))
        if before is not None:  # Shared layers: where it is stored once, it is so always.
            place = place._replace(output=place.output or before.output, inputs=())
        places[id(layer)] = place
        marks[id(output)] = place.name if place.output else taken[0] if _keeps(layer) else None
    return list(places.values()), marks.get(id(graph(model).outputs[0]))


def _place(call: Call, name: str, taken: list[str | None], given: str) -> _Place:
    layer, output = call.layer, call.outputs[0]
    known = isinstance(layer, keras.Layer) or any(taken)  # Masks are no values.
    stored = given == name and not _keeps(layer) and known and len(call.outputs) == 1
    linear = stock_type(layer) in LINEAR
    sequences = isinstance(layer, keras.layers.Conv1D) and None in call.inputs[0].shape[1:]
    return _Place(
        layer,
        name,
        tuple(taken),
        given,
        tuple(mark == _INPUT for mark in taken),
        stored and "float" in output.dtype,
        sums=sequences,
        activated=linear and not sequences and layer.activation not in _FUSED,
    )


def _keeps(layer: Any) -> bool:
    return type(layer) in _SAME_SCALE


def _only_relu(users: list[Call]) -> bool:
    """Return whether LiteRT makes one operation of a layer and what alone uses it, a ReLU."""
    if len(users) != 1:
        return False
    layer = users[0].layer
    if isinstance(layer, keras.layers.ReLU):
        return not layer.negative_slope and not layer.threshold and layer.max_value in (None, 6)
    if isinstance(layer, keras.layers.Activation):
        return layer.activation in _FUSED
    return type(layer).__name__ in ("Relu", "Relu6") and not isinstance(layer, keras.Layer)


@contextlib.contextmanager
def _becoming(place: _Place, mixins: Sequence[type], rounding: _Rounding) -> Iterator[None]:
    """Let the layer of a place round, for the time of the context."""
    if place.sums or place.activated:
        mixins = [*mixins, _RoundedInside]
    if place.output:
        mixins = [*mixins, _RoundedOutput]
    if any(place.inputs):
        mixins = [*mixins, _RoundedInput]
    with contextlib.ExitStack() as stack:
        for mixin in mixins:
            stack.enter_context(becoming(place.layer, mixin))
        vars(place.layer)["rounding"] = rounding
        stack.callback(vars(place.layer).pop, "rounding")
        yield


def _step(ranges: Ranges | None, name: str | None) -> float | None:
    if ranges is None or name is None or name not in ranges:
        return None
    lowest, highest = ranges[name]
    return (max(highest, 0) - min(lowest, 0)) / 255


class _RoundedKernel:
    """A mixin of a convolution or dense layer whose kernel is on the grid of int8."""

    @property
    def kernel(self: Any) -> Any:
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


class _Integers(_RoundedKernel):
    """A mixin of a layer that adds up products of whole numbers, which floats hold exactly."""

    def call(self: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return super().call(tf.round(inputs / self.rounding.step), *args, **kwargs)  # type: ignore[misc]

    @property
    def kernel(self: Any) -> Any:
        kernel, columns, limits = self._columns()
        return tf.reshape(tf.round(columns / limits * 127), tf.shape(kernel))

    @property
    def bias(self: Any) -> Any:
        stored = vars(self).get("bias")
        return None if stored is None else tf.round(tf.convert_to_tensor(stored) / self._steps())

    @property
    def activation(self: Any) -> Any:
        return lambda sums: vars(self)["activation"](sums * self._steps())

    def _steps(self: Any) -> Any:
        return self._columns()[2] / 127 * self.rounding.step


class _IntegerSum:
    """A mixin of an addition in whole numbers, with LiteRT's factors of 21 bits."""

    def call(self: Any, inputs: Any) -> Any:
        *steps, given = self.rounding.steps
        bits = 20 - math.floor(math.log2(max(steps) / given))
        total = 2 ** (bits - 1)
        for values, step in zip(inputs, steps, strict=True):
            factor = round(step / given * 2**bits)
            total += tf.cast(tf.round(values / step), tf.int32) * factor
        return tf.cast(tf.bitwise.right_shift(total, bits), tf.float32) * given


class _RoundedInside:
    """A mixin of a layer that stores its sums before the bias, or what its activation takes."""

    @property
    def use_bias(self: Any) -> Any:
        return vars(self)["use_bias"] and not self.rounding.place.sums

    @property
    def activation(self: Any) -> Any:
        return self._activated

    def _activated(self: Any, values: Any) -> Any:
        own, place = vars(self), self.rounding.place
        values = self.rounding.stored(f"{place.name}/inside", values)
        if place.sums and own["use_bias"]:  # Which Keras has not added.
            values = values + self.bias
        return own["activation"](values)


class _FixedStatistics:
    """A mixin of batch normalization that uses its moving statistics in training, too."""

    def call(self: Any, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        return super().call(inputs, training=False, mask=mask)  # type: ignore[misc]


class _RoundedOutput:
    """A mixin of a layer whose output is stored in int8."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        values = super().call(*args, **kwargs)  # type: ignore[misc]
        return self.rounding.stored(self.rounding.place.name, values)


class _Floats:
    """A mixin of a layer after whose output, stored in int8, all is computed in floats."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        values = super().call(*args, **kwargs)  # type: ignore[misc]
        one = tf.minimum(tf.shape(values)[0], 1)  # The converter cannot know, nor leave it out.
        return values * tf.cast(one, tf.float32)


class _RoundedInput:
    """A mixin of a layer that takes the network's input, stored in int8."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        places = iter(self.rounding.place.inputs)

        def stored(value: Any) -> Any:
            tensor = tf.is_tensor(value) and next(places, False)
            return self.rounding.stored(_INPUT, value) if tensor else value

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
