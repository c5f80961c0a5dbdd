"""Files that are written whole or not at all, and archives that end in their own SHA-256."""

from __future__ import annotations

import contextlib
import hashlib
import io
import lzma
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from cnnzoo.errors import CnnzooError

_DIGEST_BYTES = 64  # SHA-256 in hexadecimal, kept as an archive's comment.
_RANDOM = 8  # Characters that `tempfile` adds to a name.
_BLOCK = 2**20  # Bytes that are read at a time.


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a kill at any moment leaves the old file or the new one.

    Raises:
        OSError: The folder cannot be written or the disk is full; the old file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as file:
        file.write(content)


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to be written, which becomes `path` when all is written, and else is removed.

    Raises:
        OSError: As `write_whole`.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp's 0600 would hide the file from a server.
        os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == temporary:
            error.filename, error.filename2 = str(path), None  # Such as of a folder.
        raise
    sync_folder(path.parent)


def is_temporary(path: Path) -> bool:
    """Return whether `path` is what `new_file` leaves when it is killed."""
    return re.fullmatch(rf"\..+\.[a-z0-9_]{{{_RANDOM}}}", path.name) is not None and path.is_file()


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut; nothing to do where folders do not open."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path, limit: int | None = None) -> bytes:
    """Return the content of the file at `path`.

    Args:
        path: A file.
        limit: Bytes that it may have at most, if there is a limit.

    Raises:
        CnnzooError: There is no such file, it is a folder, it cannot be read or it is too large.
    """
    _check_file(path)
    try:
        size = path.stat().st_size
        if limit is not None and size > limit:
            raise CnnzooError(f"{path} must have at most {limit:,} bytes; got {size:,}")
        return path.read_bytes()
    except OSError as error:
        raise CnnzooError(f"{path} cannot be read: {error.strerror}") from error


def read_xz(path: Path) -> bytes:
    """Return the decompressed content of a file of this package.

    Raises:
        CnnzooError: The file is missing or damaged.
    """
    try:
        return lzma.decompress(path.read_bytes())
    except (OSError, lzma.LZMAError, EOFError) as error:
        raise CnnzooError(f"{path} is damaged ({error}); install cnnzoo again") from error


def _check_file(path: Path) -> None:
    try:
        found, what = path.is_file(), "a folder" if path.is_dir() else "nothing"
    except (OSError, ValueError) as error:  # Such as of a name that is too long for any file.
        raise CnnzooError(f"{str(path)[:100]!r} must be the path of a file; it is none") from error
    if not found:
        raise CnnzooError(f"{path} must be a file; there is {what}")


def write_sealed(path: Path, parts: Mapping[str, bytes]) -> None:
    """Write a ZIP archive of `parts`, whole or not at all, that ends in the SHA-256 of the rest.

    Raises:
        OSError: As `write_whole`.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
        archive.comment = b"0" * _DIGEST_BYTES
    content = buffer.getvalue()[:-_DIGEST_BYTES]
    write_whole(path, content + hashlib.sha256(content).hexdigest().encode())


def check_seal(path: Path) -> None:
    """Check that the archive at `path` is as `write_sealed` wrote it; takes little memory.

    Raises:
        CnnzooError: No such file is found, or a bit of it has changed.
    """
    _check_file(path)
    digest = hashlib.sha256()
    left = max(0, path.stat().st_size - _DIGEST_BYTES)
    with path.open("rb") as file:
        while left and (block := file.read(min(left, _BLOCK))):
            digest.update(block)
            left -= len(block)
        if file.read() != digest.hexdigest().encode():
            raise CnnzooError(
                f"{path} is damaged or was not written by cnnzoo: its SHA-256 does not match"
            )


def read_sealed(path: Path) -> dict[str, bytes]:
    """Return the parts of an archive that `write_sealed` wrote.

    Raises:
        CnnzooError: As `check_seal`, or its parts are compressed.
    """
    check_seal(path)
    with zipfile.ZipFile(path) as archive:
        size = sum(part.file_size for part in archive.infolist())
        if size > path.stat().st_size:
            raise CnnzooError(f"{path} must hold its parts as they are; got {size:,} bytes of them")
        return {name: archive.read(name) for name in archive.namelist()}


def replace_between(path: Path, name: str, text: str) -> None:
    """Replace what stands between the marks of section `name` in a Markdown file by `text`.

    Raises:
        CnnzooError: The marks are missing.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, first, rest = read(path).decode().partition(begin)
    _, last, after = rest.partition(end)
    if not first or not last:
        raise CnnzooError(f"{path} must hold the lines {begin!r} and {end!r}")
    write_whole(path, f"{before}{begin}\n{text}\n{end}{after}".encode())
