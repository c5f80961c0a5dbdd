"""What each word of a text adds to the logit of a class.

Sources: gradient times input: Shrikumar, Greenside and Kundaje 2017,
https://arxiv.org/abs/1704.02685, section 2.1; integrated gradients, with zeros as the baseline of
word vectors: Sundararajan, Taly and Yan 2017, https://arxiv.org/abs/1703.01365, section 3;
occlusion: Zeiler and Fergus 2013, https://arxiv.org/abs/1311.2901, section 4.2.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo import registry
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import checks
from cnnzoo.inspection.activations import (
    Slope,
    batched,
    chosen_classes,
    passing_on,
    run_to_logits,
    slope,
)
from cnnzoo.inspection.graph import embeddings

_STEPS = (64, 256, 1024)  # Points of the path; more where fewer do not add up well enough.
_TOLERANCE = 0.01  # Of the change of the logit, or of a hundredth where that is smaller.

# From a network, tokens `[texts, length]` and a class each to attributions of the same shape.
Method = Callable[[keras.Model, np.ndarray, np.ndarray], np.ndarray]


def word_attributions(
    model: keras.Model,
    tokens: Any,
    class_id: int | Sequence[int] | None = None,
    method: str = "integrated_gradients",
) -> np.ndarray:
    """Return what each token adds to its text's logit of a class, float32 `[texts, length]`.

    Padding adds nothing where the network masks it.

    Args:
        model: A text model, over tokens.
        tokens: Integers `[texts, length]`; 0 is padding.
        class_id: A class for all texts, or one each; by default the top one of each.
        method: "gradient": the gradient by the word's vector times the vector;
            "integrated_gradients": the same averaged along the path from vectors of zeros, so that
            the sum is what separates the logit from that of such a text; "occlusion": what the
            logit loses when padding takes the word's place.

    Raises:
        CnnzooError: The model is not over texts or has no such class, the tokens are not in its
            vocabulary, or the method is unknown.
    """
    if method not in METHODS:
        raise CnnzooError(registry.unknown("method", method, METHODS))
    given = checks.tokens(model, tokens)
    return METHODS[method](model, given, chosen_classes(model, given, class_id))


def _gradient(model: keras.Model, tokens: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return _products(model, tokens, classes, np.ones(1, "float32"))


def integrated(
    model: keras.Model, tokens: np.ndarray, classes: np.ndarray, numbers: Sequence[int] = _STEPS
) -> np.ndarray:
    """Return integrated gradients; a text whose parts do not add up gets the next of `numbers`."""
    ones = np.ones(len(tokens), "float32")
    change = _logits(model, tokens, classes, ones) - _logits(model, tokens, classes, 0 * ones)
    found, left = np.zeros(tokens.shape, "float32"), np.arange(len(tokens))
    for steps in numbers:
        middles = (np.arange(steps, dtype="float32") + 0.5) / steps
        found[left] = _products(model, tokens[left], classes[left], middles)
        error = np.abs(found[left].sum(axis=1) - change[left])
        left = left[error > _TOLERANCE * np.maximum(np.abs(change[left]), 0.01)]
        if not len(left):
            break
    return found


def _occlusion(model: keras.Model, tokens: np.ndarray, classes: np.ndarray) -> np.ndarray:
    rows, places = np.nonzero(tokens != checks.PADDING)
    without = tokens[rows]
    without[np.arange(len(rows)), places] = checks.PADDING
    ones = np.ones(len(tokens) + len(rows), "float32")
    both = np.concatenate([tokens, without]), np.concatenate([classes, classes[rows]])
    logits = _logits(model, *both, ones)
    found = np.zeros(tokens.shape, "float32")
    found[rows, places] = logits[rows] - logits[len(tokens) :]
    return found


METHODS: dict[str, Method] = {
    "gradient": _gradient,
    "integrated_gradients": integrated,
    "occlusion": _occlusion,
}


def _logits(
    model: keras.Model, tokens: np.ndarray, classes: np.ndarray, scales: np.ndarray
) -> np.ndarray:
    """Return the logit of each text's class, `[texts]`, with its word vectors times a scale."""

    def logits(batch: tf.Tensor, of_class: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
        with _scaled(model, scale):
            found = run_to_logits(model, batch).output
        return tf.gather(found, of_class, batch_dims=1)

    return batched(logits)(tokens, classes, scales)


def _products(
    model: keras.Model, tokens: np.ndarray, classes: np.ndarray, scales: np.ndarray
) -> np.ndarray:
    """Return gradients times word vectors, the gradients averaged over scaled vectors."""

    def products(batch: tf.Tensor, of_class: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
        with _scaled(model, scale):
            found = gradient_times_values(slope(model, batch, of_class, embeddings(model)))
        return found / scale[:, None]  # Times the vectors as they were.

    copies = (np.repeat(each, len(scales), axis=0) for each in (tokens, classes))
    found = batched(products)(*copies, np.tile(scales, len(tokens)))
    return found.reshape(len(tokens), len(scales), -1).mean(axis=1)


def _scaled(model: keras.Model, scale: tf.Tensor) -> contextlib.ExitStack:
    """Return a context in which the word vectors of each text of a batch are times its `scale`."""

    def scaled(vectors: tf.Tensor) -> tf.Tensor:
        return vectors * tf.cast(scale[:, None, None], vectors.dtype)

    stack = contextlib.ExitStack()
    for layer in embeddings(model):
        stack.enter_context(passing_on(layer, scaled))
    return stack


def gradient_times_values(found: Slope) -> tf.Tensor:
    """Return gradients times values, summed over channels and over layers."""
    pairs = zip(found.values, found.gradients, strict=True)
    return tf.add_n([tf.reduce_sum(value * gradient, axis=-1) for value, gradient in pairs])
