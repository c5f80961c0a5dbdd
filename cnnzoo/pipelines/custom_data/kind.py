"""What your data are, images or texts, by names of files and columns; nothing else is read."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data import npz, split_tables, tables
from cnnzoo.pipelines.custom_data.image_files import is_image

_MOST = 1_000  # Files of a folder that are looked at.


def kind_of(path: Path, columns: Sequence[str] = ()) -> str:
    """Return "images" or "texts", whichever the data at `path` are if they are any.

    Args:
        path: A folder, a table, or a NumPy archive.
        columns: Of a table, those of inputs and of labels, if not the default ones.

    Raises:
        CnnzooError: A table or archive cannot be read.
    """
    of_split = split_tables.by_split(path) if path.is_dir() else {}
    of_tables = _of_table(of_split["train"][0], columns) if of_split else None
    if of_tables is not None:
        return of_tables
    if path.is_dir():
        return _kind(any(map(is_image, itertools.islice(_files(path), _MOST))))
    if tables.is_table(path):
        return _of_table(path, columns) or "texts"
    if path.suffix.lower() == ".npz":
        return _kind(not npz.holds_texts(path))
    return "texts"


def count_images(folder: Path, most: int) -> int:
    """Return how many images, by their names, are below `folder`, or `most` if there are more."""
    return sum(1 for _ in itertools.islice(filter(is_image, _files(folder)), most))


def _files(folder: Path) -> Iterator[Path]:
    return (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)


def _of_table(path: Path, columns: Sequence[str]) -> str | None:
    """Return the kind of a table's first input, None where it has none, or not these columns."""
    if not columns and _first(path, tables.default_columns(False)) is not None:
        return "texts"
    first = _first(path, columns or tables.default_columns(True))
    if first is None:
        return None
    return _kind(isinstance(first, (bytes, dict)) or is_image(Path(str(first))))


def _first(path: Path, columns: Sequence[str]) -> object:
    """Return the first input of a table, or None where it has none, or not these columns."""
    try:
        row = next(iter(tables.READERS[path.suffix.lower()](path, tuple(columns), None)), None)
    except CnnzooError:
        return None
    return None if row is None else row.input


def _kind(images: bool) -> str:
    return "images" if images else "texts"
