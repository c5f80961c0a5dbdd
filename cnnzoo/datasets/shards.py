"""Random access to the images in TFDS's files, which are read where they are.

ArrayRecord files have an index of their own. That of TFRecord files, TFDS's default, is made here
by reading each of them once; with the labels it is kept next to them, in `cnnzoo_<split>.npz`.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.files import new_file
from cnnzoo.lazy import tensorflow as tf
from cnnzoo.progress import tracked
from cnnzoo.quiet import log

_LENGTH, _CRC = 12, 4  # Bytes of a TFRecord's length with its checksum, and of that of its data.
_PLACE = np.dtype([("shard", "i4"), ("begin", "i8"), ("size", "i4"), ("label", "i8")])


class Shards(NamedTuple):
    """The images of one split."""

    fetch: Callable[[int], tuple[bytes, str]]  # Place -> encoded image and its name.
    labels: np.ndarray  # int64 [examples].


def open_shards(builder: Any, split: str, image: str, label: str) -> Shards:
    """Return the images of `split` by index, in the order in which TFDS stores them.

    Args:
        builder: TFDS's, of a prepared set.
        split: One of TFDS's splits, or a slice of one.
        image: TFDS's key of the image.
        label: TFDS's key of the label.

    Raises:
        CnnzooError: A file is damaged.
    """
    parts = builder.info.splits[split].file_instructions
    name = re.sub("[^A-Za-z0-9]+", "_", split).strip("_")
    kept = Path(builder.data_dir) / f"cnnzoo_{name}.npz"
    state = repr([(os.path.getsize(part.filename), part.skip, part.take) for part in parts])
    places = _kept(kept, state)
    if places is None:
        found = _places(parts, label)
        count = builder.info.splits[split].num_examples
        places = np.fromiter(tracked(found, lambda: count, "indexing", "images"), _PLACE, count)
        _keep(kept, state, places)
    record = _record_reader(parts, places)

    def fetch(place: int) -> tuple[bytes, str]:
        name = f"{parts[places['shard'][place]].filename}, image {place},"
        return _features(record(place))[image].bytes_list.value[0], name

    return Shards(fetch, np.ascontiguousarray(places["label"]))


def _features(record: bytes) -> Any:
    return tf.train.Example.FromString(record).features.feature


def _has_index(parts: Sequence[Any]) -> bool:
    return ".array_record" in os.path.basename(parts[0].filename)


def _record_reader(parts: Sequence[Any], places: np.ndarray) -> Callable[[int], bytes]:
    if _has_index(parts):
        from array_record.python.array_record_data_source import ArrayRecordDataSource

        return ArrayRecordDataSource(list(parts)).__getitem__

    def read(place: int) -> bytes:
        shard, begin, size, _ = places[place].tolist()
        # Opened for each record: ImageNet has more shards than a process may have open files.
        with open(parts[shard].filename, "rb", buffering=0) as file:
            file.seek(begin)
            return file.read(size)

    return read


def _places(parts: Sequence[Any], label: str) -> Iterator[tuple[int, int, int, int]]:
    """Yield where each record stands, and its label."""
    read = _array_records if _has_index(parts) else _tf_records
    for shard, part in enumerate(parts):
        for begin, record in read(part):
            yield shard, begin, len(record), _features(record)[label].int64_list.value[0]


def _array_records(part: Any) -> Iterator[tuple[int, bytes]]:
    from array_record.python.array_record_data_source import ArrayRecordDataSource

    source = ArrayRecordDataSource([part])
    return ((0, source[place]) for place in range(len(source)))


def _tf_records(part: Any) -> Iterator[tuple[int, bytes]]:
    take = part.examples_in_shard - part.skip if part.take == -1 else part.take
    with open(part.filename, "rb") as file:
        for number in range(part.skip + take):
            header = file.read(_LENGTH)
            if len(header) < _LENGTH:
                raise CnnzooError(f"{part.filename} is damaged: it ends too early")
            (size,) = struct.unpack("<Q", header[:8])
            begin = file.tell()
            if number >= part.skip:
                yield begin, file.read(size)
            file.seek(begin + size + _CRC)


def _kept(path: Path, state: str) -> np.ndarray | None:
    try:
        with np.load(path, allow_pickle=False) as found:
            return found["places"] if found["state"] == state else None
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _keep(path: Path, state: str, places: np.ndarray) -> None:
    try:
        with new_file(path) as file:
            np.savez(file, places=places, state=state)
    except OSError as error:
        log(f"{path} cannot be written ({error.strerror}); images are indexed anew each time")
