"""A `.keras` file is a ZIP archive of a few parts, which stand in it as they are."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

from cnnzoo.errors import CnnzooError
from cnnzoo.guard.documents import CARD_BYTES

WEIGHTS = "model.weights.h5"

_MIB = 2**20
_PARTS = {  # What may stand in the file -> its largest size, if there is one.
    "metadata.json": _MIB,
    "config.json": 8 * _MIB,  # A vocabulary of half a million words; as objects, 20 times that.
    "card.json": CARD_BYTES,
    WEIGHTS: None,
    "model.tflite": None,
    "tokenizer.json": 8 * _MIB,
}
_NEEDED = ("config.json", WEIGHTS)
_DIRECTORY = _MIB // 8  # Bytes of the list of parts and what surrounds it.


def check_archive(path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the parts of the `.keras` file at `path`, by name.

    Raises:
        CnnzooError: It is none; a part is missing, unknown, there twice, compressed, encrypted or
            too large; or the parts overlap.
    """
    if path.suffix != ".keras":  # Keras reads a file by its name: the same one as HDF5, say.
        raise CnnzooError(
            f"{path} must be a Keras model file (.keras); "
            f"save another that you trust again with Keras, under such a name"
        )
    try:
        with _Short(path) as file, zipfile.ZipFile(file) as archive:
            found = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise CnnzooError(
            f"{path} must be a Keras model file (.keras), and is none: {error}"
        ) from error
    parts = {part.filename: part for part in found}
    for part in found:
        _check_part(path, part)
    missing = [name for name in _NEEDED if name not in parts]
    if missing or len(parts) < len(found):
        raise CnnzooError(
            f"{path} must hold {' and '.join(_NEEDED)}, and each part once; "
            f"got {', '.join(part.filename for part in found) or 'nothing'}"
        )
    total, size = sum(part.file_size for part in found), path.stat().st_size
    if total > size:
        raise CnnzooError(f"{path} must hold its parts side by side; got {total:,} bytes of them")
    return parts


def read_part(path: Path, name: str) -> bytes:
    """Return the part `name` of the `.keras` file at `path`.

    Raises:
        CnnzooError: As `check_archive`, or there is no such part, or it is damaged.
    """
    if name not in check_archive(path):
        raise CnnzooError(f"{path} must hold {name}, and does not")
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    except (zipfile.BadZipFile, OSError) as error:
        raise CnnzooError(f"{path} is damaged: {name} cannot be read") from error


def _check_part(path: Path, part: zipfile.ZipInfo) -> None:
    if part.filename not in _PARTS:
        raise CnnzooError(f"{path} must hold only {', '.join(_PARTS)}; got {part.filename!r}")
    stored = part.compress_type == zipfile.ZIP_STORED and part.compress_size == part.file_size
    if not stored or part.flag_bits & 1:
        raise CnnzooError(
            f"{path} must hold its parts as they are, as Keras writes them; "
            f"got {part.filename} compressed or encrypted"
        )
    largest = _PARTS[part.filename]
    if largest is not None and part.file_size > largest:
        raise CnnzooError(
            f"{path} must hold at most {largest:,} bytes of {part.filename}; got {part.file_size:,}"
        )


class _Short(io.FileIO):
    """A file of which no more is read at once than a short list of parts takes."""

    def read(self, size: int | None = -1, /) -> Any:
        if size is not None and size > _DIRECTORY:
            raise zipfile.BadZipFile(f"its list of parts takes {size:,} bytes")
        return super().read(size)
