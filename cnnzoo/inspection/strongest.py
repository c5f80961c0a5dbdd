"""The examples, and the n-grams of texts, that activate a unit most.

Sources: Girshick et al. 2013, https://arxiv.org/abs/1311.2524, section 3.1; each filter of a
convolution over word vectors detects n-grams of one or a few kinds, Jacovi, Sar Shalom and Goldberg
2018, https://arxiv.org/abs/1809.08037.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import checks, receptive_field
from cnnzoo.inspection.activations import batched, run
from cnnzoo.inspection.graph import Call, side_count
from cnnzoo.inspection.receptive_field import Side

_TEXTS = 64  # Whose maps are held at a time.


class NearestExamples(NamedTuple):
    """The examples that activate a unit most, the strongest first."""

    places: np.ndarray  # Of the examples among the inputs, int [count].
    activations: np.ndarray  # The greatest of each, float [count].
    positions: np.ndarray  # Of these in the feature map, int [count, sides].
    boxes: np.ndarray  # First position that is seen there and the one after the last, by side.
    patches: list[np.ndarray]  # What is seen, without padding: [*sides, channels].


def nearest_examples(
    model: keras.Model, inputs: np.ndarray, layer: str, unit: int, count: int = 9
) -> NearestExamples:
    """Return the `count` inputs with the greatest activation of a unit, and what it sees of them.

    Of equal activations the first counts. A unit that sees all has whole inputs as patches.

    Args:
        model: A built Functional or Sequential model.
        inputs: Images, sounds or tokens, as the model takes them.
        layer: Name of a layer, or path in nested models: "inner/conv1".
        unit: A channel of the layer.
        count: How many examples.

    Raises:
        CnnzooError: The inputs, layer or unit do not fit the model, or the inputs are fewer.
    """
    call = checks.layer(model, layer)
    unit = checks.unit(call, unit)
    batch = checks.inputs(model, inputs)
    count = checks.count("count", count, len(batch), "inputs")

    def greatest(values: tf.Tensor) -> Any:
        maps = run(model, values, [call.layer]).values[0][..., unit]
        flat = tf.reshape(maps, [tf.shape(maps)[0], -1])
        sides = tf.repeat(tf.shape(maps)[None, 1:], tf.shape(maps)[0], axis=0)
        return tf.reduce_max(flat, axis=1), tf.argmax(flat, axis=1), sides

    activations, flat, sides = batched(greatest)(batch)
    places = np.argsort(-activations, kind="stable")[:count]
    positions = np.stack([np.unravel_index(flat[at], sides[at]) for at in places])
    ends = batch.shape[1 : side_count(checks.taken(model)) + 1]
    field = {one.path: one.field for one in receptive_field.walk(model)}[layer]
    boxes = np.stack([_box(field, position, ends) for position in positions])
    seen = zip(places, boxes, strict=True)
    patches = [batch[at][tuple(slice(*side) for side in box)] for at, box in seen]
    return NearestExamples(places, activations[places], positions, boxes, patches)


def _box(field: list[Side] | None, position: np.ndarray, ends: tuple[int, ...]) -> np.ndarray:
    """Return start and end of what the unit sees within the input, int `[sides, 2]`."""
    if field is None:
        return np.array([(0, end) for end in ends]).reshape(-1, 2)
    first = np.array(
        [side.first + at * side.stride for side, at in zip(field, position, strict=True)]
    )
    box = np.stack([np.ceil(first), np.floor(first) + [side.size for side in field]], axis=1)
    return np.clip(box, 0, np.array(ends)[:, None]).astype(int)


class Ngram(NamedTuple):
    """A window of a text, and how strongly it activates a filter."""

    activation: float
    tokens: tuple[int, ...]  # 0 where the window reaches beyond the text, into padding.
    text: int  # The first text that holds the window.
    start: int  # Of the window in this text; negative where it begins before the text.


def ngrams(model: keras.Model, tokens: Any, layer: str, count: int = 5) -> list[list[Ngram]]:
    """Return, for each filter, the distinct n-grams of the texts with its `count` greatest outputs.

    An n-gram is all that a filter sees: the words of a window for a convolution over word vectors,
    more of them for a later layer. It is taken where the network takes it, over the edge of a text
    too; windows of padding alone are left out, and so are those that the layer's mask leaves out.
    The n-grams of a filter that is never active, as behind a ReLU, have an activation of 0.

    Args:
        model: A text model, over tokens.
        tokens: Integers `[texts, length]`.
        layer: Name of a layer that gives maps `[batch, steps, filters]`.
        count: N-grams of each filter.

    Raises:
        CnnzooError: The model takes no tokens, no such layer is found or its units see no definite
            window, or the texts hold fewer than `count` distinct n-grams.
    """
    count = checks.count("count", count)
    given = checks.tokens(model, tokens)
    side = _window(model, layer)
    of_layer = checks.layer(model, layer).layer
    strongest: list[list[Ngram]] = []
    for begin in range(0, len(given), _TEXTS):
        batch = given[begin : begin + _TEXTS]
        maps = run(model, batch, [of_layer]).values[0]
        strongest = _merged(strongest, _of_batch(maps, batch, side, count, begin), count)
    checks.count("count", count, len(strongest[0]), "distinct n-grams")
    return strongest


def _window(model: keras.Model, layer: str) -> Side:
    """Return what the units of `layer` see of the tokens."""
    field = None
    if len(checks.maps(model, layer).outputs[0].shape) == 3:
        for seen in receptive_field.walk(model):
            _check_place(seen.path, seen.call)
            field = seen.field if seen.path == layer else field
    if field is None:
        raise CnnzooError(
            f"layer must see a window of tokens at a time; {layer!r} of {model.name} does not"
        )
    return field[0]


def _check_place(path: str, call: Call) -> None:
    """Refuse windows whose place depends on the length of the texts."""
    strides = np.max(getattr(call.layer, "strides", 1))
    padded = getattr(call.layer, "padding", None) == "same"
    if padded and strides > 1 and call.inputs[0].shape[1] is None:
        raise CnnzooError(
            f"model must take texts of one length where a layer with strides has padding 'same'; "
            f"{path!r} has, and takes any length"
        )


def _of_batch(
    output: Any, tokens: np.ndarray, side: Side, count: int, begin: int
) -> list[list[Ngram]]:
    """Return the strongest n-grams of each filter among a few texts, those from `begin` on."""
    maps, mask = np.asarray(output), getattr(output, "_keras_mask", None)
    starts = int(side.first) + int(side.stride) * np.arange(maps.shape[1])
    places = starts[:, None] + np.arange(side.size)
    inside = (places >= 0) & (places < tokens.shape[1])
    windows = np.where(inside, tokens[:, places.clip(0, tokens.shape[1] - 1)], checks.PADDING)
    counted = (windows != checks.PADDING).any(axis=-1)
    if mask is not None:
        counted &= np.asarray(mask)
    rows, steps = np.nonzero(counted)
    if not len(rows):
        return [[] for _ in range(maps.shape[-1])]
    return _distinct(windows[counted], maps[counted], rows + begin, starts[steps], count)


def _distinct(
    windows: np.ndarray, values: np.ndarray, texts: np.ndarray, starts: np.ndarray, count: int
) -> list[list[Ngram]]:
    """Return the n-grams of each filter, from `[windows, size]` and `[windows, filters]`."""
    _, kinds = np.unique(windows, axis=0, return_inverse=True)
    found = []
    for of_filter in values.T:
        order = np.argsort(-of_filter, kind="stable")
        _, first = np.unique(kinds.ravel()[order], return_index=True)
        rows = order[np.sort(first)[:count]]  # The strongest window of each kind.
        columns = (column[rows].tolist() for column in (of_filter, windows, texts, starts))
        found.append([Ngram(one[0], tuple(one[1]), *one[2:]) for one in zip(*columns, strict=True)])
    return found


def _merged(first: list[list[Ngram]], second: list[list[Ngram]], count: int) -> list[list[Ngram]]:
    """Return the `count` strongest of each filter; the first of equal tokens unless weaker."""
    merged = []
    for mine, theirs in zip(first or [[]] * len(second), second, strict=True):
        kept: dict[tuple[int, ...], Ngram] = {}
        for one in sorted([*mine, *theirs], key=lambda ngram: -ngram.activation):
            kept.setdefault(one.tokens, one)
        merged.append(list(kept.values())[:count])
    return merged
