"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cnnzoo.errors import CnnzooError


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a kill at any moment leaves the old file or the new one.

    Raises:
        OSError: The folder cannot be written or the disk is full; the old file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp's 0600 would hide the file from a server.
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


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
    if not path.is_file():
        what = "a folder" if path.is_dir() else "nothing"
        raise CnnzooError(f"{path} must be a file; there is {what}")
    try:
        size = path.stat().st_size
        if limit is not None and size > limit:
            raise CnnzooError(f"{path} must have at most {limit:,} bytes; got {size:,}")
        return path.read_bytes()
    except OSError as error:
        raise CnnzooError(f"{path} cannot be read: {error.strerror}") from error


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
