"""Your tf.data sets as a data set like those of the catalog."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from cnnzoo.datasets import Dataset
from cnnzoo.datasets.prepared import utf8
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.arrays import raw_images
from cnnzoo.pipelines.custom_data.dataset import assemble
from cnnzoo.pipelines.custom_data.examples import (
    MAX_EXAMPLES,
    Found,
    class_names_of,
    classes_of,
)

_BATCH = 256
_INPUTS, _LABELS = ("image", "text", "sentence", "audio"), ("label", "labels")  # Keys.
_KINDS = (
    "images, numbers [height, width, channels]; sounds, int16 [samples, 1]; texts, scalar strings"
)


def from_tf_data(
    train: tf.data.Dataset,
    test: tf.data.Dataset | None = None,
    *,
    name: str,
    validation: tf.data.Dataset | None = None,
    class_names: Sequence[str] | None = None,
    sample_rate: int = 0,
) -> Dataset:
    """Return the data set of finite tf.data sets of inputs and labels, for `cnnzoo.train`.

    All are read once, into memory: order, augmentation and resumption then are those of every
    other data set. Batched sets are taken apart. What needs the set later, such as
    `cnnzoo.evaluate`, takes it as `data=`.

    Args:
        train: Pairs (input, label), or dictionaries with "label" and "image" or "text". Inputs are
            images, `[height, width, channels]`, uint8 or other numbers from 0 to 255 or floats from
            0 to 1, sounds, int16 `[samples, 1]`, or texts, strings. Labels are whole numbers,
            booleans, strings or one-hot rows.
        test: The same, to be scored once; by default a fifth of each class of `train`.
        name: One that no data set of the catalog has.
        validation: The same, to choose the epoch by, if you have such a set.
        class_names: In the order of the labels; by default what the labels are.
        sample_rate: Of sounds, in Hz.

    Raises:
        CnnzooError: They are infinite, hold something else, or do not fit each other.
    """
    if class_names is not None and (isinstance(class_names, str) or not len(class_names)):
        raise CnnzooError(f"class_names must be a list of names; got {class_names!r}")
    given = {"train": train, "validation": validation, "test": test}
    read = {split: _read(one, split) for split, one in given.items() if one is not None}
    inputs = _one_kind({split: of_split for split, (of_split, _) in read.items()})
    texts = inputs["train"].ndim == 1
    shape = inputs["train"].shape[1:]
    if len(shape) == 2 and sample_rate < 1:
        raise CnnzooError(f"sample_rate must be at least 1 for sounds; got {sample_rate}")
    labels: list[str] = []
    classes: set[str] = set()
    for split, (_, values) in read.items():
        names = class_names_of(values, f"{split}, label {{}},".format, class_names or ())
        labels += names
        classes |= classes_of(values, names)
    every = np.concatenate([*inputs.values()])
    splits = np.repeat([*inputs], [len(of_split) for of_split in inputs.values()]).tolist()
    found = Found(every.tolist() if texts else every, labels, splits, classes, [*read])
    return assemble(name, found, shape, "tf.data", class_names or (), sample_rate)


def _one_kind(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the inputs of all splits as texts, sounds or raw images of one shape."""
    kinds = {split: _kind(of_split) for split, of_split in inputs.items()}
    for split, of_split in inputs.items():
        if kinds[split] != kinds["train"] or (
            kinds["train"] != "texts" and of_split.shape[1:] != inputs["train"].shape[1:]
        ):
            raise CnnzooError(
                f"{split} must hold inputs of shape {list(inputs['train'].shape[1:])}, as train "
                f"does; got {list(of_split.shape[1:])}"
            )
    return raw_images(inputs) if kinds["train"] == "images" else inputs


def _kind(inputs: np.ndarray) -> str:
    if inputs.dtype == object:
        return "texts"
    return "sounds" if inputs.dtype == np.int16 and inputs.ndim == 3 else "images"


