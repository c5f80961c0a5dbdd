"""Which files of a folder are images, whatever an operating system leaves next to them."""

from __future__ import annotations

import functools
import mimetypes
import os
from collections.abc import Iterator
from pathlib import Path

from cnnzoo.errors import CnnzooError

# Not known to `mimetypes` on every system.
_SUFFIXES = {".avif", ".heic", ".heif", ".jfif", ".jpe", ".jxl", ".webp"}
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")
_SYSTEM = {"thumbs.db", "desktop.ini", "__macosx", "lost+found", "$recycle.bin"}


def images_by_class(folder: Path, left_out: list[Path]) -> dict[str, list[Path]]:
    """Return the image files below each folder in `folder`, in alphabetical order.

    Folders in these may be nested and links are followed. What is no image is added to `left_out`;
    what is an image by its name is returned whether it can be read or not.

    Raises:
        CnnzooError: There are no folders, or one cannot be read.
    """
    classes: dict[str, list[Path]] = {}
    for entry in _entries(folder):
        if is_of_the_system(entry.name) or not entry.is_dir():
            left_out.append(Path(entry.path))
            continue
        classes[entry.name] = []
        for file in map(Path, _files(entry.path, set())):
            (classes[entry.name] if is_image(file) else left_out).append(file)
    if not classes:
        raise CnnzooError(f"{folder} must hold a folder of images for each class; it has no folder")
    return classes


def is_image(path: Path) -> bool:
    """Return whether a file is an image, by its suffix or, without a known one, its first bytes."""
    if is_of_the_system(path.name):
        return False
    known = _known(path.suffix.lower())
    if known is not None:
        return known
    try:
        with path.open("rb") as file:
            return file.read(4).startswith(_MAGIC)
    except OSError:
        return False


@functools.cache
def _known(suffix: str) -> bool | None:
    """Return whether files with `suffix` are images; None where that is not known."""
    kind, _ = mimetypes.guess_type(f"name{suffix}")
    return True if suffix in _SUFFIXES else None if kind is None else kind.startswith("image/")


def is_of_the_system(name: str) -> bool:
    """Return whether a file or folder is hidden, or one that an operating system leaves."""
    return name.startswith(".") or name.lower() in _SYSTEM


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise CnnzooError(f"{folder} cannot be read: {error.strerror}") from error


def _files(folder: str, seen: set[str]) -> Iterator[str]:
    """Yield the files below `folder`; a link back to a folder above is not followed again."""
    real = os.path.realpath(folder)
    if real in seen:
        return
    for entry in _entries(folder):
        if entry.is_dir() and not is_of_the_system(entry.name):
            yield from _files(entry.path, seen | {real})
        else:
            yield entry.path
