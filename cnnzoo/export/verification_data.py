"""Test vectors: examples on which an export must give the scores of its artifact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from cnnzoo.datasets import Dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.export.classifier import Classifier
from cnnzoo.export.litert import tokenizer_of
from cnnzoo.export.scoring import of_training
from cnnzoo.pipelines.card_data import dataset_of
from cnnzoo.pipelines.input_types import RawImages, RawSounds, RawTexts
from cnnzoo.pipelines.splits import Split, select

COMPARED = 200  # Examples, where scores are compared.
SCORED = 10_000  # Examples at most, where accuracy is.
CALIBRATED = 200  # Training examples.

_ENCODED = 5  # Examples that are encoded in several ways.


class TestVectors(NamedTuple):
    """Raw examples and what Keras gives them: columns of scores, and of `known` if there is one."""

    examples: str  # "test": of the test set; "generated": at random, where that is not here.
    inputs: np.ndarray  # Raw batch.
    labels: np.ndarray | None  # int64 `[examples]`; None of generated ones.
    outputs: np.ndarray  # float32 `[examples, classes]`, or with one column more.
    encoded: np.ndarray  # Encoded images or sounds of several sizes and kinds, bytes; or empty.
    encoded_outputs: np.ndarray
    classes: int


def collect_vectors(classifier: Classifier, dataset: Dataset | None, limit: int) -> TestVectors:
    """Return the first `limit` test examples, or generated ones, with the artifact's scores.

    Keras computes the scores, whatever runtime `classifier` uses by default.
    """
    if dataset is None:
        name, inputs, labels = "generated", _generated(classifier, COMPARED), None
    else:
        name = "test"
        inputs, labels = select(dataset, "test", Split.of(classifier.card, dataset))
        inputs, labels = classifier.raw.check(inputs[:limit]), labels[:limit]
    keras = of_training(classifier.model, classifier.card)
    encoded = np.array([*_encoded(classifier.raw, inputs[:_ENCODED])], object)
    decoded = [raw for _, raw in keras.load_inputs(list(encoded))]
    outputs, of_encoded = _columns(keras, inputs), _columns(keras, decoded)
    classes = len(classifier.class_names)
    return TestVectors(name, inputs, labels, outputs, encoded, of_encoded, classes)


def generated(classifier: Classifier, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a raw batch of generated examples, and what Keras gives them as in `TestVectors`."""
    inputs = _generated(classifier, count)
    return inputs, _columns(of_training(classifier.model, classifier.card), inputs)


def _columns(classifier: Classifier, inputs: Any) -> np.ndarray:
    return np.column_stack(classifier.outputs(np.asarray(inputs))) if len(inputs) else np.zeros(0)


def training_examples(classifier: Classifier, dataset: Dataset | None, format: str) -> np.ndarray:
    """Return a raw batch of training examples for a `format`, evenly spread.

    Raises:
        CnnzooError: They are not on this machine.
    """
    if dataset is None:
        raise CnnzooError(
            f"dataset must be on this machine for format {format}, which is fitted to real "
            f"examples; got {classifier.card['dataset']}, which is not"
        )
    inputs = select(dataset, "train", Split.of(classifier.card, dataset)).inputs
    places = np.linspace(0, len(inputs) - 1, min(CALIBRATED, len(inputs))).astype(int)
    return classifier.raw.check(inputs[places])


def data_of(classifier: Classifier, data: Dataset | str | Path | None) -> Dataset | None:
    """Return `data`, or the data set of the card, or None where that is not on this machine.

    Raises:
        CnnzooError: There is no such `data`, or it has other classes.
    """
    try:
        found = dataset_of(classifier.card, classifier.input_shape, data, of_run=classifier.of_run)
    except CnnzooError:
        if data is not None:
            raise
        return None
    return found if found.is_here or data is not None else None


def _generated(classifier: Classifier, count: int) -> np.ndarray:
    """Return a raw batch of noise, or of texts of the vocabulary's words in random order."""
    draw = np.random.default_rng(0)
    raw = classifier.raw
    if not isinstance(raw, RawTexts):
        numbers = np.iinfo(raw.spec.dtype.as_numpy_dtype)
        shape = (count, *raw.shape)
        return draw.integers(numbers.min, numbers.max, shape, numbers.dtype, endpoint=True)
    tokenizer = tokenizer_of(classifier.model)
    assert tokenizer is not None  # Texts always meet one first.
    words = [*tokenizer.vocabulary, b"?"]
    between = b" " if tokenizer.level == "word" else b""
    longest = 2 * (tokenizer.length or max(tokenizer.shortest, 50))
    sizes = draw.integers(longest, size=count)
    chosen = [draw.integers(len(words), size=size) for size in sizes]
    return raw.check([between.join(words[place] for place in places) for places in chosen])


def _encoded(raw: Any, inputs: np.ndarray) -> Iterator[bytes]:
    for one in inputs:
        if isinstance(raw, RawImages):
            yield from _images(raw, one)
        elif isinstance(raw, RawSounds):
            for sound in (one, one[: len(one) // 2], np.concatenate([one, one])):
                yield raw.encode(sound)[1]


def _images(raw: RawImages, image: np.ndarray) -> Iterator[bytes]:
    """Yield PNG and JPEG images: as they are, and larger; gray and colored; some transparent."""
    yield raw.encode(image)[1]
    height, width, channels = image.shape
    larger = tf.cast(tf.image.resize(image, [2 * height + 1, 3 * width]), tf.uint8)
    alpha = tf.random.stateless_uniform([*larger.shape[:2], 1], (0, 0), 0, 256, tf.int32)
    for kind in (larger[..., :1], tf.tile(larger, [1, 1, 3 // channels])):
        yield tf.io.encode_png(kind).numpy()
        yield tf.io.encode_png(tf.concat([kind, tf.cast(alpha, tf.uint8)], axis=2)).numpy()
        yield tf.io.encode_jpeg(kind).numpy()
