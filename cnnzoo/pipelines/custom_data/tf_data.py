"""Your tf.data sets as a data set like those of the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from cnnzoo.datasets import Dataset, Examples
from cnnzoo.datasets.prepared import utf8
from cnnzoo.errors import CnnzooError

_KINDS = {  # Rank of one input -> its type.
    0: (tf.string, "texts, scalar strings"),
    2: (tf.int16, "sounds, int16 [samples, 1]"),
    3: (tf.uint8, "images, uint8 [height, width, channels]"),
}


def from_tf_data(
    train: tf.data.Dataset,
    test: tf.data.Dataset,
    *,
    name: str,
    class_names: Sequence[str] | None = None,
    sample_rate: int = 0,
) -> Dataset:
    """Return the data set of two finite tf.data sets of (input, label), for `cnnzoo.train`.

    Both are read once, into memory: order, augmentation and resumption then are those of every
    other data set. Batched sets are taken apart. What needs the set later, such as
    `cnnzoo.evaluate`, takes it as `data=`.

    Args:
        train: Pairs of an integer label with an image before it, uint8 `[height, width, channels]`,
            a sound, int16 `[samples, 1]`, or a text, string.
        test: The same, to be scored once.
        name: One that no data set of the catalog has.
        class_names: In the order of the labels; by default their numbers.
        sample_rate: Of sounds, in Hz.

    Raises:
        CnnzooError: They are infinite, hold something else, or do not fit each other.
    """
    splits = {"train": _examples(train, "train"), "test": _examples(test, "test")}
    most = max(int(labels.max(initial=0)) for _, labels in splits.values())
    shape = splits["train"].inputs.shape[1:]
    if splits["test"].inputs.shape[1:] != shape:
        raise CnnzooError(
            f"test must hold inputs of shape {list(shape)}, as train does; "
            f"got {list(splits['test'].inputs.shape[1:])}"
        )
    if len(shape) == 2 and sample_rate < 1:
        raise CnnzooError(f"sample_rate must be at least 1 for sounds; got {sample_rate}")
    return Dataset(
        name=name,
        class_names=tuple(class_names or map(str, range(most + 1))),
        sizes={split: len(labels) for split, (_, labels) in splits.items()},
        source="tf.data",
        citation="",
        license="",
        read=splits.__getitem__,
        input_shape=shape,
        sample_rate=sample_rate,
    )


def _examples(batches: tf.data.Dataset, name: str) -> Examples:
    """Return what `batches` holds.

    Raises:
        CnnzooError: It is infinite, empty, or holds something else than inputs and labels.
    """
    spec = getattr(batches, "element_spec", None)
    if not isinstance(spec, tuple) or len(spec) != 2:
        raise CnnzooError(f"{name} must be a tf.data set of pairs (input, label); got {spec}")
    if batches.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise CnnzooError(f"{name} must be finite; got a tf.data set without end")
    if spec[1].shape.rank == 1:
        batches, spec = batches.unbatch(), tuple(_without_batch(one) for one in spec)
    inputs, labels = spec
    kind, _ = _KINDS.get(inputs.shape.rank, (None, ""))
    if inputs.dtype != kind or None in inputs.shape:
        known = "; ".join(about for _, about in _KINDS.values())
        raise CnnzooError(
            f"{name} must hold inputs of one of these kinds: {known}; "
            f"got {inputs.dtype.name} {inputs.shape}"
        )
    if not labels.dtype.is_integer or labels.shape.rank != 0:
        raise CnnzooError(
            f"{name} must hold integer labels; got {labels.dtype.name} {labels.shape}"
        )
    pairs = list(batches.as_numpy_iterator())
    if not pairs:
        raise CnnzooError(f"{name} must hold examples; got none")
    column: list[Any] = [one for one, _ in pairs]
    if kind == tf.string:
        column = [utf8(one, f"{name}, text {place},") for place, one in enumerate(column)]
        values = np.array([*column, ""], object)[:-1]
    else:
        values = np.stack(column)
    return Examples(values, np.fromiter((label for _, label in pairs), np.int64, len(pairs)))


def _without_batch(spec: tf.TensorSpec) -> tf.TensorSpec:
    return tf.TensorSpec(spec.shape[1:], spec.dtype)
