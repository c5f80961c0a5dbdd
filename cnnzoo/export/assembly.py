"""The model in an artifact, put together from its parts, and taken apart again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras

from cnnzoo import layers
from cnnzoo.inspection.graph import calls, graph, holds_tokens, nested, output_call
from cnnzoo.pipelines.input_types import raw_input


class Parts(NamedTuple):
    """What an artifact's model is made of."""

    preprocessing: list[keras.layers.Layer]  # From raw input to what the network takes.
    network: keras.Model  # To logits.
    views: str | None = None  # Of each image, averaged over in its answer; see `layers.Views`.
    temperature: float = 1.0  # By which the logits are divided.
    familiarity: keras.layers.Layer | None = None  # Of the summary of an example.


def assemble(
    preprocessing: Sequence[keras.layers.Layer],
    network: keras.Model,
    metadata: dict[str, Any],
    views: str | None = None,
) -> keras.Model:
    """Return the model from raw input to softmax scores, not calibrated yet.

    Args:
        preprocessing: Layers from raw input to what the network takes.
        network: To logits.
        metadata: What the card says of the raw input.
        views: Of each image, over which the logits are averaged; see `layers.Views`.
    """
    spec = raw_input(metadata).spec
    raw = keras.Input(spec.shape[1:], dtype=spec.dtype.name, name=spec.name)
    return connect(Parts(list(preprocessing), network, views), raw)


def connect(parts: Parts, raw: keras.KerasTensor) -> keras.Model:
    """Return the model from `raw` input to `scores` and, if there is a familiarity, to `known`."""
    inputs: Any = raw
    for layer in parts.preprocessing:
        inputs = layer(inputs)
    viewed = inputs
    if parts.views is not None:
        viewed = layers.Views(parts.views, name="views")(inputs)
    if parts.familiarity is None:
        return keras.Model(raw, _scores(parts, parts.network(viewed)), name="classifier")
    logits, *watched = giving(parts.network, _watched(parts.network))(viewed)
    if holds_tokens(inputs):
        watched.append(layers.KnownWords(name="known_words")(inputs))
    known = parts.familiarity(layers.Summary(parts.views, name="summary")(watched))
    return keras.Model(raw, {"scores": _scores(parts, logits), "known": known}, name="classifier")


def parts_of(model: keras.Model) -> Parts:
    """Return the parts of what `connect` returned."""
    preprocessing: list[keras.layers.Layer] = []
    views, found = None, {layer.name: layer for layer in model.layers}
    for layer in model.layers[1:]:
        if nested(layer):
            outputs = graph(layer).outputs
            network = layer if len(outputs) == 1 else giving(layer, outputs[0])
            scale = getattr(found.get("temperature"), "scale", 1.0)
            return Parts(preprocessing, network, views, 1 / scale, found.get("known"))
        if isinstance(layer, layers.Views):
            views = layer.kind
        else:
            preprocessing.append(layer)
    raise AssertionError(f"{model.name} holds no network")


def named(outputs: Any) -> dict[str, Any]:
    """Return what such a model gives, by name; one that is not calibrated gives scores alone."""
    return outputs if isinstance(outputs, dict) else {"scores": outputs}


def _scores(parts: Parts, logits: Any) -> Any:
    if parts.temperature != 1:
        logits = keras.layers.Rescaling(1 / parts.temperature, name="temperature")(logits)
    if parts.views is not None:
        return layers.MeanOfViews(parts.views, name="scores")(logits)
    return keras.layers.Softmax(dtype="float32", name="scores")(logits)


def giving(network: keras.Model, outputs: Any) -> keras.Model:
    """Return the network of the same layers that gives other `outputs`, tensors in it."""
    own = isinstance(network, (layers.TextModel, layers.DeepModel))
    kind = type(network) if own else keras.Model
    return kind(graph(network).inputs[0], outputs, name=network.name)


def _watched(network: keras.Model) -> list[keras.KerasTensor]:
    """Return the logits, and what an example is summarized by: the last maps of each size.

    In a network over tokens, whose maps depend on the padding, it is what enters the logits; in one
    without maps, the first vector, such as that of the pixels.
    """
    last, found = output_call(network), [call for call in calls(network) if _holds_floats(call)]
    logits = last.outputs[0]
    if holds_tokens(graph(network).inputs[0]):
        return [logits, last.inputs[0]]
    maps = {
        call.outputs[0].shape[1:-1]: call.outputs[0]
        for call in found
        if len(call.outputs[0].shape) > 2 and "Pooling" not in type(call.layer).__name__
    }
    vectors = (call.outputs[0] for call in found if len(call.outputs[0].shape) == 2)
    return [logits, *(maps.values() or [next(vectors)])]


def _holds_floats(call: Any) -> bool:
    return "float" in call.outputs[0].dtype
