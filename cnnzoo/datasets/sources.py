"""Where raw bytes come from: files in this package, and sets that TFDS has prepared."""

from __future__ import annotations

import hashlib
import lzma
import os
from collections.abc import Iterable
from pathlib import Path

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
    root = Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()
    folder = root / name / version
    return folder if (folder / "dataset_info.json").is_file() else None


def read_tfds(folder: Path, split: str) -> Examples:
    """Return the examples of a prepared image set, in the order in which TFDS stores them.

    Raises:
        CnnzooError: TFDS cannot read the folder.
    """
    import tensorflow_datasets as tfds

    in_order = tfds.ReadConfig(interleave_cycle_length=1)
    try:
        batch = tfds.builder_from_directory(folder).as_dataset(
            split=split, batch_size=-1, shuffle_files=False, read_config=in_order
        )
    except Exception as error:  # TFDS and TensorFlow raise many kinds for a damaged shard.
        reason = str(error).strip().splitlines()[0]
        raise CnnzooError(f"{folder} is damaged: TFDS cannot read {split!r} ({reason})") from error
    return Examples(batch["image"].numpy(), batch["label"].numpy())


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
    images, labels = np.empty_like(examples.images), np.empty_like(examples.labels)
    images[order], labels[order] = examples
    return images.tobytes() + labels.astype(np.uint8).tobytes()
