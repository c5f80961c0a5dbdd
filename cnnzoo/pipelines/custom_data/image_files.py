"""Which files of a folder are images, whatever an operating system leaves next to them."""

from __future__ import annotations

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
    for path in _entries(folder):
        if is_of_the_system(path.name) or not path.is_dir():
            left_out.append(path)
            continue
        classes[path.name] = []
        for file in _files(path, set()):
            (classes[path.name] if is_image(file) else left_out).append(file)
    if not classes:
        raise CnnzooError(f"{folder} must hold a folder of images for each class; it has no folder")
    return classes


def is_image(path: Path) -> bool:
    """Return whether a file is an image, by its suffix or, without a known one, its first bytes."""
    if is_of_the_system(path.name):
        return False
    kind, _ = mimetypes.guess_type(path.name.lower())
    if kind is not None or path.suffix.lower() in _SUFFIXES:
        return path.suffix.lower() in _SUFFIXES or str(kind).startswith("image/")
    try:
        with path.open("rb") as file:
            return file.read(4).startswith(_MAGIC)
    except OSError:
        return False


def is_of_the_system(name: str) -> bool:
    """Return whether a file or folder is hidden, or one that an operating system leaves."""
    return name.startswith(".") or name.lower() in _SYSTEM


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise CnnzooError(f"{folder} cannot be read: {error.strerror}") from error


def _files(folder: Path, seen: set[str]) -> Iterator[Path]:
    """Yield the files below `folder`; a link back to a folder above is not followed again."""
    real = os.path.realpath(folder)
    if real in seen:
        return
    for path in _entries(folder):
        if path.is_dir() and not is_of_the_system(path.name):
            yield from _files(path, seen | {real})
        else:
            yield path
