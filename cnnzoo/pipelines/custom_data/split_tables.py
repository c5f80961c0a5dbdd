"""Your data in a folder of tables, one or several for each split, by the names of the files.

Such as `train.csv` and `test.csv`, or `train-00000-of-00002.parquet` as Hugging Face's hub has it.
A table without the column of labels, as competitions give one out for test, holds no examples: it
is left out, as are other files, and counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data import tables
from cnnzoo.pipelines.custom_data.examples import SPLITS, Found, Input
from cnnzoo.pipelines.custom_data.rows import SPLIT, MissingColumnError

_PART = re.compile(r"[-_.]\d+(-of-\d+)?$")  # Behind the name of a split.


def by_split(folder: Path) -> dict[str, list[Path]]:
    """Return the tables of each split, in alphabetical order.

    None if none is for training, or if a folder is.

    Raises:
        CnnzooError: The folder cannot be read, or a split has tables of several kinds.
    """
    found: dict[str, list[Path]] = {}
    for path in _files(folder):
        split = SPLITS.get(_PART.sub("", path.stem.lower()))
        if split == "train" and path.is_dir():
            return {}
        if split and tables.is_table(path):
            found.setdefault(split, []).append(path)
    for split, paths in found.items():
        kinds = sorted({path.suffix.lower() for path in paths})
        if len(kinds) > 1:
            raise CnnzooError(f"{folder} must hold tables of one kind for {split}; got {kinds}")
    return found if "train" in found else {}


def find(
    folder: Path, images: bool, columns: Sequence[str] = (), encoding: str | None = None
) -> Found:
    """Return the examples in the tables of a folder for which `by_split` finds some.

    Args and errors are those of `tables.find`.

    Raises:
        CnnzooError: A table has a column of splits, beside the split that its name says.
    """
    inputs: list[Input] = []
    labels: list[str] = []
    splits: list[str] = []
    of_split = by_split(folder)
    read = [path for paths in of_split.values() for path in paths]
    left_out = [path for path in _files(folder) if path not in read]
    for split, path in ((split, path) for split, paths in of_split.items() for path in paths):
        try:
            found = tables.find(path, images, columns, encoding)
        except MissingColumnError as error:
            if split == "train" or error.column != (columns or tables.default_columns(images))[1]:
                raise
            left_out.append(path)
            continue
        if found.splits:
            raise CnnzooError(
                f"{path} must have no column {SPLIT!r}: its name says that it is for {split}"
            )
        inputs += found.inputs
        labels += found.labels
        splits += [split] * len(found.labels)
    shown = [path.name for path in sorted(left_out)]
    return Found(inputs, labels, splits, set(labels), set(splits), shown)


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise CnnzooError(f"{folder} cannot be read: {error.strerror}") from error
