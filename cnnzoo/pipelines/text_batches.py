"""Tokens to batches, in an order that can be recomputed, with texts of like length together."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.batches import as_written, example_order, shuffled, steps_per_epoch
from cnnzoo.pipelines.tokenizer import Tokenizer

_BATCHES = 1  # Stream of random numbers, apart from those of `example_order`.


def train_text_batches(
    tokens: tf.RaggedTensor,
    labels: np.ndarray,
    *,
    tokenizer: Tokenizer,
    batch_size: int,
    seed: int,
    chosen: np.ndarray | None = None,
    window: int = 1,
    balanced: bool = False,
    targets: np.ndarray | None = None,
    start_step: int = 0,
) -> tf.data.Dataset:
    """Return shuffled batches without end, epoch after epoch.

    An epoch has `len(chosen) // batch_size` batches; its last few examples are dropped, others each
    time. What a batch holds depends on (seed, epoch, step) only.

    Args:
        tokens: `tokenizer.ragged(texts)`, which stays in memory.
        labels: int64 `[texts]`.
        tokenizer: What made the tokens; it pads them.
        batch_size: Texts per batch.
        seed: Selects the order.
        chosen: Indices of the texts to use, int `[chosen]`; by default all.
        window: Batches whose texts are sorted by length together, so that a batch needs little
            padding; the batches are then shuffled. 1: none are sorted.
        balanced: Whether each class is drawn equally often; see `example_order`.
        targets: What to yield instead of the labels, `[texts, ...]`.
        start_step: First batch to yield, counted over all epochs.

    Returns:
        Pairs of tokens int32 `[batch_size, length]` and labels int64 `[batch_size]`.

    Raises:
        CnnzooError: There are fewer texts than `batch_size`, labels for other texts, or `window`
            is less than 1.
    """
    _check_labels(tokens, labels)
    if not isinstance(window, int) or window < 1:
        raise CnnzooError(f"window must be an integer of at least 1; got {window!r}")
    chosen = np.arange(len(labels)) if chosen is None else chosen
    count, places = len(chosen), tf.constant(chosen)
    steps = steps_per_epoch(count, batch_size)
    sizes = tf.gather(tokens.row_lengths(), places)
    order_of = example_order(labels[chosen], seed, balanced)

    @tf.autograph.experimental.do_not_convert
    def batches_of(epoch: tf.Tensor) -> tf.data.Dataset:
        order = order_of(epoch)[: steps * batch_size]
        if window > 1:
            place = tf.range(steps * batch_size, dtype=tf.int64) // (window * batch_size)
            by_length = place * (tf.reduce_max(sizes) + 1) + tf.gather(sizes, order)
            order = tf.gather(order, tf.argsort(by_length, stable=True))
        indices = tf.reshape(order, [steps, batch_size])
        if window > 1:
            indices = tf.gather(indices, shuffled(steps, (seed, _BATCHES), epoch))
        done = tf.where(epoch == start_step // steps, np.int64(start_step % steps), np.int64(0))
        return tf.data.Dataset.from_tensor_slices(tf.gather(places, indices)).skip(done)

    epochs = tf.data.Dataset.counter(start_step // steps)
    yielded = labels if targets is None else targets
    return _batches(epochs.flat_map(batches_of), tokens, yielded, tokenizer)


def eval_text_batches(
    tokens: tf.RaggedTensor,
    labels: np.ndarray,
    *,
    tokenizer: Tokenizer,
    batch_size: int,
    chosen: np.ndarray | None = None,
) -> tf.data.Dataset:
    """Return every text, or the `chosen` ones, once, in order; the last batch may be short.

    Raises:
        CnnzooError: There are labels for other texts.
    """
    _check_labels(tokens, labels)
    chosen = np.arange(len(labels)) if chosen is None else chosen
    indices = tf.data.Dataset.from_tensor_slices(chosen).batch(batch_size)
    return _batches(indices, tokens, labels, tokenizer)


def _batches(
    indices: tf.data.Dataset, tokens: tf.RaggedTensor, labels: np.ndarray, tokenizer: Tokenizer
) -> tf.data.Dataset:
    """Return padded tokens and labels of the texts that each of `indices` names."""
    labels = tf.constant(labels)

    @tf.autograph.experimental.do_not_convert
    def batch(indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        padded = tokenizer.pad(tf.gather(tokens, indices))
        return tf.ensure_shape(padded, [indices.shape[0], None]), tf.gather(labels, indices)

    return as_written(indices.map(batch, num_parallel_calls=2).prefetch(4))


def _check_labels(tokens: tf.RaggedTensor, labels: np.ndarray) -> None:
    if tokens.nrows() != len(labels):
        raise CnnzooError(f"labels must be {int(tokens.nrows())}, one per text; got {len(labels)}")
