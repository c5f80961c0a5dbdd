"""How much of the input one unit of a feature map sees, and where.

Source: Araujo, Norris and Sim 2019, Computing receptive fields of convolutional neural networks,
https://doi.org/10.23915/distill.00021
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import Any, NamedTuple

import keras

from cnnzoo.inspection.graph import Call, calls, graph, nested, side_count

_UNBOUNDED = (
    *(keras.layers.RNN, keras.layers.Bidirectional, keras.layers.MultiHeadAttention),
    *(keras.layers.GroupQueryAttention, keras.layers.Attention, keras.layers.AdditiveAttention),
)


class Side(NamedTuple):
    """What the units along one side of a feature map see, in input positions."""

    size: int  # Positions that one unit sees.
    stride: float  # Distance of the fields of neighboring units.
    first: float  # First position that unit 0 sees; negative where it sees padding.

    @property
    def center(self) -> float:
        """Middle of what unit 0 sees."""
        return self.first + (self.size - 1) / 2


Field = list[Side] | None  # One per side; None where every unit sees all of the input.


class Seen(NamedTuple):
    """A call of a layer, and what the units of its output see."""

    path: str  # "inner/conv1" is a layer of the nested model "inner".
    call: Call
    field: Field


def walk(
    model: keras.Model, inputs: Sequence[Field] | None = None, prefix: str = ""
) -> Generator[Seen, None, list[Field]]:
    """Yield each call of a layer or other operation, in order; return the fields of the outputs.

    Args:
        model: A built Functional or Sequential model.
        inputs: Fields of its inputs; by default they are the input.
        prefix: Of paths.

    Raises:
        CnnzooError: The model is of another kind.
    """
    functional = graph(model)
    given = inputs or [[Side(1, 1, 0)] * side_count(one) or None for one in functional.inputs]
    fields = {id(t): field for t, field in zip(functional.inputs, given, strict=True)}
    for call in calls(model):
        path, seen = f"{prefix}{call.layer.name}", [fields[id(tensor)] for tensor in call.inputs]
        if nested(call.layer):
            found = yield from walk(call.layer, seen, f"{path}/")
        else:
            found = [after(call, seen)] * len(call.outputs)
        yield Seen(path, call, found[0])
        fields.update((id(t), field) for t, field in zip(call.outputs, found, strict=True))
    return [fields[id(tensor)] for tensor in functional.outputs]


def after(call: Call, fields: Sequence[Field]) -> Field:
    """Return the field of the output of `call`, given those of its inputs.

    A layer that neither keeps the sides of its input nor has a kernel sees all.
    """
    layer, inputs, output = call.layer, call.inputs, call.outputs[0]
    known = [field for field in fields if field is not None]
    if isinstance(layer, _UNBOUNDED) or len(known) < len(fields):
        return None
    if len({len(field) for field in known}) != 1:
        return None
    merged = [_union(sides) for sides in zip(*known, strict=True)]
    if len(inputs[0].shape) < len(merged) + 2 == len(output.shape):
        return merged  # An embedding adds the channels.
    if len(inputs[0].shape) != len(output.shape):
        return None
    before, behind = (_sides(layer, tensor) for tensor in (inputs[0], output))
    if not hasattr(layer, "kernel_size") and not hasattr(layer, "pool_size"):
        return _moved(layer, merged) if before != behind else merged
    size = getattr(layer, "kernel_size", getattr(layer, "pool_size", 1))
    columns = [
        _each(value, len(merged))
        for value in (size, getattr(layer, "strides", 1), getattr(layer, "dilation_rate", 1))
    ]
    window = _transposed if "Transpose" in type(layer).__name__ else _window
    # The zoo's own layers may state how many positions they add on either side.
    padding = getattr(layer, "margin", getattr(layer, "padding", "valid"))
    return [
        window(side, kernel, stride, spread, padding, length)
        for side, kernel, stride, spread, length in zip(merged, *columns, before, strict=True)
    ]


def _union(sides: Iterable[Side]) -> Side:
    sides = list(sides)
    first = min(side.first for side in sides)
    end = max(side.first + side.size for side in sides)
    return Side(int(end - first), max(side.stride for side in sides), first)


def _window(
    side: Side, kernel: int, stride: int, spread: int, padding: str | int, length: int | None
) -> Side:
    reach = (kernel - 1) * spread
    margins = {"valid": 0, "causal": reach, "same": reach // 2}
    before = padding if isinstance(padding, int) else margins[padding]
    if padding == "same" and stride > 1 and length is not None:
        # Keras pads as much as the last window needs, the smaller half in front.
        before = max((-(-length // stride) - 1) * stride + reach + 1 - length, 0) // 2
    return Side(
        int(side.size + reach * side.stride),
        side.stride * stride,
        side.first - before * side.stride,
    )


def _transposed(
    side: Side, kernel: int, stride: int, spread: int, padding: str | int, length: int | None
) -> Side:
    reach = (kernel - 1) * spread
    before = max(reach + 1 - stride, 0) // 2 if padding == "same" else 0
    inputs = -(-(reach + 1) // stride)  # At most so many inputs reach an output.
    size = int(side.size + (inputs - 1) * side.stride)
    step = side.stride / stride
    return Side(size, step, side.first - (inputs - 1) * side.stride + before * step)


def _moved(layer: Any, sides: list[Side]) -> Field:
    """Return the field after a layer that pads, crops or repeats, None after any other."""
    kind = type(layer).__name__
    if kind.startswith(("ZeroPadding", "Cropping")):
        amounts = layer.padding if kind.startswith("ZeroPadding") else layer.cropping
        pairs = amounts if isinstance(amounts[0], Sequence) else [amounts]
        sign = -1 if kind.startswith("ZeroPadding") else 1
        return [
            side._replace(first=side.first + sign * before * side.stride)
            for side, (before, _) in zip(sides, pairs, strict=True)
        ]
    if kind.startswith("UpSampling"):
        pairs = zip(sides, _each(layer.size, len(sides)), strict=True)
        return [side._replace(stride=side.stride / size) for side, size in pairs]
    if hasattr(layer, "strides"):  # Strided selection, as a shortcut without weights does.
        pairs = zip(sides, _each(layer.strides, len(sides)), strict=True)
        return [side._replace(stride=side.stride * step) for side, step in pairs]
    return None


def _sides(layer: Any, tensor: keras.KerasTensor) -> tuple[int | None, ...]:
    first = getattr(layer, "data_format", None) == "channels_first"
    return tuple(tensor.shape[2:] if first else tensor.shape[1:-1])


def _each(value: Any, count: int) -> list[int]:
    return list(value) if isinstance(value, Iterable) else [value] * count
