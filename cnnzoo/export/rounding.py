"""Networks that compute with the numbers of int8: rounded as LiteRT will round them.

Kernels are rounded to int8 with a scale for each output channel; what a layer gives, to 8 bits over
its range. Gradients pass through the rounding, but not where a value is out of range. Layers stay
Keras's own: while they round they are of a subclass, which has no weights of its own.

Source: Jacob et al. 2018, https://arxiv.org/abs/1712.05877, section 3, and Krishnamoorthi 2018,
https://arxiv.org/abs/1806.08342, for a scale for each channel.
"""

from __future__ import annotations

import contextlib
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
            as sums of products of rounded numbers are. By default ranges are those of each batch.
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
            if kernels and stock_type(place.layer) in LINEAR:
                mixins.append(_RoundedKernel)
            if isinstance(place.layer, keras.layers.BatchNormalization):
                mixins.append(_FixedStatistics)
            step = None if ranges is None else _step(ranges.get(place.taken or ""))
            stack.enter_context(_becoming(place, mixins, _Rounding(place, stored, step)))
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
            stack.enter_context(_becoming(place, [], _Rounding(place, stored, None)))
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
    taken: str | None  # Whose range the first of its inputs has.
    inputs: tuple[bool, ...]  # Which of the tensors that it takes are the network's input.
    output: bool  # Whether what it gives has a range of its own.
    sums: bool  # Whether the sums of a convolution are stored before the bias is added,
    activated: bool  # or the values that its activation takes.


class _Rounding(NamedTuple):
    """What a layer needs to know in order to round."""

    place: _Place
    stored: Callable[[str, Any], Any]  # Returns values as they are stored, by name.
    step: float | None  # Of what it takes.


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
        passed = layer.name in folds or _only_relu(users.get(id(output), []))
        place = _place(call, f"{prefix}{layer.name}", taken, passed)
        before = places.get(id(layer))
        if before is not None:  # Shared layers: where it is stored once, it is so always.
            place = place._replace(output=place.output or before.output, inputs=())
        places[id(layer)] = place
        marks[id(output)] = place.name if place.output else taken[0] if _keeps(layer) else None
    return list(places.values()), marks.get(id(graph(model).outputs[0]))


def _place(call: Call, name: str, taken: list[str | None], passed: bool) -> _Place:
    layer, output = call.layer, call.outputs[0]
    known = isinstance(layer, keras.Layer) or any(taken)  # Masks are no values.
    stored = not passed and not _keeps(layer) and known and len(call.outputs) == 1
    linear = stock_type(layer) in LINEAR
    sequences = isinstance(layer, keras.layers.Conv1D) and None in call.inputs[0].shape[1:]
    return _Place(
        layer,
        name,
        taken[0] if taken else None,
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


def _step(limits: tuple[float, float] | None) -> float | None:
    return None if limits is None else (max(limits[1], 0) - min(limits[0], 0)) / 255


class _RoundedKernel:
    """A mixin of a convolution or dense layer whose kernel is on the grid of int8."""

    @property
    def kernel(self: Any) -> Any:
        return self._rounded_kernel()[0]

    @property
    def bias(self: Any) -> Any:
        stored, step = vars(self).get("bias"), self.rounding.step
        if stored is None or step is None:
            return stored
        steps = self._rounded_kernel()[1] * step
        return tf.round(tf.convert_to_tensor(stored) / steps) * steps

    def _rounded_kernel(self: Any) -> tuple[Any, Any]:
        """Return it, and its step for each output channel."""
        stored = vars(self).get("kernel")
        kernel = tf.convert_to_tensor(super().kernel if stored is None else stored)  # type: ignore[misc]
        depthwise = isinstance(self, keras.layers.DepthwiseConv2D)
        channels = int(np.prod(kernel.shape[-2:])) if depthwise else kernel.shape[-1]
        columns = tf.reshape(kernel, [-1, channels])
        limits = tf.stop_gradient(tf.reduce_max(tf.abs(columns), axis=0)) + 1e-12
        found = tf.quantization.fake_quant_with_min_max_vars_per_channel(
            columns, -limits, limits, narrow_range=True
        )
        return tf.reshape(found, tf.shape(kernel)), limits / 127


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
