"""Where raw bytes come from: files in this package, and sets that TFDS has prepared."""

from __future__ import annotations

import hashlib
import lzma
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cnnzoo.datasets.dataset import Examples
from cnnzoo.errors import CnnzooError


def read_xz(path: Path) -> bytes:
    """Return the decompressed content of an embedded file.

    Raises:
        CnnzooError: The file is missing or damaged.
    """
    try:
        return lzma.decompress(path.read_bytes())
    except (OSError, lzma.LZMAError, EOFError) as error:
        raise CnnzooError(f"{path} is damaged ({error}); install cnnzoo again") from error


def verify(content: bytes, sha256: str, path: Path) -> None:
    """Compare `content`, which was read from `path`, with its published SHA-256.

    Raises:
        CnnzooError: They differ.
    """
    if hashlib.sha256(content).hexdigest() != sha256:
        raise CnnzooError(f"{path} is damaged: its content does not have SHA-256 {sha256}")


def prepared_by_tfds(name: str, version: str) -> Path | None:
    """Return the folder where TFDS has prepared the set, or None."""
    folder = _tfds_root() / name / version
    return folder if (folder / "dataset_info.json").is_file() else None


def _tfds_root() -> Path:
    return Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


@dataclass(frozen=True)
class TFDS:
    """Reads a split of a set of TFDS, which it prepares if need be, in TFDS's order."""

    name: str  # TFDS's, with a configuration after a slash where the set has several.
    version: str
    inputs: str = "image"  # TFDS's keys.
    labels: str = "label"
    splits: Mapping[str, str] = field(default_factory=dict)  # Split here -> TFDS's, if another.
    transposed: bool = False  # Whether images are stored with rows and columns exchanged.

    @property
    def is_here(self) -> bool:
        """Whether the set stands on this machine."""
        return prepared_by_tfds(self.name, self.version) is not None

    def __call__(self, split: str) -> Examples:
        """Return the examples of `split`.

        Raises:
            CnnzooError: The set is damaged, or can be neither found nor downloaded.
        """
        builder = _prepared(self.name, self.version)
        theirs = self.splits.get(split, split)
        examples = read_tfds(builder, theirs, self.inputs, self.labels)
        if self.transposed:
            return Examples(examples.inputs.transpose(0, 2, 1, 3), examples.labels)
        return examples


def _prepared(name: str, version: str) -> Any:
    """Return TFDS's builder of a set that stands on this machine, downloaded first if need be.

    Raises:
        CnnzooError: It is damaged, or can be neither found nor downloaded.
    """
    import tensorflow_datasets as tfds

    folder = prepared_by_tfds(name, version)
    if folder:
        try:
            return tfds.builder_from_directory(folder)
        except Exception as error:  # Its metadata fail to parse in many ways.
            raise CnnzooError(f"{folder} is damaged: TFDS cannot read its metadata") from error
    try:
        builder = tfds.builder(f"{name}:{version}", data_dir=_tfds_root())
        builder.download_and_prepare()
    except Exception as error:  # A download fails in many ways, and a full disk in others.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CnnzooError(
            f"{name} is not in {_tfds_root()} and cannot be prepared there ({reason}); run this "
            "once with a network, or set TFDS_DATA_DIR to a folder where TFDS has prepared it"
        ) from error
    return builder


def read_tfds(builder: Any, split: str, inputs: str = "image", labels: str = "label") -> Examples:
    """Return the examples of a prepared set, in the order in which TFDS stores them.

    Raises:
        CnnzooError: TFDS cannot read the files, or a text is not UTF-8.
    """
    import tensorflow_datasets as tfds

    in_order = tfds.ReadConfig(interleave_cycle_length=1)
    try:
        stored = builder.as_dataset(split=split, shuffle_files=False, read_config=in_order)
        pairs = stored.map(lambda example: (example[inputs], example[labels]))
        batches = list(pairs.batch(1_000).as_numpy_iterator())
        raw, targets = (np.concatenate(column) for column in zip(*batches, strict=True))
    except Exception as error:  # TFDS and TensorFlow raise many kinds for a damaged shard.
        shard = _damaged_shard(builder, split)
        reason = str(error).strip().splitlines()[0]
        raise CnnzooError(f"{shard} is damaged: TFDS cannot read {split!r} ({reason})") from error
    if raw.dtype == object:
        raw = np.array(
            [_text(one, builder.data_dir, place) for place, one in enumerate(raw)], object
        )
    return Examples(raw, targets)


def _damaged_shard(builder: Any, split: str) -> str:
    """Return the path of the first file of `split` that cannot be read, or else the folder."""
    import tensorflow as tf

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


def _text(content: bytes, folder: object, place: int) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        wrong = content[error.start : error.end]
        raise CnnzooError(f"{folder}: text {place} must be UTF-8; got bytes {wrong!r}") from error


def tfds_order(split: str, keys: Iterable[int | str]) -> np.ndarray:
    """Return which of the source's examples stands at each place of TFDS's files."""
    from tensorflow_datasets.core import hashing

    hasher = hashing.Hasher(split)
    return np.array(
        [
            place
            for _, place in sorted((hasher.hash_key(key), place) for place, key in enumerate(keys))
        ]
    )


def in_source_order(examples: Examples, order: np.ndarray) -> bytes:
    """Return images, then labels, one byte a value, with example `i` moved to place `order[i]`.

    A set with another number of examples gives other bytes, which `verify` refuses.
    """
    if len(order) != len(examples.labels):
        return b""
    images, labels = np.empty_like(examples.inputs), np.empty_like(examples.labels)
    images[order], labels[order] = examples
    return images.tobytes() + labels.astype(np.uint8).tobytes()
