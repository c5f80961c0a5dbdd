"""The list of examples that an audit names, as a CSV file, and what training leaves out by it."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cnnzoo.datasets import Dataset, Examples
from cnnzoo.datasets.encoded import EncodedImages
from cnnzoo.errors import CnnzooError
from cnnzoo.files import read
from cnnzoo.pipelines.custom_data.tables import delimiter_of
from cnnzoo.pipelines.texts import read_lines
from cnnzoo.quiet import log

COLUMNS = (
    *("finding", "split", "index", "example", "label", "proposed_label"),
    *("score", "group", "remark", "leave_out", "content"),
)
_NEEDED = ("split", "index", "leave_out", "content")
_WORDS = {"yes": True, "true": True, "1": True, "": False, "no": False, "false": False, "0": False}
_LIMIT = 2**30  # Bytes of a list.


class LeftOut(NamedTuple):
    """Training examples that a list names."""

    places: np.ndarray  # Indices in the training split, ascending, int64.
    others: int  # Examples of other splits that are named too; they stay.
    sha256: str  # Of the file.


def content_of(examples: Examples, place: int) -> str:
    """Return twelve hexadecimal digits of the SHA-256 of one example as it is stored.

    Args:
        examples: With images as they are stored, if they are files.
        place: Among them.
    """
    one = stored(examples.inputs, place)[0]
    content = one.encode() if isinstance(one, str) else one
    return hashlib.sha256(
        content if isinstance(content, bytes) else np.asarray(content).tobytes()
    ).hexdigest()[:12]


def stored(inputs: Any, place: int) -> tuple[Any, str]:
    """Return an example as it is stored, and the path of its file, "" if it has none."""
    if not isinstance(inputs, EncodedImages):
        return inputs[place], ""
    content, name = inputs.fetch(int(inputs.places[place]))
    return content, name if isinstance(content, bytes) else ""


def read_left_out(path: Path, dataset: Dataset) -> LeftOut:
    """Return what the list at `path`, which an audit of `dataset` wrote, leaves out.

    Raises:
        CnnzooError: It is no such list, or one of other data.
    """
    places, others = set(), set()
    training = dataset.examples("train", encoded=True)
    for line, row in _rows(path):
        word = row["leave_out"].strip().lower()
        if word not in _WORDS:
            raise CnnzooError(
                f"{path}, line {line}, leave_out must be yes or empty; got {row['leave_out']!r}"
            )
        if not _WORDS[word]:
            continue
        if row["split"] != "train":
            others.add((row["split"], row["index"]))
            continue
        index = row["index"]
        known = index.isdecimal() and int(index) < len(training.labels)
        if not known or content_of(training, int(index)) != row["content"]:
            raise CnnzooError(
                f"leave_out must be an audit of these data; line {line} of {path} names another "
                f"training example {index} than {dataset.name} has: audit the data again"
            )
        places.add(int(index))
    digest = hashlib.sha256(read(path)).hexdigest()
    return LeftOut(np.array(sorted(places), np.int64), len(others), digest)


def without(
    path: str, dataset: Dataset, examples: Examples, training: np.ndarray, folds: bool
) -> tuple[np.ndarray, str]:
    """Return the indices of `training` that a list does not leave out, and the list's SHA-256.

    Args:
        path: Of the list.
        dataset: Of the examples.
        examples: Those in which `training` counts.
        training: Indices of training examples; validation and test examples stay, all of them.
        folds: Whether `examples` are those of all splits, one after the other.

    Raises:
        CnnzooError: As `read_left_out`, or no example of a class is left.
    """
    found = read_left_out(Path(path), dataset)
    before = [split for split in dataset.sizes if split != "train"] if folds else []
    before = before[: list(dataset.sizes).index("train")]
    first = sum(dataset.sizes[split] for split in before)
    kept = np.setdiff1d(training, found.places + first)
    gone = len(training) - len(kept)
    stay = len(found.places) - gone + found.others
    rest = f"; {stay:,} others that it names are for validation or test, and stay" if stay else ""
    log(f"leave_out  {gone:,} of {len(training):,} training examples, by {path}{rest}")
    labels = np.asarray(examples.labels)
    emptied = np.setdiff1d(labels[training], labels[kept])
    if len(emptied):
        name = dataset.class_names[int(emptied[0])]
        raise CnnzooError(f"leave_out must leave training examples of {name!r}; {path} leaves none")
    return kept, found.sha256


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the fields of each row.

    Raises:
        CnnzooError: The file is no list of an audit.
    """
    lines = read_lines(path, None, _LIMIT)
    delimiter = delimiter_of(lines[0] if lines else "", _NEEDED)
    rows = csv.reader(lines, delimiter=delimiter)
    try:
        header = next(rows, [])
        missing = [name for name in _NEEDED if name not in header]
        if missing:
            raise CnnzooError(
                f"leave_out must be a CSV file that cnnzoo audit wrote; {path} has no column "
                f"{missing[0]!r}"
            )
        for row in rows:
            if row:
                fields = [*row, *[""] * (len(header) - len(row))]
                yield rows.line_num, dict(zip(header, fields, strict=False))
    except csv.Error as error:
        raise CnnzooError(f"{path}, line {rows.line_num}, must be a row of CSV: {error}") from error
