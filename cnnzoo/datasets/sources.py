"""Where raw examples come from: embedded files, and sets that TFDS has prepared."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnzoo.datasets.dataset import Examples
from cnnzoo.datasets.encoded import MAX_BYTES
from cnnzoo.datasets.prepared import count, in_memory, read_images, read_prepared
from cnnzoo.decoding import Resizing
from cnnzoo.errors import CnnzooError
from cnnzoo.extras import install
from cnnzoo.lazy import tensorflow as tf

if TYPE_CHECKING:
    import tensorflow as tf


def verify(content: bytes, sha256: str, path: Path) -> None:
    """Compare `content`, which was read from `path`, with its published SHA-256.

    Raises:
        CnnzooError: They differ.
    """
    if hashlib.sha256(content).hexdigest() != sha256:
        raise CnnzooError(f"{path} is damaged: its content does not have SHA-256 {sha256}")


def in_test_split(text: str) -> bool:
    """Return whether `text` is of the test split where the set has no test split.

    A fifth of all texts is: equal texts share a split.
    """
    return is_test(hashlib.sha256(text.encode()).digest())


def is_test(digest: bytes) -> bool:
    """Return whether a SHA-256 is of the test split: its first byte is below 51, as of a fifth."""
    return digest[0] < 51


def prepared_by_tfds(name: str, version: str) -> Path | None:
    """Return the folder where TFDS has prepared the set, or None."""
    folder = tfds_root() / name / version
    return folder if (folder / "dataset_info.json").is_file() else None


def tfds_root() -> Path:
    """Return the folder where TFDS keeps its sets."""
    return Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


@dataclass(frozen=True)
class TFDS:
    """Reads a split of a set of TFDS, which it prepares if need be, in TFDS's order."""

    name: str  # TFDS's, with a configuration after a slash where the set has several.
    version: str
    inputs: str = "image"  # TFDS's keys.
    labels: str = "label"
    splits: Mapping[str, str] = field(default_factory=dict)  # Split here -> TFDS's, if another.
    # (split here, example) -> whether it is of that split; for sets that TFDS does not split.
    belongs: Callable[[str, Mapping[str, tf.Tensor]], tf.Tensor] | None = None
    transposed: bool = False  # Whether images are stored with rows and columns exchanged.
    shape: tuple[int, ...] = ()  # Of one input, where those of TFDS have several sizes.
    resizing: Resizing = "pad"  # Of images to `shape`; see cnnzoo.decoding.

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
        shape = self.shape or tuple(builder.info.features[self.inputs].shape or ())
        if len(shape) == 3 and not self.transposed:
            # ArrayRecord files are no tf.data sets.
            shards = self.shape or getattr(builder.info.file_format, "value", "") == "array_record"
            if shards or count(builder, theirs) * math.prod(shape) > MAX_BYTES:
                return in_memory(self.encoded(split))
        belongs = functools.partial(self.belongs, split) if self.belongs else None
        return read_prepared(builder, theirs, self._pair, belongs=belongs)

    def encoded(self, split: str) -> Examples:
        """Return the images of `split`, which stay in TFDS's files.

        Raises:
            CnnzooError: As for a call.
        """
        builder, theirs = _prepared(self.name, self.version), self.splits.get(split, split)
        shape = self.shape or builder.info.features[self.inputs].shape
        return read_images(builder, theirs, self.inputs, self.labels, shape, self.resizing)

    def _pair(self, example: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        inputs = example[self.inputs]
        if self.transposed:
            inputs = tf.transpose(inputs, (1, 0, 2))
        if self.shape:
            inputs = _sound_of(inputs, self.shape)
        return inputs, example[self.labels]


def _sound_of(samples: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Return int16 samples, cut or filled up with zeros at the end."""
    kept = tf.cast(samples[: shape[0]], tf.int16)
    return tf.reshape(tf.pad(kept, [[0, shape[0] - tf.shape(kept)[0]]]), shape)


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
        builder = tfds.builder(f"{name}:{version}", data_dir=tfds_root())
        with _one_look_for_a_host():
            builder.download_and_prepare()
    except Exception as error:  # A download fails in many ways, and a full disk in others.
        cause = _first_cause(error)
        reason = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
        advice = (
            "run this once with internet access, or set TFDS_DATA_DIR to a folder where TFDS has "
            "prepared it"
        )
        if isinstance(cause, ImportError):
            advice = f"install what TFDS needs, for sounds with `{install('audio')}`"
        raise CnnzooError(
            f"{name} is not in {tfds_root()} and cannot be prepared there ({reason}); {advice}"
        ) from error
    return builder


@contextlib.contextmanager
def _one_look_for_a_host() -> Iterator[None]:
    """Let a download fail at once where a host has no address: TFDS would try for minutes."""

    def refuse(record: logging.LogRecord) -> bool:
        for one in record.args or ():
            if isinstance(one, Exception) and "Failed to resolve" in str(one):
                raise ConnectionError(str(one))  # Without its cause, which names no host.
        return True

    log = logging.getLogger("urllib3.connectionpool")  # Which says each time that it tries again.
    log.addFilter(refuse)
    try:
        yield
    finally:
        log.removeFilter(refuse)


def _first_cause(error: BaseException) -> BaseException:
    while error.__cause__:
        error = error.__cause__
    return error
