"""What each word of a text adds to the logit of a class, or takes from it.

Sources: gradient times input: Shrikumar, Greenside and Kundaje 2017,
https://arxiv.org/abs/1704.02685, section 2.1; integrated gradients, with zeros as the baseline of
word vectors: Sundararajan, Taly and Yan 2017, https://arxiv.org/abs/1703.01365, section 3;
occlusion: Zeiler and Fergus 2013, https://arxiv.org/abs/1311.2901, section 4.2.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo import registry
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import arguments
from cnnzoo.inspection import tokens as texts
from cnnzoo.inspection.passes import batched, run_to_logits

STEPS = 64  # Points of the path that gradients are integrated over.

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
        model: A network over tokens.
        tokens: Integers `[texts, length]`; 0 is padding.
        class_id: A class for all texts, or one each; by default the top one of each.
        method: "gradient": the gradient by the word's vector times the vector;
            "integrated_gradients": the same averaged along the path from vectors of zeros, so that
            the sum is what separates the logit from that of such a text; "occlusion": what the
            logit loses when padding takes the word's place.

    Raises:
        CnnzooError: The model is not over texts or has no such class, the tokens are none of its
            own, or the method is unknown.
    """
    if method not in METHODS:
        raise CnnzooError(registry.unknown("method", method, METHODS))
    given = texts.checked(model, tokens)
    chosen = _logits(model, given).argmax(axis=-1) if class_id is None else class_id
    return METHODS[method](model, given, arguments.classes(model, chosen, len(given)))


def _gradient(model: keras.Model, tokens: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return _products(model, tokens, classes, np.ones(1, "float32"))


def _integrated(model: keras.Model, tokens: np.ndarray, classes: np.ndarray) -> np.ndarray:
    middles = (np.arange(STEPS, dtype="float32") + 0.5) / STEPS
    return _products(model, tokens, classes, middles)


def _occlusion(model: keras.Model, tokens: np.ndarray, classes: np.ndarray) -> np.ndarray:
    rows, places = np.nonzero(tokens != texts.PADDING)
    without = tokens[rows]
    without[np.arange(len(rows)), places] = texts.PADDING
    logits = _logits(model, np.concatenate([tokens, without]))
    found = np.zeros(tokens.shape, "float32")
    found[rows, places] = logits[rows, classes[rows]]
    found[rows, places] -= logits[len(tokens) + np.arange(len(rows)), classes[rows]]
    return found


METHODS: dict[str, Method] = {
    "gradient": _gradient,
    "integrated_gradients": _integrated,
    "occlusion": _occlusion,
}


def _logits(model: keras.Model, tokens: np.ndarray) -> np.ndarray:
    return batched(lambda batch: run_to_logits(model, batch).output)(tokens)


def _products(
    model: keras.Model, tokens: np.ndarray, classes: np.ndarray, scales: np.ndarray
) -> np.ndarray:
    """Return gradients times word vectors, the gradients averaged over scaled vectors."""

    def products(batch: tf.Tensor, of_class: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
        # The gradient by a vector's factor is the gradient by the vector, times the vector.
        with tf.GradientTape() as tape, contextlib.ExitStack() as stack:
            tape.watch(factors)
            for layer in texts.embeddings(model):
                stack.enter_context(_multiplied(layer, factors[..., None]))
            logits = run_to_logits(model, batch).output
            total = tf.reduce_sum(tf.gather(logits, of_class, batch_dims=1))
        return tape.gradient(total, factors)

    copies = [np.repeat(each, len(scales), axis=0) for each in (tokens, classes)]
    factors = np.tile(scales, len(tokens))[:, None] * np.ones(tokens.shape[1], "float32")
    found = batched(products)(*copies, factors)
    return found.reshape(len(tokens), len(scales), -1).mean(axis=1)


@contextlib.contextmanager
def _multiplied(layer: Any, factors: tf.Tensor) -> Iterator[None]:
    """Let `layer` give its vectors times `factors`."""
    stock = layer.call

    def call(*args: Any, **kwargs: Any) -> tf.Tensor:
        vectors = stock(*args, **kwargs)
        return vectors * tf.cast(factors, vectors.dtype)

    layer.call = call
    try:
        yield
    finally:
        del layer.call  # The class's comes into view again.
