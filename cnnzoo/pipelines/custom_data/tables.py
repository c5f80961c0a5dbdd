"""Your data in a table: one row per example, a column of texts or images, a column of labels.

A `.csv` or `.tsv` file begins with a row of column names, a `.jsonl` file has one JSON object per
line; all are UTF-8. Columns are named `text` (or `image`, with paths relative to the table's
folder) and `label`, unless others are named; a column `split`, if any, says train or test. Labels
are strings or whole numbers. Blank lines are no rows.
"""

from __future__ import annotations

import csv
import json
import reprlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.examples import (
    MAX_TEXT_BYTES,
    Found,
    class_name,
    lines_of,
    listed,
)

_DELIMITERS = {".csv": ",", ".tsv": "\t"}


def is_table(path: Path) -> bool:
    """Return whether the file's name is that of a table."""
    return path.suffix.lower() in (*_DELIMITERS, ".jsonl")


def find(path: Path, images: bool, columns: Sequence[str] = ()) -> Found:
    """Return the examples in the table at `path`, row by row.

    Args:
        path: A file for which `is_table` holds.
        images: Whether inputs are paths of images.
        columns: Names of the columns of inputs and of labels, if not the default ones.

    Raises:
        CnnzooError: A column is missing, or a row is wrong; the message names file and line.
    """
    input_column, label_column = columns or ("image" if images else "text", "label")
    needed = (input_column, label_column)
    delimiter = _DELIMITERS.get(path.suffix.lower())
    rows = list(_objects(path, needed) if delimiter is None else _records(path, needed, delimiter))
    if not rows:
        raise CnnzooError(f"{path} must hold examples; got none")
    labels = [class_name(row[label_column], f"{where} {label_column!r}") for where, row in rows]
    texts = [_text(row[input_column], f"{where} {input_column!r}") for where, row in rows]
    has_split = "split" not in needed and any("split" in row for _, row in rows)
    return Found(
        _files(path, texts, [f"{where} {input_column!r}" for where, _ in rows])
        if images
        else texts,
        labels,
        [_split(row.get("split"), where) for where, row in rows] if has_split else [],
        set(labels),
    )


def first_row(path: Path) -> dict[str, Any]:
    """Return the first row of the table at `path`, by column; empty without rows.

    Raises:
        CnnzooError: It is wrong; the message names file and line.
    """
    delimiter = _DELIMITERS.get(path.suffix.lower())
    rows = _objects(path, ()) if delimiter is None else _records(path, (), delimiter)
    return next(rows, ("", {}))[1]


def _objects(path: Path, needed: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where each line of a JSON Lines file stands, and its object."""
    for number, line in enumerate(lines_of(path), start=1):
        where = f"{path}, line {number},"
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CnnzooError(f"{where} must be a JSON object; got {reprlib.repr(line)}") from error
        if not isinstance(row, dict):
            raise CnnzooError(f"{where} must be a JSON object; got {reprlib.repr(line)}")
        _check_columns(row, needed, where)
        yield where, row


def _records(
    path: Path, needed: Sequence[str], delimiter: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where each row of a CSV file begins, and its fields by column."""
    header: list[str] = []
    for where, fields in _rows(path, delimiter):
        if not header:
            header = fields
            _check_columns(header, needed, where)
            continue
        if len(fields) != len(header):
            raise CnnzooError(
                f"{where} must have {len(header)} fields, one per column; got {len(fields)}"
            )
        yield where, dict(zip(header, fields, strict=True))


def _rows(path: Path, delimiter: str) -> Iterator[tuple[str, list[str]]]:
    lines = (f"{line}\n" for line in lines_of(path))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    limit = csv.field_size_limit(MAX_TEXT_BYTES)  # By default 131,072 characters.
    try:
        while True:
            where = f"{path}, line {reader.line_num + 1},"
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise CnnzooError(
                    f"{where} must begin a row whose quoted fields end in a quote, with quotes in "
                    f"them doubled; got {error}"
                ) from error
            if fields:
                yield where, fields
    finally:
        csv.field_size_limit(limit)


def _check_columns(columns: Collection[str], needed: Sequence[str], where: str) -> None:
    there = list(columns)
    for column in needed:
        if column not in there:
            raise CnnzooError(
                f"{where} must have a column {column!r}; got {listed(map(reprlib.repr, there))}"
            )
    for column in (*needed, "split"):
        if there.count(column) > 1:
            raise CnnzooError(
                f"{where} must have one column {column!r}; got {there.count(column)} of them"
            )


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise CnnzooError(f"{where} must be a string; got {reprlib.repr(value)}")
    return value


def _split(value: object, where: str) -> str:
    if value not in ("train", "test"):
        raise CnnzooError(f"{where} 'split' must be train or test; got {reprlib.repr(value)}")
    return str(value)


def _files(table: Path, names: Sequence[str], places: Sequence[str]) -> list[Path]:
    paths = [table.parent / name for name in names]
    for path, where in zip(paths, places, strict=True):
        if not path.is_file():
            raise CnnzooError(f"{where} must name an image file; no such file: {path}")
    return paths
