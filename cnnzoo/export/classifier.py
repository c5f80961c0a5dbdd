"""A trained network that predicts from raw input, whether loaded by Keras or from a SavedModel."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cnnzoo.config.recipe import VIEWS
from cnnzoo.errors import CnnzooError
from cnnzoo.export.runtime import Light, Outputs
from cnnzoo.export.streaming import predictions
from cnnzoo.guard.documents import is_plain_name
from cnnzoo.lazy import keras
from cnnzoo.pipelines.input_types import RawTexts, raw_input
from cnnzoo.progress import tracked

_BATCH = 500  # Examples, or views of them, that go through the network at once.
_BYTES = 2**17  # Of the texts of a batch, each as long as the longest, or a single text.

OUTPUTS = ("scores", "known")  # Names and order; `known` only of a network that has it.

Scores = Callable[[np.ndarray], Outputs]  # Of a raw batch.


class Classifier:
    """Predicts from raw input; Keras is needed only to look inside.

    Args:
        card: The model card.
        scores: What a raw batch gives, as OUTPUTS.
        open_model: Returns the Keras model from raw input to OUTPUTS; none for one that came from a
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
        return {
            name: value for name, value in vars(self).items() if name not in ("model", "_parts")
        }

    @property
    def parts(self) -> Mapping[str, bytes]:
        """What an artifact holds to be scored without Keras, by name; nothing where that cannot."""
        return getattr(self._scores, "parts", {})

    @functools.cached_property
    def model(self) -> keras.Model | None:
        """The Keras model from raw input to OUTPUTS; None for one that came from a SavedModel."""
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
        return self.outputs(inputs)[0]

    def outputs(self, inputs: Any) -> Outputs:
        """Return the scores and, of a network that has it, `known`, float32 `[examples]`.

        That is from 0 to 1: how familiar an example is to the network, whatever its class.

        Args:
            inputs: As for `scores`.

        Raises:
            CnnzooError: As for `scores`.
        """
        raw = self.raw.check(inputs)
        found: Outputs = ()
        batches = list(self._batches(raw))
        for places in tracked(batches, batches.__len__, "scoring", "batches"):
            outputs = self._scores(raw[places])
            found = found or tuple(_for_all(len(raw), one) for one in outputs)
            for whole, part in zip(found, outputs, strict=True):
                whole[places] = part
        return found or (np.empty((0, len(self.class_names)), np.float32),)

    def _batches(self, raw: np.ndarray) -> Iterator[Any]:
        """Yield the places of as many examples as go through the network at once."""
        if isinstance(self.raw, RawTexts):
            yield from _by_length(raw)
            return
        size = _BATCH // VIEWS.get(self.card.get("recipe", {}).get("views"), 1)
        yield from (slice(start, start + size) for start in range(0, len(raw), size))

    @property
    def threshold(self) -> float | None:
        """Of `known`, below which an example is unknown; None of a network that cannot tell."""
        return self.card["unknown"]["threshold"] if "unknown" in self.card else None

    def predict(self, inputs: Any, threshold: float | None = None) -> list[dict[str, Any]]:
        """Return per example its `input`, `label`, `class_id` and `scores` (one per class).

        Of a network that can tell, also `known`, from 0 to 1; below the threshold the label is
        "unknown", while `class_id` still is the class of the highest score.

        Args:
            inputs: A list, or a single one, of texts, or each the `Path` of a text file; or paths
                of image (PNG, JPEG), sound (WAV) or `.npy` files, encoded images or sounds as
                bytes, or arrays (see `scores`).
            threshold: Of `known`, instead of the card's; 0: none is unknown.

        Raises:
            CnnzooError: An input is none of these, or damaged, or the network cannot tell what is
                unknown.
        """
        return self.answers(self.load_inputs(inputs), threshold)

    def predict_stream(
        self, inputs: Iterable[Any], batch_size: int = 256, threshold: float | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield what `predict` returns, one by one in order, for any number of inputs.

        An input that cannot be read gives `input` and `error`, and those after it are predicted.

        Args:
            inputs: Texts, paths, bytes or arrays, as `predict` takes them in a list; read as they
                are needed.
            batch_size: Inputs that go through the network at once, or fewer where they are large.
            threshold: As for `predict`.

        Raises:
            CnnzooError: `batch_size` is not a positive integer, or `threshold` as for `predict`.
        """
        return predictions(self, inputs, batch_size, threshold)

    def answers(
        self, named: Sequence[tuple[str, Any]], threshold: float | None = None
    ) -> list[dict[str, Any]]:
        """Return what `predict` returns, for named raw examples such as `load_inputs` returns."""
        self.check_threshold(threshold)
        if not named:
            return []
        examples = [raw for _, raw in named]
        scores, *known = self.outputs(
            examples if isinstance(self.raw, RawTexts) else np.stack(examples)
        )
        answers = [
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
        if known:
            least = self.threshold if threshold is None else threshold
            for answer, one in zip(answers, known[0].tolist(), strict=True):
                answer["known"] = one
                if one < least:
                    answer["label"] = self.card["unknown"]["label"]
        return answers

    def check_threshold(self, threshold: float | None) -> None:
        """Check a threshold of `known` that was given.

        Raises:
            CnnzooError: It is not from 0 to 1, or the network cannot tell what is unknown.
        """
        if threshold is None:
            return
        number = isinstance(threshold, (int, float)) and not isinstance(threshold, bool)
        if not number or not 0 <= threshold <= 1:
            raise CnnzooError(f"threshold must be from 0 to 1; got {threshold!r}")
        if self.threshold is None and threshold > 0:
            raise CnnzooError(
                f"threshold must be none or 0 for {self.card['name']}, which cannot tell what is "
                f"unknown; got {threshold!r}"
            )

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
        return self._parts.network

    def prepare(self, inputs: Any) -> np.ndarray:
        """Return what the network takes: normalized images or sounds, or tokens `[texts, length]`.

        Images are as they were given, whatever views of them are averaged for an answer.

        Args:
            inputs: As for `scores`.

        Raises:
            CnnzooError: As for `scores` and `network`.
        """
        values = self.raw.check(inputs)
        for layer in self._parts.preprocessing:
            values = layer(values)
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

    @functools.cached_property
    def _parts(self) -> Any:
        """What the Keras model is made of."""
        if self.model is None:
            raise CnnzooError(
                "trained network must be a run folder, an artifact or a shipped name to look "
                "inside; got a SavedModel, which holds no Keras layers"
            )
        from cnnzoo.export.assembly import parts_of

        return parts_of(self.model)

    def _raw(self, value: Any, name: str) -> Iterator[tuple[str, Any]]:
        """Yield each raw example of `value`, and what to call it."""
        name, content = self.raw.load_inputs(value, name)
        if isinstance(content, bytes):
            assert not isinstance(self.raw, RawTexts)  # These are never encoded.
            yield name, self.raw.load(content, name)
            return
        for place, raw in enumerate(content):
            yield (f"{name}[{place}]" if len(content) > 1 else name), raw


def _for_all(count: int, part: np.ndarray) -> np.ndarray:
    """Return room for `count` rows such as `part` has."""
    return np.empty((count, *part.shape[1:]), part.dtype)


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
