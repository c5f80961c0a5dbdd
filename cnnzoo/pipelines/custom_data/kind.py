"""What your data are, images or texts, by names of files and columns; nothing else is read."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from cnnzoo.pipelines.custom_data import npz, tables

_IMAGES = (".png", ".jpg", ".jpeg")
_MOST = 1_000  # Files of a folder that are looked at.


def kind_of(path: Path, columns: Sequence[str] = ()) -> str:
    """Return "images" or "texts", whichever the data at `path` are if they are any.

    Args:
        path: A folder, a table, or a NumPy archive.
        columns: Of a table, those of inputs and of labels, if not the default ones.

    Raises:
        CnnzooError: A table or archive cannot be read.
    """
    if path.is_dir():
        files = (name for _, _, names in os.walk(path) for name in names)
        return _kind(any(map(_is_image, itertools.islice(files, _MOST))))
    if tables.is_table(path):
        row = tables.first_row(path)
        if columns:
            return _kind(_is_image(str(row.get(columns[0]))))
        return _kind("image" in row and "text" not in row)
    if path.suffix.lower() == ".npz":
        return _kind(not npz.holds_texts(path))
    return "texts"


def _is_image(name: str) -> bool:
    return name.lower().endswith(_IMAGES)


def _kind(images: bool) -> str:
    return "images" if images else "texts"