def _read(examples: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and labels of all `examples`.

    Raises:
        CnnzooError: They are infinite, too many, none, or something else than inputs and labels.
    """
    pairs = _pairs(examples, name)
    if pairs.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise CnnzooError(f"{name} must be finite; got a tf.data set without end")
    if not _is_batched(pairs.element_spec[0], pairs.element_spec[1], name):
        pairs = pairs.batch(_BATCH)
    unknown = pairs.cardinality() == tf.data.UNKNOWN_CARDINALITY
    columns: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    count = size = 0
    for batch in pairs.as_numpy_iterator():
        for column, values in zip(columns, batch, strict=True):
            column.append(values)
        count, size = count + len(batch[1]), size + batch[0].nbytes
        if unknown and (count > MAX_EXAMPLES or size > _memory() / 4):
            raise CnnzooError(
                f"{name} must be finite; got more than {count:,} examples of a tf.data set that "
                "does not know its end: drop its repeat(), or state its size by "
                "tf.data.experimental.assert_cardinality"
            )
    if not count:
        raise CnnzooError(f"{name} must hold examples; got none")
    inputs, labels = (np.concatenate(column) for column in columns)
    if inputs.dtype == object:
        texts = [utf8(one, f"{name}, text {place},") for place, one in enumerate(inputs.tolist())]
        inputs = np.array([*texts, ""], object)[:-1]
    return inputs, labels


def _memory() -> float:
    """Return the bytes of this machine's memory, or as good as infinity where not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return float("inf")


def _pairs(examples: Any, name: str) -> tf.data.Dataset:
    """Return `examples` as a tf.data set of (input, label).

    Raises:
        CnnzooError: They are something else.
    """
    spec: Any = getattr(examples, "element_spec", None)
    paths: list[tuple[Any, ...]] = []
    if isinstance(spec, tuple) and len(spec) == 1 and isinstance(spec[0], dict):
        examples, spec = examples.map(lambda one: one), spec[0]
    if isinstance(spec, dict):
        label = next((key for key in _LABELS if key in spec), None)
        others = [key for key in spec if key != label]
        inputs = [key for key in _INPUTS if key in others] or others
        if label is not None and len(inputs) == 1:
            paths = [(inputs[0],), (label,)]
    elif isinstance(spec, tuple) and len(spec) == 2:
        paths = [(0,), (1,)]
    if not paths:
        raise CnnzooError(
            f"{name} must be a tf.data set of pairs (input, label), or of dictionaries with one "
            f'"label" and one "image" or "text"; got {spec}'
        )
    paths = [_single(spec[path[0]], path, name) for path in paths]

    def pair(*one: Any) -> tuple[Any, ...]:
        return tuple(_at(one[0] if len(one) == 1 else one, path) for path in paths)

    return examples.map(pair)


def _at(element: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        element = element[key]
    return element


def _single(spec: Any, path: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    """Return the path to the one dense tensor of an input or a label.

    Raises:
        CnnzooError: There are several, or it is sparse or ragged.
    """
    while isinstance(spec, (tuple, dict)) and len(spec) == 1:
        (key,) = spec if isinstance(spec, dict) else (0,)
        spec, path = spec[key], (*path, key)
    if isinstance(spec, (tuple, dict)):
        raise CnnzooError(
            f"{name} must hold one tensor per input and per label; got {len(spec)} nested ones, "
            "and a network of cnnzoo has one input"
        )
    if not isinstance(spec, tf.TensorSpec) or spec.shape.rank is None:
        raise CnnzooError(
            f"{name} must hold dense tensors, whose number of axes is known; got {spec}: "
            "to_tensor makes one of a ragged tensor, tf.sparse.to_dense of a sparse one, and "
            "tf.ensure_shape states a shape"
        )
    return path


def _is_batched(inputs: tf.TensorSpec, labels: tf.TensorSpec, name: str) -> bool:
    """Return whether elements are batches, by the axes of one input and one label.

    Raises:
        CnnzooError: They are neither inputs that cnnzoo trains, nor batches of them.
    """
    rank, least = inputs.shape.rank, 3
    if inputs.dtype == tf.string:
        least = 0
    elif rank == 2 or (rank == 3 and not 1 <= (inputs.shape[-1] or 0) <= 4):
        least = 2  # Gray images without an axis of channels.
    elif inputs.dtype == tf.int16 and inputs.shape[-1] == 1:
        least = 2
    number = inputs.dtype.is_integer or inputs.dtype.is_floating or inputs.dtype == tf.bool
    batched = rank > least
    if (
        not (number or inputs.dtype == tf.string)
        or rank - least not in (0, 1)
        or None in inputs.shape[rank - least :]
        or not int(batched) <= labels.shape.rank <= 1 + int(batched)
    ):
        raise CnnzooError(
            f"{name} must hold inputs of one of these kinds, of one size: {_KINDS}; got "
            f"{inputs.dtype.name} {inputs.shape} with labels {labels.dtype.name} {labels.shape}"
        )
    return batched
