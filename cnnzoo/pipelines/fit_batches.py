"""Batches of any data set for anybody's `model.fit` or training loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.datasets import DATASETS, Dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines import batches, images, sounds, text_batches
from cnnzoo.pipelines.augmentation import as_augmentation
from cnnzoo.pipelines.augmentation.policies import leading_crop
from cnnzoo.pipelines.custom_data.dataset import Data, find, kind_of
from cnnzoo.pipelines.splits import SPLITS, Split, select, training_data
from cnnzoo.pipelines.tokenizer import Tokenizer


def train_batches(
    data: Data,
    *,
    batch_size: int = 128,
    augmentation: str | keras.layers.Layer | None = None,
    seed: int = 0,
    validation: int | float = 0.1,
    input_shape: tuple[int, ...] = (),
    normalization: str = "standardized",
    tokenizer: Tokenizer | None = None,
) -> tf.data.Dataset:
    """Return shuffled, augmented batches without end, epoch after epoch.

        batches = cnnzoo.train_batches("cifar10", augmentation="pad_crop_flip")
        model = keras.Sequential([*batches.preprocessing, network])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(batches, steps_per_epoch=batches.steps_per_epoch, epochs=3)

    Order and augmentation are functions of (seed, epoch, example) alone.

    Args:
        data: A name of `list_datasets()`, a path as for `train`, or a data set.
        batch_size: Examples per batch.
        augmentation: Of images: a policy's name, or a layer of cnnzoo, of Keras or of your own.
        seed: Selects order and augmentation.
        validation: Held-out part of the training split: examples, or a share of it below 1. Data
            that have a validation split keep all of their training split.
        input_shape: Height, width and channels to which images at a path are brought.
        normalization: Of images and sounds, by the layers in `preprocessing`.
        tokenizer: Of texts; by default one that is fitted to the training texts.

    Returns:
        Pairs of raw images uint8 `[batch_size, height, width, channels]`, raw sounds int16
        `[batch_size, samples, 1]` or tokens int32 `[batch_size, length]`, and labels int64
        `[batch_size]`, or float32 `[batch_size, classes]` if the augmentation mixes them. The set
        has the attributes `steps_per_epoch`, `class_names`, and `preprocessing`, the layers from
        these inputs to what a network takes; those of texts are none, and `tokenizer` is theirs.

    Raises:
        CnnzooError: The data cannot be read, or an argument does not suit them.
    """
    dataset = _found(data, input_shape)
    layer = as_augmentation(augmentation)
    crop, _ = leading_crop(layer)
    examples, chosen, _ = training_data(dataset, Split(validation), encoded=crop is not None)
    steps = batches.steps_per_epoch(len(chosen), batch_size)
    how: dict[str, Any] = {"batch_size": batch_size, "seed": seed, "chosen": chosen}
    if dataset.kind == "texts":
        if layer is not None:
            raise CnnzooError(f"augmentation must be none for texts; got {augmentation!r}")
        tokenizer = _fitted(tokenizer, examples.inputs[chosen])
        tokens = tokenizer.ragged(examples.inputs)
        found = text_batches.train_text_batches(
            tokens, examples.labels, tokenizer=tokenizer, **how, window=8
        )
        return _named(found, dataset, steps, [], tokenizer)
    found = batches.train_batches(
        examples, **how, augmentation=layer, num_classes=len(dataset.class_names)
    )
    kind = images if dataset.kind == "images" else sounds
    layers = kind.preprocessing(dataset, examples.inputs, dataset.input_shape, normalization)
    return _named(found, dataset, steps, layers, None)


def eval_batches(
    data: Data,
    *,
    split: str = "test",
    batch_size: int = 500,
    validation: int | float = 0.1,
    input_shape: tuple[int, ...] = (),
    tokenizer: Tokenizer | None = None,
) -> tf.data.Dataset:
    """Return every example of a split once, in order; the last batch may be short.

    Args:
        data: As for `train_batches`.
        split: "test", "validation" or "train", or a slice of the data set's own split such as
            "train[:10%]".
        batch_size: Examples per batch.
        validation: As for `train_batches`.
        input_shape: As for `train_batches`.
        tokenizer: Of texts: that of the training batches.

    Returns:
        Pairs as those of `train_batches`, with labels int64 `[examples]`, and its attributes but
        for `preprocessing`.

    Raises:
        CnnzooError: The data cannot be read, or texts come without a tokenizer.
    """
    dataset = _found(data, input_shape)
    if split in SPLITS:
        examples = select(dataset, split, Split(validation))
    else:
        examples = dataset.examples(split)
    steps = -(-len(examples.labels) // batch_size)
    if dataset.kind != "texts":
        found = batches.eval_batches(examples, batch_size=batch_size)
        return _named(found, dataset, steps, [], None)
    if tokenizer is None:
        raise CnnzooError("tokenizer must be that of the training batches for texts; got None")
    found = text_batches.eval_text_batches(
        tokenizer.ragged(examples.inputs),
        examples.labels,
        tokenizer=tokenizer,
        batch_size=batch_size,
    )
    return _named(found, dataset, steps, [], tokenizer)


def _found(data: Data, input_shape: tuple[int, ...]) -> Dataset:
    at_path = isinstance(data, (str, Path)) and str(data) not in DATASETS
    if at_path and not input_shape and kind_of(data) == "images":
        raise CnnzooError(f"input_shape must be given for images at a path; got none for {data}")
    return find(data, tuple(input_shape))


def _fitted(tokenizer: Tokenizer | None, texts: np.ndarray) -> Tokenizer:
    if tokenizer is not None:
        return tokenizer
    return Tokenizer.fit(
        texts,
        cleaning="unicode",
        max_tokens=20_000,
        length=256,
        name="tokens",
    )


def _named(
    found: tf.data.Dataset,
    dataset: Dataset,
    steps: int,
    layers: list[keras.layers.Layer],
    tokenizer: Tokenizer | None,
) -> tf.data.Dataset:
    found.steps_per_epoch = steps
    found.class_names = list(dataset.class_names)
    found.preprocessing = layers
    found.tokenizer = tokenizer
    return found
