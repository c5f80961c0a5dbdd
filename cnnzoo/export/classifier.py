"""A trained network that answers raw input, whether it came from Keras or from a SavedModel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines import images as pipeline
from cnnzoo.pipelines.decoding import UNDECODABLE, decode

_BATCH = 500  # Images that go through the network at once.

Signature = Callable[..., Mapping[str, tf.Tensor]]


class Classifier:
    """Answers raw input through the two signatures that every export has too."""

    def __init__(
        self,
        card: dict[str, Any],
        images: Signature,
        encoded: Signature,
        model: keras.Model | None = None,
    ) -> None:
        self.card = card
        self.model = model  # Raw images to scores; None for one that came from a SavedModel.
        self.class_names: list[str] = card["class_names"]
        self.input_shape: tuple[int, int, int] = tuple(card["input"]["shape"])
        self._images = images
        self._encoded = encoded

    def scores(self, images: np.ndarray) -> np.ndarray:
        """Return softmax scores, float32 `[images, classes]`.

        Args:
            images: uint8 `[images, height, width, channels]`, or floats from 0 to 1.

        Raises:
            CnnzooError: The array has another rank, size, type or range.
        """
        raw = pipeline.check_array(images, self.input_shape, "images")
        batches = [raw[start : start + _BATCH] for start in range(0, len(raw), _BATCH)]
        answers = [self._images(images=tf.constant(batch))["scores"].numpy() for batch in batches]
        return np.concatenate(answers) if answers else np.empty((0, len(self.class_names)), "f4")

    def predict(self, inputs: Any) -> list[dict[str, Any]]:
        """Return one answer an image: `input`, `label`, `class_id` and `scores` (one a class).

        Args:
            inputs: Paths of PNG, JPEG or `.npy` files, encoded images as bytes, or arrays (see
                `scores`), in a list, or one of them alone.

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
        if isinstance(value, bytes):
            yield name, self._decoded(pipeline.check_encoded(value, name), name)
        elif isinstance(value, (str, Path)) and Path(value).suffix.lower() != ".npy":
            yield str(value), self._decoded(pipeline.read_encoded(Path(value)), str(value))
        else:
            if isinstance(value, (str, Path)):
                name = str(value)
                raw = pipeline.read_array(Path(value), self.input_shape)
            else:
                raw = pipeline.check_array(value, self.input_shape, name)
            for place, scores in enumerate(self.scores(raw)):
                yield (f"{name}[{place}]" if len(raw) > 1 else name), scores

    def _decoded(self, content: bytes, name: str) -> np.ndarray:
        try:
            return self._encoded(image_bytes=tf.constant([content]))["scores"].numpy()[0]
        except UNDECODABLE as error:
            raise CnnzooError(f"{name} is damaged: it cannot be decoded") from error


class ServingGraph(tf.Module):
    """The signatures `serving_default` (raw images) and `serving_bytes` (encoded images)."""

    def __init__(self, model: keras.Model, card: dict[str, Any]) -> None:
        super().__init__()
        self.model = model
        names = tf.constant(card["class_names"])
        shape = tuple(card["input"]["shape"])
        light_on_dark = card["input"]["light_on_dark"]

        def answer(images: tf.Tensor) -> dict[str, tf.Tensor]:
            scores = model(images, training=False)
            class_id = tf.argmax(scores, axis=-1)
            return {"scores": scores, "class_id": class_id, "label": tf.gather(names, class_id)}

        def raw_image(content: tf.Tensor) -> tf.Tensor:
            return decode(content, shape, light_on_dark)

        def answer_encoded(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
            return answer(tf.map_fn(raw_image, image_bytes, fn_output_signature=tf.uint8))

        raw = tf.TensorSpec([None, *shape], tf.uint8, name="images")
        encoded = tf.TensorSpec([None], tf.string, name="image_bytes")
        self.serving_default = tf.function(answer, input_signature=[raw])
        self.serving_bytes = tf.function(answer_encoded, input_signature=[encoded])


def from_model(model: keras.Model, card: dict[str, Any]) -> Classifier:
    """Return the classifier of a Keras model from raw images to scores."""
    graph = ServingGraph(model, card)
    return Classifier(card, graph.serving_default, graph.serving_bytes, model)


def from_saved_model(folder: Path, card: dict[str, Any]) -> Classifier:
    """Return the classifier of an exported SavedModel.

    Raises:
        CnnzooError: TensorFlow cannot load the folder.
    """
    try:
        loaded = tf.saved_model.load(folder)
        default, encoded = (loaded.signatures[f"serving_{name}"] for name in ("default", "bytes"))
    except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
        raise CnnzooError(f"{folder} is damaged or no SavedModel of cnnzoo: {error}") from error
    default._cnnzoo_owner = loaded  # A signature alone does not keep its variables alive.
    return Classifier(card, default, encoded)
