"""Examples of a set that TFDS has prepared: in memory or, where they are many, in TFDS's files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnzoo.datasets.dataset import Examples
from cnnzoo.datasets.encoded import EncodedImages, aligned
from cnnzoo.datasets.shards import open_shards
from cnnzoo.decoding import Resizing
from cnnzoo.errors import CnnzooError
from cnnzoo.lazy import tensorflow as tf
from cnnzoo.progress import tracked

if TYPE_CHECKING:
    import tensorflow as tf

_BATCH = 256


def read_prepared(
    builder: Any,
    split: str,
    pair: Callable[..., Any],
    *,
    belongs: Callable[..., Any] | None,
) -> Examples:
    """Return the examples of a prepared set, in the order in which TFDS stores them.

    Args:
        builder: TFDS's.
        split: One of TFDS's splits, or a slice of one.
        pair: Function from one of TFDS's examples to inputs of one shape, and label; in TensorFlow.
        belongs: Function from one of TFDS's examples to whether it is read; by default all are.

    Raises:
        CnnzooError: TFDS cannot read the files, or a text is not UTF-8.
    """
    with _damage_named(builder, split):
        stored = _in_order(builder, split)
        most = int(stored.cardinality())  # An upper bound where not all are read.
        if belongs:
            stored = stored.filter(belongs)
        pairs = stored.map(pair, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        inputs, _ = pairs.element_spec
    shape, dtype = (most, *inputs.shape), np.dtype(inputs.dtype.as_numpy_dtype)
    examples = _in_memory(_batches(pairs, builder, split), shape, dtype)
    if inputs.dtype == tf.string:
        for place, text in enumerate(examples.inputs):
            examples.inputs[place] = utf8(text, f"{builder.data_dir}: text {place}")
    return examples


def read_images(
    builder: Any, split: str, image: str, label: str, shape: tuple[int, ...], resizing: Resizing
) -> Examples:
    """Return images that stay in TFDS's files, and are brought to one shape when they are read.

    Args:
        builder: TFDS's.
        split: One of TFDS's splits, or a slice of one.
        image: TFDS's key of the image.
        label: TFDS's key of the label.
        shape: Height, width and channels.
        resizing: See `cnnzoo.decoding`.

    Raises:
        CnnzooError: TFDS's files are damaged.
    """
    with _damage_named(builder, split):
        shards = open_shards(builder, split, image, label)
        images = EncodedImages(shards.fetch, np.arange(len(shards.labels)), shape, resizing)
        return Examples(images, shards.labels)


def in_memory(examples: Examples) -> Examples:
    """Return encoded images decoded, if they fit into memory, or else as they are.

    Raises:
        CnnzooError: One cannot be read.
    """
    assert isinstance(examples.inputs, EncodedImages)
    return examples._replace(inputs=examples.inputs.in_memory())


def count(builder: Any, split: str) -> int:
    """Return the number of examples in `split` of a prepared set.

    Raises:
        CnnzooError: TFDS's files are damaged.
    """
    with _damage_named(builder, split):
        return int(_in_order(builder, split).cardinality())


@contextlib.contextmanager
def _damage_named(builder: Any, split: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # TFDS and TensorFlow raise many kinds for a damaged shard.
        shard = _damaged_shard(builder, split)
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CnnzooError(f"{shard} is damaged: TFDS cannot read {split!r} ({reason})") from error


def _in_order(builder: Any, split: str) -> Any:
    import tensorflow_datasets as tfds

    # TFDS would hold what it reads in a cache: the whole set in memory once more.
    config = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    return builder.as_dataset(split=split, shuffle_files=False, read_config=config)


def _batches(pairs: Any, builder: Any, split: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    with _damage_named(builder, split):
        yield from pairs.batch(_BATCH).as_numpy_iterator()


def _in_memory(
    batches: Iterator[tuple[np.ndarray, np.ndarray]], shape: tuple[int, ...], dtype: np.dtype
) -> Examples:
    """Return the batches as one array, which is filled as they come: nothing is held twice."""
    inputs, labels, count = aligned(shape, dtype), np.empty(shape[0], np.int64), 0
    for some_inputs, some_labels in tracked(
        batches, lambda: -(-shape[0] // _BATCH), "reading", f"batches of {_BATCH} examples"
    ):
        places = slice(count, count + len(some_labels))
        inputs[places], labels[places] = some_inputs, some_labels
        count = places.stop
    return Examples(inputs[:count], labels[:count])


def _damaged_shard(builder: Any, split: str) -> str:
    """Return the path of the first file of `split` that cannot be read, or else the folder."""
    try:
        paths = [str(path) for path in builder.info.splits[split].filepaths]
    except Exception:  # The folder's metadata may be what is damaged.
        return str(builder.data_dir)
    for path in paths:
        try:
            for _ in tf.data.TFRecordDataset(path):
                pass
        except tf.errors.OpError:
            return path
    return str(builder.data_dir)


def utf8(content: bytes, name: str) -> str:
    """Return the text in `content`.

    Raises:
        CnnzooError: It is not UTF-8; the message starts with `name`.
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        wrong = content[error.start : error.end]
        raise CnnzooError(f"{name} must be UTF-8; got bytes {wrong!r}") from error
