"""A `.keras` file before Keras reads it: what it requests is bounded, and nothing runs."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras

from cnnzoo.errors import CnnzooError
from cnnzoo.guard import shapes
from cnnzoo.guard.archive import WEIGHTS, check_archive, read_part
from cnnzoo.guard.config import check_config
from cnnzoo.keras_internals import functional

_LARGEST_ACTIVATION = 2**31  # Bytes, for one example: 2 GiB.
_MOST_STEPS, _UNROLLED = 100_000, 1_000  # For one example: seconds, and seconds of tracing.
_MOST_PAIRS = 2**26  # 8,192 positions with one another: 256 MiB, and 7 billion multiply-adds.
_SPARE = 2**16  # Bytes of state, such as random seeds, that a file need not hold.
_MOST = 25_000  # Groups and arrays of weights; the deepest network of the zoo has 15,000.
_DEEPEST = 40  # Groups within groups.
_BUFFER = 2**16  # Bytes; what describes an array precedes what describes the next.


def check_keras_file(path: Path) -> None:
    """Check the `.keras` file at `path`; custom layers must be registered.

    Its content is bounded by its own size: the weights that its configuration requests must
    be those that it holds. The network is built once, of shapes without values.

    Raises:
        CnnzooError: It is no such file, or requests what it may not.
    """
    arrays, stored = _stored_weights(path)
    config = check_config(read_part(path, "config.json"), path, arrays)
    model = _build(config, path)
    needed = sum(shapes.bytes_of(one.shape, one.dtype) for one in model.variables)
    if needed > stored + _SPARE:
        raise CnnzooError(
            f"{path} must ask for no more weights than it holds; "
            f"got {model.count_params():,} parameters in a file of {path.stat().st_size:,} bytes"
        )
    calls = [*shapes.calls(model)]
    _require(
        "layers that give", max(_bytes(one) for one in calls), _LARGEST_ACTIVATION, "bytes", path
    )
    steps = [one.steps for one in calls]
    _require("recurrent layers of", sum(one for one, _ in steps), _MOST_STEPS, "steps", path)
    _require("recurrent layers of", sum(one for _, one in steps), _UNROLLED, "unrolled steps", path)
    pairs = sum(one.attended for one in calls)
    _require("attention over", pairs, _MOST_PAIRS, "pairs of positions", path)


def _require(what: str, found: int, most: int, unit: str, path: Path) -> None:
    if found > most:
        raise CnnzooError(
            f"{path} must have {what} at most {most:,} {unit} per example; got {found:,}"
        )


def _bytes(call: shapes.Call) -> int:
    return max((shapes.bytes_of(one.shape, one.dtype) for one in call.outputs), default=0)


def _build(config: dict[str, Any], path: Path) -> keras.Model:
    try:
        model = shapes.build(config)
    except Exception as error:  # Of any kind: layers raise what they like.
        raise CnnzooError(
            f"{path} must describe a network that Keras {keras.__version__} can build; "
            f"got {type(error).__name__}: {str(error)[:200]}"
        ) from error
    if not isinstance(model, keras.Model) or functional(model) is None:
        raise CnnzooError(f"{path} must hold a Functional model, or a Sequential one with an input")
    return model


def _stored_weights(path: Path) -> tuple[int, int]:
    """Return the number and the bytes of the arrays among the weights of the `.keras` file.

    They must be an HDF5 file of plain arrays that stand in it whole: one that is compressed, or
    stands in another file, could be of any size.
    """
    part = check_archive(path)[WEIGHTS]
    total = 0
    try:
        content = io.BufferedReader(_Part(path, part), _BUFFER)
        with content, h5py.File(content, "r") as file:
            places = _arrays(file, path)
            for place in places:
                array = file[place]
                _check_array(array, place, path)
                total += array.nbytes
    except (OSError, KeyError, RuntimeError, TypeError, ValueError) as error:
        if isinstance(error, CnnzooError):
            raise
        raise CnnzooError(f"{path} is damaged: {WEIGHTS} is no HDF5 file of weights") from error
    if total > part.file_size:
        raise CnnzooError(
            f"{path} must hold the weights that it lists; "
            f"got {total:,} bytes of them in {part.file_size:,}"
        )
    return len(places), total


def _arrays(file: h5py.File, path: Path) -> list[bytes]:
    """Return where the arrays stand, each once, if no link leads elsewhere."""
    count = 0

    def stop_at(place: bytes, link: Any) -> str | None:
        nonlocal count
        count += 1
        if link.type != h5py.h5l.TYPE_HARD:
            return f"must hold its weights itself; {_name(place)} is a link"
        if count > _MOST or place.count(b"/") > _DEEPEST:
            return f"must hold at most {_MOST:,} groups and arrays of weights, {_DEEPEST} deep"
        return None

    wrong = file.id.links.visit(stop_at, info=True)
    if wrong is not None:
        raise CnnzooError(f"{path} {wrong}")
    places: list[bytes] = []

    def collect(place: bytes, item: Any) -> None:
        if item.type != h5py.h5o.TYPE_GROUP:
            places.append(place)

    h5py.h5o.visit(file.id, collect, info=True)
    return places


def _name(place: bytes) -> str:
    return "/" + place.decode(errors="replace")


def _check_array(array: Any, place: bytes, path: Path) -> None:
    if not isinstance(array, h5py.Dataset):
        raise CnnzooError(f"{path} must hold only weights; got a type, {_name(place)}")
    layout = array.id.get_create_plist()
    # Keras stores bfloat16 as values of two bytes without a meaning.
    number = array.dtype.kind in "biuf" or (array.dtype.kind == "V" and array.dtype.itemsize == 2)
    if not (
        number
        and array.dtype.subdtype is None
        and layout.get_layout() in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)
        and layout.get_external_count() == 0
        and array.nbytes <= array.id.get_storage_size()
    ):
        raise CnnzooError(
            f"{path} must hold its weights as plain arrays, as Keras writes them; "
            f"got {_name(place)}, {array.dtype} {array.shape}, stored in "
            f"{array.id.get_storage_size():,} bytes"
        )


class _Part(io.RawIOBase):
    """A part of an archive, read where it stands, from any place on."""

    def __init__(self, path: Path, part: zipfile.ZipInfo) -> None:
        self._file = path.open("rb", buffering=0)
        self._file.seek(part.header_offset + 26)  # The lengths of name and extra field.
        self._begin = part.header_offset + 30 + sum(struct.unpack("<HH", self._file.read(4)))
        self._size = part.file_size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = os.SEEK_SET, /) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, origin + place)
        return self._place

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer)[: max(0, self._size - self._place)]
        self._file.seek(self._begin + self._place)
        count = self._file.readinto(view) or 0
        self._place += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
