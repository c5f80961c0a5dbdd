"""Networks that compute with the numbers of int8, or note what these must reach.

Layers stay Keras's own: while they round they are of subclasses; see `rounding_layers`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from cnnzoo.export.folding import LINEAR, foldable
from cnnzoo.export.rounding_layers import (
    INPUT,
    FixedStatistics,
    Floats,
    Integers,
    IntegerSum,
    Place,
    RoundedInput,
    RoundedInside,
    RoundedKernel,
    RoundedOutput,
    Rounding,
    on_grid,
)
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
                mixins.append(IntegerSum)
            if kernels and stock_type(place.layer) in LINEAR:
                plain = not exact or place.sums or place.activated
                mixins.append(RoundedKernel if plain else Integers)
            if isinstance(place.layer, keras.layers.BatchNormalization):
                mixins.append(FixedStatistics)
            stack.enter_context(_becoming(place, mixins, Rounding(place, stored, tuple(known))))
        if logits and not kernels:
            stack.enter_context(becoming(output_call(network).layer, Floats))
        yield


def ranges_of(network: keras.Model, batches: Iterable[Any]) -> Ranges:
    """Return the least and the greatest value of what is rounded, over all `batches`."""
    seen: dict[str, list[float]] = {}

    def stored(name: str, values: Any) -> Any:
        seen.setdefault(name, []).extend((float(np.min(values)), float(np.max(values))))
        return values

    with contextlib.ExitStack() as stack:
        for place in _places(network)[0]:
            stack.enter_context(_becoming(place, [], Rounding(place, stored, ())))
        for batch in batches:
            network(batch, training=False)
    return {name: (min(values), max(values)) for name, values in seen.items()}


def range_of_logits(network: keras.Model, ranges: Ranges) -> tuple[float, float]:
    """Return the range of the first output of `network`."""
    return ranges[_places(network)[1] or ""]


def _places(
    model: keras.Model, prefix: str = "", mark: str | None = INPUT
) -> tuple[list[Place], str | None]:
    """Return the layers around which values are rounded, and whose range the output has.

    A convolution and the normalization or ReLU after it are one operation, which stores one tensor.

    Args:
        prefix: Path of a nested model, with "/" at its end.
        mark: Whose range the input has.
    """
    found, folds, places = list(calls(model)), foldable(model), dict[int, Place]()
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


def _place(call: Call, name: str, taken: list[str | None], given: str) -> Place:
    layer, output = call.layer, call.outputs[0]
    known = isinstance(layer, keras.Layer) or any(taken)  # Masks are no values.
    stored = given == name and not _keeps(layer) and known and len(call.outputs) == 1
    linear = stock_type(layer) in LINEAR
    sequences = isinstance(layer, keras.layers.Conv1D) and None in call.inputs[0].shape[1:]
    return Place(
        layer,
        name,
        tuple(taken),
        given,
        tuple(mark == INPUT for mark in taken),
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
def _becoming(place: Place, mixins: Sequence[type], rounding: Rounding) -> Iterator[None]:
    """Let the layer of a place round, for the time of the context."""
    if place.sums or place.activated:
        mixins = [*mixins, RoundedInside]
    if place.output:
        mixins = [*mixins, RoundedOutput]
    if any(place.inputs):
        mixins = [*mixins, RoundedInput]
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
    return (max(highest, 1e-12) - min(lowest, 0)) / 255  # As `on_grid` has it.
