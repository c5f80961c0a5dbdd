"""A trained network that predicts from raw input, whether loaded by Keras or from a SavedModel."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cnnzoo import layers
from cnnzoo.config.recipe import VIEWS
from cnnzoo.errors import CnnzooError
from cnnzoo.export.runtime import Light
from cnnzoo.export.streaming import predictions
from cnnzoo.guard.documents import is_plain_name
from cnnzoo.lazy import keras
from cnnzoo.pipelines.input_types import RawTexts, raw_input

_BATCH = 500  # Examples, or views of them, that go through the network at once.
_BYTES = 2**17  # Of the texts of a batch, each as long as the longest, or a single text.

Scores = Callable[[np.ndarray], np.ndarray]  # Of a raw batch.


class Classifier:
    """Predicts from raw input; Keras is needed only to look inside.

    Args:
        card: The model card.
        scores: Of a raw batch.
        open_model: Returns the Keras model from raw input to scores; none for one that came from a
            SavedModel.
    """

    of_run = False  # Whether it lies in the folder of its run, whose card may name data by a path.

    def __init__(
        self,
        card: dict[str, Any],
        scores: Scores,
        open_model: Callable[[], keras.Model] | None = None,
    ) -> None:
        self.card = card
        self.class_names: list[str] = card["class_names"]
        self.raw = raw_input(card["input"])
        self._scores, self._open_model = scores, open_model

    def renamed(self, name: str) -> Classifier:
        """Return the same classifier with another name on its card.

        Raises:
            CnnzooError: It is no plain name of a folder.
        """
        if not is_plain_name(name):
            raise CnnzooError(f"name must be a plain name of a folder; got {name!r}")
        found = Classifier({**self.card, "name": name}, self._scores, self._open_model)
        found.of_run = self.of_run
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: the Keras model is opened again where it is needed.

        Raises:
            CnnzooError: It is scored by TensorFlow, whose graphs cannot be pickled.
        """
        if not isinstance(self._scores, Light):
            raise CnnzooError(
                f"a trained network can be pickled where LiteRT holds it; {self.card['name']} is "
                "to be loaded in each process"
            )
        return {name: value for name, value in vars(self).items() if name != "model"}

    @property
    def parts(self) -> Mapping[str, bytes]:
        """What an artifact holds to be scored without Keras, by name; nothing where that cannot."""
        return getattr(self._scores, "parts", {})

    @functools.cached_property
    def model(self) -> keras.Model | None:
        """The Keras model from raw input to scores; None for one that came from a SavedModel."""
        return None if self._open_model is None else self._open_model()

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.input_shape))
        what = f"{self.raw.name} of {shape}" if shape else self.raw.name
        return f"<Classifier {self.card['name']}: {what}, {len(self.class_names)} classes>"

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
        scores = np.empty((len(raw), len(self.class_names)), np.float32)
        if isinstance(self.raw, RawTexts):
            for places in _by_length(raw):
                scores[places] = self._scores(raw[places])
            return scores
        size = _BATCH // VIEWS.get(self.card.get("recipe", {}).get("views"), 1)
        for start in range(0, len(raw), size):
            scores[start : start + size] = self._scores(raw[start : start + size])
        return scores

    def predict(self, inputs: Any) -> list[dict[str, Any]]:
        """Return per example its `input`, `label`, `class_id` and `scores` (one per class).

        Args:
            inputs: A list, or a single one, of texts, or each the `Path` of a text file; or paths
                of image (PNG, JPEG), sound (WAV) or `.npy` files, encoded images or sounds as
                bytes, or arrays (see `scores`).

        Raises:
            CnnzooError: An input is none of these, or damaged.
        """
        return self.answers(self.load_inputs(inputs))

    def predict_stream(
        self, inputs: Iterable[Any], batch_size: int = 256
    ) -> Iterator[dict[str, Any]]:
        """Yield what `predict` returns, one by one in order, for any number of inputs.

        An input that cannot be read gives `input` and `error`, and those after it are predicted.

        Args:
            inputs: Texts, paths, bytes or arrays, as `predict` takes them in a list; read as they
                are needed.
            batch_size: Inputs that go through the network at once, or fewer where they are large.

        Raises:
            CnnzooError: `batch_size` is not a positive integer.
        """
        return predictions(self, inputs, batch_size)

    def answers(self, named: Sequence[tuple[str, Any]]) -> list[dict[str, Any]]:
        """Return what `predict` returns, for named raw examples such as `load_inputs` returns."""
        if not named:
            return []
        examples = [raw for _, raw in named]
        scores = self.scores(examples if isinstance(self.raw, RawTexts) else np.stack(examples))
        return [
            {
                "input": name,
                "label": self.class_names[class_id],
                "class_id": class_id,
                "scores": row,
            }
            for (name, _), class_id, row in zip(
                named, scores.argmax(axis=-1).tolist(), scores.tolist(), strict=True
            )
        ]

    def load_inputs(self, inputs: Any, name: str = "") -> list[tuple[str, Any]]:
        """Return what to call each example of `inputs`, and the raw example.

        Args:
            inputs: As for `predict`.
            name: What to call an input without a path; by default "inputs" and its index.

        Raises:
            CnnzooError: As for `predict`.
        """
        listed = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        return [
            one
            for place, value in enumerate(listed)
            for one in self._raw(value, name or f"inputs[{place}]")
        ]

    @property
    def network(self) -> keras.Model:
        """The network, from what `prepare` returns to logits.

        Raises:
            CnnzooError: The classifier came from a SavedModel, which holds no Keras layers.
        """
        return self._layers()[-2]

    def prepare(self, inputs: Any) -> np.ndarray:
        """Return what the network takes: normalized images or sounds, or tokens `[texts, length]`.

        Images are as they were given, whatever views of them are averaged for an answer.

        Args:
            inputs: As for `scores`.

        Raises:
            CnnzooError: As for `scores` and `network`.
        """
        values = self.raw.check(inputs)
        for layer in self._layers()[:-2]:
            values = values if isinstance(layer, layers.Views) else layer(values)
        return np.asarray(values)

    def words(self, tokens: np.ndarray) -> list[list[str]]:
        """Return the word or character of each of `tokens`, int `[texts, length]`.

        That of padding is empty.

        Raises:
            CnnzooError: The network does not take texts, or as for `network`.
        """
        from cnnzoo.export.litert import tokenizer_of

        tokenizer = None if self.model is None else tokenizer_of(self.model)
        if tokenizer is None:
            raise CnnzooError(f"trained network must take texts; got one over {self.raw.name}")
        names = [name.decode("utf-8", "replace") for name in tokenizer.names]
        return [[names[token] for token in row] for row in tokens]

    def _layers(self) -> list[Any]:
        """Return preprocessing, network and softmax."""
        if self.model is None:
            raise CnnzooError(
                "trained network must be a run folder, an artifact or a shipped name to look "
                "inside; got a SavedModel, which holds no Keras layers"
            )
        return self.model.layers[1:]

    def _raw(self, value: Any, name: str) -> Iterator[tuple[str, Any]]:
        """Yield each raw example of `value`, and what to call it."""
        name, content = self.raw.load_inputs(value, name)
        if isinstance(content, bytes):
            assert not isinstance(self.raw, RawTexts)  # These are never encoded.
            yield name, self.raw.load(content, name)
            return
        for place, raw in enumerate(content):
            yield (f"{name}[{place}]" if len(content) > 1 else name), raw


def _by_length(texts: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the places of texts of like length, as many as go through a network at once."""
    sizes = np.array([len(text) + 1 for text in texts])
    order = np.argsort(sizes, kind="stable")
    begin = 0
    while begin < len(order):
        bytes_of = np.arange(1, _BATCH + 1)[: len(order) - begin] * sizes[order[begin:]][:_BATCH]
        count = max(int(np.searchsorted(bytes_of, _BYTES, side="right")), 1)
        yield order[begin : begin + count]
        begin += count
