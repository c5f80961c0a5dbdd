"""Trained networks that come with the package: compressed artifacts, one per recipe."""

from __future__ import annotations

import contextlib
import io
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from cnnzoo.files import read_xz
from cnnzoo.registry import matching

FOLDER = Path(__path__[0])
SUFFIX, LIGHT = ".keras.xz", ".light.xz"


def list_weights(pattern: str = "*") -> list[str]:
    """Return the names of the shipped models that match the shell-style `pattern`.

    Raises:
        CnnzooError: The pattern is not text.
    """
    return matching(pattern, (path.name.removesuffix(SUFFIX) for path in FOLDER.glob(f"*{SUFFIX}")))


@contextlib.contextmanager
def unpacked(name: str) -> Iterator[Path]:
    """Yield the path of the artifact `name` of `list_weights()`, a file that goes afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.keras"
        path.write_bytes(read_xz(FOLDER / f"{name}{SUFFIX}"))
        yield path


def light_parts(name: str) -> dict[str, bytes] | None:
    """Return what answers without Keras for `name`, by the names of an artifact's parts.

    None where it ships as an artifact alone.
    """
    path = FOLDER / f"{name}{LIGHT}"
    if not path.is_file():
        return None
    with zipfile.ZipFile(io.BytesIO(read_xz(path))) as archive:
        return {part: archive.read(part) for part in archive.namelist()}
