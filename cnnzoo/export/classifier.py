"""A trained network that answers raw input, whether it came from Keras or from a SavedModel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.guard.saved_model import check_saved_model
from cnnzoo.guard.sums import check_sums
from cnnzoo.pipelines.decoding import UNDECODABLE
from cnnzoo.pipelines.raw import RawTexts, raw_input

_BATCH = 500  # Examples that go through the network at once.

Signature = Callable[[tf.Tensor], Mapping[str, tf.Tensor]]


class Classifier:
    """Answers raw input through the signatures that every export has too."""

    def __init__(
        self,
        card: dict[str, Any],
        raw: Signature,
        encoded: Signature | None,
        model: keras.Model | None = None,
    ) -> None:
        self.card = card
        self.model = model  # Raw input to scores; None for one that came from a SavedModel.
        self.class_names: list[str] = card["class_names"]
        self.raw = raw_input(card["input"])
        self._raw = raw
        self._encoded = encoded

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one raw example; empty for texts."""
        return self.raw.shape

    def scores(self, inputs: Any) -> np.ndarray:
        """Return softmax scores, float32 `[examples, classes]`.

        Args:
            inputs: Images, uint8 `[images, height, width, channels]` or floats from 0 to 1; sounds,
                int16 `[sounds, samples, 1]` or floats from -1 to 1; or a list or array of texts.

        Raises:
            CnnzooError: They are of another rank, size, type or range.
        """
        raw = self.raw.check(inputs)
        batches = (raw[start : start + _BATCH] for start in range(0, len(raw), _BATCH))
        dtype = self.raw.spec.dtype
        answers = [self._raw(tf.constant(batch, dtype))["scores"].numpy() for batch in batches]
        return np.concatenate(answers) if answers else np.empty((0, len(self.class_names)), "f4")

    def predict(self, inputs: Any) -> list[dict[str, Any]]:
        """Return one answer an example: `input`, `label`, `class_id` and `scores` (one a class).

        Args:
            inputs: In a list, or one of them alone: texts; or paths of image (PNG, JPEG), sound
                (WAV) or `.npy` files, encoded images or sounds as bytes, or arrays (see `scores`).

        Raises:
            CnnzooError: An input is none of these, or damaged.
        """
        listed = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        return [
            {
                "input": name,
                "label": self.class_names[int(scores.argmax())],
                "class_id": int(scores.argmax()),
                "scores": [float(score) for score in scores],
            }
            for place, value in enumerate(listed)
            for name, scores in self._answer(value, f"inputs[{place}]")
        ]

    def _answer(self, value: Any, name: str) -> Iterator[tuple[str, np.ndarray]]:
        name, content = self.raw.take(value, name)
        if isinstance(content, bytes):
            yield name, self._decoded(content, name)
            return
        for place, scores in enumerate(self.scores(content)):
            yield (f"{name}[{place}]" if len(content) > 1 else name), scores

    def _decoded(self, content: bytes, name: str) -> np.ndarray:
        assert self._encoded is not None  # Texts are never encoded.
        try:
            return self._encoded(tf.constant([content]))["scores"].numpy()[0]
        except UNDECODABLE as error:
            raise CnnzooError(f"{name} is damaged: it cannot be decoded") from error


class ServingGraph(tf.Module):
    """The signatures: `serving_default` (raw input) and, but for texts, `serving_bytes`."""

    def __init__(self, model: keras.Model, card: dict[str, Any]) -> None:
        super().__init__()
        self.model = model
        names = tf.constant(card["class_names"])
        raw = raw_input(card["input"])

        def answer(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
            scores = model(inputs, training=False)
            class_id = tf.argmax(scores, axis=-1)
            return {"scores": scores, "class_id": class_id, "label": tf.gather(names, class_id)}

        self.functions = {"serving_default": tf.function(answer, input_signature=[raw.spec])}
        if isinstance(raw, RawTexts):
            return

        def answer_encoded(contents: tf.Tensor) -> dict[str, tf.Tensor]:
            return answer(tf.map_fn(raw.decode, contents, fn_output_signature=raw.spec.dtype))

        spec = tf.TensorSpec([None], tf.string, name=raw.encoded)
        self.functions["serving_bytes"] = tf.function(answer_encoded, input_signature=[spec])


def from_model(model: keras.Model, card: dict[str, Any]) -> Classifier:
    """Return the classifier of a Keras model from raw input to scores."""
    signatures = ServingGraph(model, card).functions
    return Classifier(card, signatures["serving_default"], signatures.get("serving_bytes"), model)


def from_saved_model(folder: Path, card: dict[str, Any]) -> Classifier:
    """Return the classifier of an exported SavedModel.

    Raises:
        CnnzooError: The folder is damaged, TensorFlow cannot load it, or it would do more than
            answer.
    """
    check_sums(folder)
    check_saved_model(folder)
    raw = raw_input(card["input"])
    try:
        loaded = tf.saved_model.load(folder)
        default = _by_name(loaded, "serving_default", raw.name)
        encoded = None
        if not isinstance(raw, RawTexts):
            encoded = _by_name(loaded, "serving_bytes", raw.encoded)
    except Exception as error:  # Of any kind: TensorFlow builds objects from what the file says.
        raise CnnzooError(f"{folder} is damaged or no SavedModel of cnnzoo: {error}") from error
    return Classifier(card, default, encoded)


def _by_name(loaded: Any, signature: str, argument: str) -> Signature:
    function = loaded.signatures[signature]
    function._cnnzoo_owner = loaded  # A signature alone does not keep its variables alive.
    return lambda inputs: function(**{argument: inputs})
