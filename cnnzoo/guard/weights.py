"""What the HDF5 file of a network's weights holds, without the values."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py

from cnnzoo.errors import CnnzooError
from cnnzoo.guard.archive import WEIGHTS, check_archive

_MOST = 50_000  # Groups and arrays; the deepest network of the zoo has 15,000.
_DEEPEST = 40  # Groups within groups.


class Stored(NamedTuple):
    """What a file of weights holds."""

    arrays: int
    bytes: int


def stored_weights(path: Path) -> Stored:
    """Return what the weights of the `.keras` file at `path` are.

    Raises:
        CnnzooError: They are no HDF5 file of plain arrays that stand in it whole; one that is
            compressed, or stands in another file, could be of any size.
    """
    part = check_archive(path)[WEIGHTS]
    arrays = total = 0
    try:
        with _Part(path, part) as content, h5py.File(content, "r") as file:
            for place, array in _arrays(file, path):
                _check_array(array, place, path)
                arrays, total = arrays + 1, total + array.nbytes
    except (OSError, KeyError, RuntimeError, TypeError, ValueError) as error:
        if isinstance(error, CnnzooError):
            raise
        raise CnnzooError(f"{path} is damaged: {WEIGHTS} is no HDF5 file of weights") from error
    if total > part.file_size:
        raise CnnzooError(
            f"{path} must hold the weights that it lists; "
            f"got {total:,} bytes of them in {part.file_size:,}"
        )
    return Stored(arrays, total)


def _arrays(file: h5py.File, path: Path) -> Iterator[tuple[str, h5py.Dataset]]:
    waiting, count = [("", file, 0)], 0
    while waiting:
        place, group, depth = waiting.pop()
        for name in group:
            count += 1
            if count > _MOST or depth > _DEEPEST:
                raise CnnzooError(
                    f"{path} must hold at most {_MOST:,} groups and arrays, {_DEEPEST} deep"
                )
            inner = f"{place}/{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise CnnzooError(f"{path} must hold its weights itself; {inner} is a link")
            item = group[name]
            if isinstance(item, h5py.Group):
                waiting.append((inner, item, depth + 1))
            else:
                yield inner, item


def _check_array(array: Any, place: str, path: Path) -> None:
    if not isinstance(array, h5py.Dataset):
        raise CnnzooError(f"{path} must hold weights alone; got a type, {place}")
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
            f"got {place}, {array.dtype} {array.shape}, of {array.id.get_storage_size():,} bytes"
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
