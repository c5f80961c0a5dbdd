"""Versions of a model, each published whole or not at all, by one rename.

A version is written into a hidden folder beside the others. Its writer holds a lock on the folder,
which the system takes back when the process ends, however it ends: a hidden folder without a lock
was left by an export that was killed, and the next export removes it. Where a file system or
Windows has no such locks, it stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from cnnzoo.export import readers
from cnnzoo.files import sync_folder
from cnnzoo.pipelines.cleaning import CLEANINGS
from cnnzoo.pipelines.tokenizer import Tokenizer

try:
    import fcntl
except ImportError:  # On Windows.
    fcntl = None  # type: ignore[assignment]

_HIDDEN = ".new-"


def publish(base: Path, write: Callable[[Path], None]) -> Path:
    """Return the next version below `base`, a folder that `write` has filled.

    Where `write` raises, nothing is published and nothing is left.

    Args:
        base: Folder of all versions of a model.
        write: Fills the hidden folder that it is given.

    Raises:
        OSError: The folder cannot be written or the disk is full.
    """
    base.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as kept:
        with _locked(base, wait=True):  # A folder that its writer has yet to lock is not dead.
            _remove_dead(base)
            hidden = Path(tempfile.mkdtemp(dir=base, prefix=_HIDDEN))
            kept.enter_context(_locked(hidden, wait=True))
        try:
            write(hidden)
            _sync(hidden)
            hidden.chmod(0o755)  # mkdtemp's 0700 would hide the model from a server.
            return _claim_next(hidden, base)
        except BaseException:
            shutil.rmtree(hidden, ignore_errors=True)
            raise


def _remove_dead(base: Path) -> None:
    for folder in base.glob(f"{_HIDDEN}*"):
        with _locked(folder, wait=False) as held:
            if held:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path, wait: bool) -> Iterator[bool]:
    """Hold the lock on `folder`, if there is one to be had; yield whether it is held."""
    descriptor = None
    try:
        if fcntl is not None:
            descriptor = os.open(folder, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        held = descriptor is not None
    except OSError:  # It is another's, is gone by now, or cannot be locked.
        held = False
    try:
        yield held
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _sync(folder: Path) -> None:
    """Flush every file and folder below `folder` to disk."""
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir():
            sync_folder(path)
        else:
            with path.open("rb+") as file:
                os.fsync(file.fileno())


def _claim_next(hidden: Path, base: Path) -> Path:
    """Rename `hidden` to the next version; a version that exists is never replaced."""
    while True:
        versions = [int(path.name) for path in base.iterdir() if path.name.isdecimal()]
        version = base / str(max(versions, default=0) + 1)
        try:
            hidden.rename(version)
        except OSError:
            if version.exists():  # Another process took it.
                continue
            raise
        sync_folder(base)
        return version


TOKENIZER = "tokenizer.json"
READERS = ("tokenizer.py", "tokenizer.js")  # Plain Python and plain JavaScript.


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write what turns texts into the tokens of `tokenizer` into `folder`."""
    config = tokenizer.get_config()
    sides = ("length", "shortest", "padding", "truncation", "backwards")
    metadata = {
        "format": 1,
        "level": config["level"],
        "cleaning": CLEANINGS[config["cleaning"]]._asdict(),
        **{name: config[name] for name in sides},
        "vocabulary": config["vocabulary"],  # Bytes that are not UTF-8 as lone surrogates.
    }
    (folder / TOKENIZER).write_text(json.dumps(metadata, indent=1))
    for reader in READERS:
        shutil.copy(Path(readers.__file__).parent / reader, folder / reader)


WARMUP = "tf_serving_warmup_requests"  # The name that TensorFlow Serving looks for.

# Numbers of fields.
_PREDICT_LOG = 6  # Of PredictionLog.
_REQUEST = 1  # Of PredictLog.
_MODEL_SPEC, _INPUTS = 1, 2  # Of PredictRequest.
_NAME, _SIGNATURE_NAME = 1, 3  # Of ModelSpec.
_KEY, _VALUE = 1, 2  # Of an entry of a map.


def write_warmup(path: Path, model: str, requests: Mapping[str, tuple[str, Any]]) -> None:
    """Write the file of requests.

    Args:
        path: A file named WARMUP, in a version's `assets.extra`.
        model: Name under which the model is served.
        requests: Signature -> name and value of its input.
    """
    with tf.io.TFRecordWriter(str(path)) as records:
        for signature, (name, value) in requests.items():
            spec = _field(_NAME, model.encode()) + _field(_SIGNATURE_NAME, signature.encode())
            tensor = tf.make_tensor_proto(value).SerializeToString()
            entry = _field(_KEY, name.encode()) + _field(_VALUE, tensor)
            request = _field(_MODEL_SPEC, spec) + _field(_INPUTS, entry)
            records.write(_field(_PREDICT_LOG, _field(_REQUEST, request)))


def _field(number: int, content: bytes) -> bytes:
    """Return a field of bytes as protocol buffers write it: number and type, length, content."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])
