"""Scores of a Keras model or a SavedModel, by LiteRT where that can hold it, or by TensorFlow."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.export.assembly import named
from cnnzoo.export.classifier import OUTPUTS, Classifier, Scores
from cnnzoo.export.folding import folded
from cnnzoo.export.litert import after_tokenizer, convert, numeric_spec, tokenizer_of
from cnnzoo.export.runtime import LITERT, TOKENIZER, Light, LiteRT, Outputs, disagreement
from cnnzoo.export.serving_files import tokenizer_facts
from cnnzoo.guard.saved_model import check_saved_model
from cnnzoo.keras_internals import converter_error
from cnnzoo.pipelines.input_types import raw_input

_LENGTH = 50  # Tokens of a text on which LiteRT is tried.


def from_model(model: keras.Model, card: dict[str, Any]) -> Classifier:
    """Return the classifier of a model from raw input to scores whose weights stay as they are."""
    return Classifier(card, _Fast(model), lambda: model)


def from_file(model: keras.Model, card: dict[str, Any], owner: str) -> Classifier:
    """Return the classifier of a model that a file holds, if it is what the file's card says.

    Raises:
        CnnzooError: It takes or gives something else, or some of its weights are no numbers.
    """
    spec, classes = raw_input(card["input"]).spec, len(card["class_names"])
    taken = [(tuple(one.shape[1:]), one.dtype) for one in model.inputs]
    if taken != [(tuple(spec.shape[1:]), spec.dtype.name)]:
        raise CnnzooError(
            f"{owner} must take what its card says, {spec.dtype.name} {tuple(spec.shape[1:])}; "
            f"its network takes {', '.join(f'{dtype} {shape}' for shape, dtype in taken)}"
        )
    given = {name: tuple(one.shape[1:]) for name, one in named(model.output).items()}
    if given != {"scores": (classes,)} | ({"known": ()} if "unknown" in card else {}):
        raise CnnzooError(
            f"{owner} must give what its card says, a score for each of its {classes} classes"
            f"{' and known' if 'unknown' in card else ''}; got "
            f"{', '.join(f'{name} {shape}' for name, shape in given.items())}"
        )
    for weight in model.weights:
        if "float" in weight.dtype and not np.isfinite(np.asarray(weight, np.float32)).all():
            raise CnnzooError(f"{owner} must hold finite weights; {weight.path} has others")
    return from_model(model, card)


def of_training(model: keras.Model, card: dict[str, Any]) -> Classifier:
    """Return the classifier of a model whose weights still change."""
    return Classifier(card, _in_tensorflow(model), lambda: model)


def _in_tensorflow(model: keras.Model) -> Scores:
    spec = tf.TensorSpec(model.inputs[0].shape, model.inputs[0].dtype)
    function = tf.function(
        lambda inputs: model(inputs, training=False), input_signature=[spec], autograph=False
    )
    return lambda batch: _ordered(function(tf.constant(batch, spec.dtype)))


def _ordered(outputs: Any) -> Outputs:
    found = named(outputs)
    return tuple(found[name].numpy() for name in OUTPUTS if name in found)


class _Fast:
    """Scores of a fixed model by LiteRT, or by TensorFlow where LiteRT cannot hold the model."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model

    def __call__(self, batch: np.ndarray) -> Outputs:
        return self._scores(batch)

    @property
    def parts(self) -> Mapping[str, bytes]:
        """What an artifact holds to be scored without Keras; nothing where LiteRT cannot."""
        return getattr(self._scores, "parts", {})

    @functools.cached_property
    def _scores(self) -> Scores:
        """Convert, when scores are first requested."""
        model = folded(self._model)
        tokenizer = tokenizer_of(model)
        try:
            parts = {LITERT: convert(model)}
            if tokenizer is not None:
                parts[TOKENIZER] = tokenizer_facts(tokenizer)
            light = Light(parts, "the network")
            return light if _agrees(light.network, model) else _in_tensorflow(model)
        except (tf.errors.OpError, converter_error(), ValueError, RuntimeError, CnnzooError):
            return _in_tensorflow(model)


def _agrees(runtime: LiteRT, model: keras.Model) -> bool:
    """Return whether `runtime` gives the scores of `model`, on two examples of noise."""
    numeric, spec, tokenizer = after_tokenizer(model), numeric_spec(model), tokenizer_of(model)
    greatest = 256 if tokenizer is None else tokenizer.vocabulary_size
    shape = [2, *(_LENGTH if side is None else side for side in spec.shape[1:])]
    noise = np.random.default_rng(0).integers(0, greatest, shape).astype(spec.dtype.name)
    pairs = zip(runtime(noise), _ordered(numeric(noise)), strict=True)
    return all(np.allclose(ours, theirs, rtol=0, atol=1e-4) for ours, theirs in pairs)


def from_saved_model(folder: Path, card: dict[str, Any]) -> Classifier:
    """Return the classifier of an exported SavedModel, scored by TensorFlow.

    Raises:
        CnnzooError: The folder is damaged, TensorFlow cannot load it, or it would do more than
            compute.
    """
    check_saved_model(folder)
    spec = raw_input(card["input"]).spec
    blank = tf.zeros([1, *spec.shape[1:]], spec.dtype).numpy()
    try:
        scores = _signature(tf.saved_model.load(folder), spec)
        answer = scores(blank)
    except Exception as error:  # Of any kind: TensorFlow builds objects from what the file says.
        raise CnnzooError(f"{folder} is damaged or no SavedModel of cnnzoo: {error}") from error
    if wrong := disagreement(answer, card):
        raise CnnzooError(f"{folder} {wrong}")
    return Classifier(card, scores)


def _signature(loaded: Any, spec: tf.TensorSpec) -> Scores:
    function = loaded.signatures["serving_default"]
    function._cnnzoo_owner = loaded  # A signature alone does not keep its variables alive.
    return lambda batch: _ordered(function(**{spec.name: tf.constant(batch, spec.dtype)}))
