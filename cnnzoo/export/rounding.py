"""Networks that compute with the numbers of int8: rounded as LiteRT will round them.

Kernels are rounded to int8 with a scale for each output channel; what a layer gives, to 8 bits over
its range. Gradients pass as if nothing were rounded. Layers stay Keras's own: while they round they
are of a subclass, which has no weights of its own.

Source: Jacob et al. 2018, https://arxiv.org/abs/1712.05877, section 3, and Krishnamoorthi 2018,
https://arxiv.org/abs/1806.08342, for a scale for each channel.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.export.assembly import giving
from cnnzoo.export.folding import LINEAR, foldable
from cnnzoo.inspection.graph import Call, calls, graph, output_call
from cnnzoo.keras_internals import becoming

# Layers that give some of the values that they take, or means of these on the same scale.
_SAME_SCALE = (
    *(keras.layers.MaxPooling1D, keras.layers.MaxPooling2D, keras.layers.GlobalMaxPooling1D),
    *(keras.layers.GlobalMaxPooling2D, keras.layers.AveragePooling1D),
    *(keras.layers.AveragePooling2D, keras.layers.Flatten, keras.layers.Reshape),
    *(keras.layers.ZeroPadding1D, keras.layers.ZeroPadding2D, keras.layers.Dropout),
    *(keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D),
)
_INPUT = "input"  # Of the network, among the ranges.

Ranges = Mapping[str, tuple[float, float]]  # By the name of the layer that gives the values.


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
    found, (marks, rounding) = ranges or {}, _marks(network)
    last, bearer = output_call(network).layer, marks.get(id(graph(network).outputs[0]))
    with contextlib.ExitStack() as stack:
        for call in calls(network):
            layer, taken = call.layer, [marks.get(id(one)) for one in call.inputs]
            conditions = {
                _RoundedKernel: kernels and type(layer) in LINEAR,
                _FixedStatistics: isinstance(layer, keras.layers.BatchNormalization),
                _RoundedSums: _sums(layer) in found,
                _RoundedOutput: layer.name in rounding and (logits or layer.name != bearer),
                _Floats: logits and not kernels and layer is last,
                _RoundedInput: _INPUT in taken,
            }
            for mixin, wanted in conditions.items():
                if wanted:
                    stack.enter_context(becoming(layer, mixin))
            for attribute, name in (
                ("range_taken", taken[0]),
                ("range_of_sums", _sums(layer)),
                ("range_given", layer.name),
            ):
                vars(layer)[attribute] = found.get(name or "")
                stack.callback(vars(layer).pop, attribute, None)
        yield


def ranges_of(network: keras.Model, batches: Iterable[Any]) -> Ranges:
    """Return the least and the greatest value of what is rounded, over all `batches`."""
    marks, rounding = _marks(network)
    given = [call.outputs[0] for call in calls(network) if call.layer.name in rounding]
    found = [one for one in graph(network).inputs if id(one) in marks] + given
    names, model = [marks[id(tensor)] for tensor in found], giving(network, found)
    seen: dict[str, list[float]] = {}
    with contextlib.ExitStack() as stack:
        for call in calls(network):
            layer = call.layer
            if isinstance(layer, keras.layers.Conv1D) and None in call.inputs[0].shape[1:]:
                stack.enter_context(becoming(layer, _ObservedSums))
                stack.callback(vars(layer).pop, "observed")
                vars(layer)["observed"] = seen.setdefault(_sums(layer), [])
        for batch in batches:
            for name, values in zip(names, keras.tree.flatten(model(batch)), strict=True):
                seen.setdefault(name, []).extend(_extremes(values))
    return {name: (min(values), max(values)) for name, values in seen.items()}


def range_of_logits(network: keras.Model, ranges: Ranges) -> tuple[float, float]:
    """Return the range of the first output of `network`."""
    return ranges[_marks(network)[0][id(graph(network).outputs[0])]]


def _sums(layer: Any) -> str:
    """Return the name of the range of the sums of a convolution, before the bias is added.

    Over sequences of any length, LiteRT stores these, too.
    """
    return f"{layer.name}/sums"


def _extremes(values: Any) -> tuple[float, float]:
    return float(np.min(values)), float(np.max(values))


def _marks(network: keras.Model) -> tuple[dict[int, str], set[str]]:
    """Return whose range the tensors have that are stored in int8, and the layers with their own.

    A convolution and the normalization or ReLU after it are one operation, which stores one tensor.
    """
    found, folds = list(calls(network)), foldable(network)
    users: dict[int, list[Call]] = {}
    for call in found:
        for tensor in call.inputs:
            users.setdefault(id(tensor), []).append(call)
    times = Counter(call.layer.name for call in found)
    marks = {id(one): _INPUT for one in graph(network).inputs if "float" in one.dtype}
    rounding = set()
    for call in found:
        output = call.outputs[0]
        passed = call.layer.name in folds or _only_relu(users.get(id(output), []))
        if type(call.layer) in _SAME_SCALE:
            marks[id(output)] = marks.get(id(call.inputs[0]), "")
        elif passed or times[call.layer.name] > 1 or not isinstance(call.layer, keras.Layer):
            continue
        elif "float" in output.dtype:
            marks[id(output)] = call.layer.name
            rounding.add(call.layer.name)
    return marks, rounding


def _only_relu(users: list[Call]) -> bool:
    """Return whether LiteRT makes one operation of a layer and what alone uses it, a ReLU."""
    if len(users) != 1:
        return False
    layer = users[0].layer
    plain = isinstance(layer, keras.layers.Activation) and layer.activation in (
        keras.activations.relu,
        keras.activations.relu6,
    )
    return plain or (isinstance(layer, keras.layers.ReLU) and not layer.negative_slope)


class _RoundedKernel:
    """A mixin of a convolution or dense layer whose kernel is on the grid of int8."""

    @property
    def kernel(self: Any) -> Any:
        return self._rounded_kernel()[0]

    @property
    def bias(self: Any) -> Any:
        stored = vars(self).get("bias")
        if stored is None or self.range_taken is None:
            return stored
        step = (max(self.range_taken[1], 0) - min(self.range_taken[0], 0)) / 255
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


class _Sums:
    """A mixin of a convolution that does something with its sums, before the bias is added."""

    use_bias = property(lambda self: False)  # Keras is to leave the rest to the activation.

    @property
    def activation(self: Any) -> Any:
        return self._activated

    def _activated(self: Any, sums: Any) -> Any:
        sums, own = self._with_sums(sums), vars(self)
        return own["activation"](sums + own["bias"] if own["use_bias"] else sums)


class _ObservedSums(_Sums):
    """Notes the range of the sums."""

    def _with_sums(self: Any, sums: Any) -> Any:
        self.observed.extend(_extremes(sums))
        return sums


class _RoundedSums(_Sums):
    """Rounds the sums, which are stored in int8."""

    def _with_sums(self: Any, sums: Any) -> Any:
        return on_grid(sums, self.range_of_sums)


class _FixedStatistics:
    """A mixin of batch normalization that uses its moving statistics in training, too."""

    def call(self: Any, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        return super().call(inputs, training=False, mask=mask)  # type: ignore[misc]


class _RoundedOutput:
    """A mixin of a layer whose output is stored in int8."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return on_grid(super().call(*args, **kwargs), self.range_given)  # type: ignore[misc]


class _Floats:
    """A mixin of a layer after whose output, stored in int8, all is computed in floats."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        values = super().call(*args, **kwargs)  # type: ignore[misc]
        one = tf.minimum(tf.shape(values)[0], 1)  # The converter cannot know, nor leave it out.
        return values * tf.cast(one, tf.float32)


class _RoundedInput:
    """A mixin of a layer that takes the network's input, stored in int8."""

    def call(self: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return super().call(on_grid(inputs, self.range_taken), *args, **kwargs)  # type: ignore[misc]


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
