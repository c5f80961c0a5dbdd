"""The n-grams that activate the filters of a text model most strongly.

Source: each filter of a convolution over word vectors detects n-grams of one or a few kinds;
Jacovi, Sar Shalom and Goldberg 2018, https://arxiv.org/abs/1809.08037.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import checks, receptive_field
from cnnzoo.inspection import tokens as texts
from cnnzoo.inspection.activations import run
from cnnzoo.inspection.graph import Call
from cnnzoo.inspection.receptive_field import Side

_BATCH = 64  # Texts whose maps are held at a time.


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
    given = texts.checked(model, tokens)
    side = _window(model, layer)
    of_layer = checks.layer(model, layer).layer
    strongest: list[list[Ngram]] = []
    for begin in range(0, len(given), _BATCH):
        batch = given[begin : begin + _BATCH]
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
            if seen.path == layer:
                field = seen.field
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
    windows = np.where(inside, tokens[:, places.clip(0, tokens.shape[1] - 1)], texts.PADDING)
    counted = (windows != texts.PADDING).any(axis=-1)
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
    _, first, inverse = np.unique(windows, axis=0, return_index=True, return_inverse=True)
    # Numbers of equal windows, in the order in which the texts first hold them.
    group = np.argsort(np.argsort(first))[inverse.ravel()]
    order = np.argsort(group, kind="stable")
    bounds = np.flatnonzero(np.diff(group[order], prepend=-1))
    ends = [*bounds[1:], len(order)]
    greatest = np.maximum.reduceat(values[order], bounds, axis=0)
    leading = np.argsort(-greatest, axis=0, kind="stable")[:count]
    return [
        [
            _ngram(order[bounds[place] : ends[place]], windows, values[:, unit], texts, starts)
            for place in leading[:, unit]
        ]
        for unit in range(values.shape[1])
    ]


def _ngram(
    rows: np.ndarray, windows: np.ndarray, values: np.ndarray, texts: np.ndarray, starts: np.ndarray
) -> Ngram:
    """Return the strongest of `rows`, which hold the same window."""
    row = rows[values[rows].argmax()]
    return Ngram(
        float(values[row]), tuple(windows[row].tolist()), int(texts[row]), int(starts[row])
    )


def _merged(first: list[list[Ngram]], second: list[list[Ngram]], count: int) -> list[list[Ngram]]:
    """Return the `count` strongest of each filter; the first of equal tokens unless weaker."""
    if not first:
        return second
    return [_strongest([*mine, *theirs], count) for mine, theirs in zip(first, second, strict=True)]


def _strongest(found: list[Ngram], count: int) -> list[Ngram]:
    kept: dict[tuple[int, ...], Ngram] = {}
    for one in sorted(found, key=lambda ngram: -ngram.activation):
        kept.setdefault(one.tokens, one)
    return list(kept.values())[:count]
