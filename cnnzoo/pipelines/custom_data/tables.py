"""Your data in a table: one row per example, a column of texts or images, a column of labels.

A `.csv` file is as RFC 4180 and Excel have it, with commas or semicolons; a `.tsv` file has tabs
and no quotes. Both begin with a row of column names. A `.jsonl` file has one JSON object per line;
a `.parquet` file knows its columns, may hold images themselves, and its numbers of classes may
have names. Columns are named `text` (or `image`, with paths relative to the table's folder) and
`label`, unless others are named; a column `split`, if any, says train,
validation or test. Labels of CSV and TSV are names as they stand. Blank lines are no rows.
"""

from __future__ import annotations

import csv
import json
import reprlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data import examples, parquet
from cnnzoo.pipelines.custom_data.examples import (
    SPLITS,
    Found,
    Input,
    class_names_of,
    image_of,
    text_of,
)
from cnnzoo.pipelines.custom_data.rows import SPLIT, Reader, Row, places_of, row_of
from cnnzoo.pipelines.texts import read_lines


def is_table(path: Path) -> bool:
    """Return whether the file's name is that of a table."""
    return path.suffix.lower() in READERS


def find(
    path: Path, images: bool, columns: Sequence[str] = (), encoding: str | None = None
) -> Found:
    """Return the examples in the table at `path`, row by row.

    Args:
        path: A file for which `is_table` holds.
        images: Whether inputs are images.
        columns: Names of the columns of inputs and of labels, if not the default ones.
        encoding: Of its text, where that is not UTF-8.

    Raises:
        CnnzooError: A column is missing, or a row is wrong; the message names file and line.
    """
    suffix = path.suffix.lower()
    needed = tuple(columns) or default_columns(images)
    rows = list(READERS[suffix](path, needed, encoding))
    unit = "row" if suffix == ".parquet" else "line"
    return found_of(rows, needed, f"{path}, {unit}", path.parent if images else None)


def default_columns(images: bool) -> tuple[str, str]:
    """Return the names of the columns of inputs and of labels."""
    return "image" if images else "text", "label"


def found_of(
    rows: Sequence[Row],
    needed: Sequence[str],
    name: str,
    folder: Path | None,
    class_names: Sequence[str] = (),
) -> Found:
    """Return the examples in `rows`.

    Args:
        rows: Of the table.
        needed: Names of the columns of inputs and of labels.
        name: Stands before the place of a row in a message.
        folder: To which paths of images are relative; None where inputs are texts.
        class_names: If known.

    Raises:
        CnnzooError: There are no rows, or one is wrong.
    """
    if not rows:
        raise CnnzooError(f"{name.rpartition(',')[0] or name} must hold examples; got none")

    def where(place: int, column: str) -> str:
        return f"{name} {rows[place].place}, {column!r}"

    labels = class_names_of(
        [row.label for row in rows], lambda place: where(place, needed[1]), class_names
    )
    splits: list[str] = []
    if any(row.split is not None for row in rows):
        splits = [_split(row.split, where, place) for place, row in enumerate(rows)]
    inputs: list[Input] = []
    for place, row in enumerate(rows):
        at = where(place, needed[0])
        inputs.append(text_of(row.input, at) if folder is None else image_of(row.input, at, folder))
    return Found(inputs, labels, splits, set(labels), set(splits))


Where = Callable[[int, str], str]  # From the index of a row and a column to what to call both.


def _split(value: object, where: Where, place: int) -> str:
    split = SPLITS.get(value.strip().casefold()) if isinstance(value, str) else None
    if split is None:
        raise CnnzooError(
            f"{where(place, SPLIT)} must be train, validation or test; got {reprlib.repr(value)}"
        )
    return split


def _csv(path: Path, needed: Sequence[str], encoding: str | None) -> Iterator[Row]:
    lines = read_lines(path, encoding, examples.MAX_TEXT_BYTES)
    delimiter = stated_delimiter(lines[0]) if lines else ""
    first = 2 if delimiter else 1
    lines = lines[first - 1 :]
    delimiter = delimiter or delimiter_of(next((line for line in lines if line), ""), needed)
    return _records(path, needed, list(_quoted(path, lines, delimiter, first)))


def stated_delimiter(line: str) -> str:
    """Return the sign that a first line such as "sep=;", which Excel writes, states, or ""."""
    return line[4] if len(line) == 5 and line.lower().startswith("sep=") else ""


def delimiter_of(header: str, needed: Sequence[str]) -> str:
    """Return the sign between columns: a comma, unless only another gives the columns needed."""
    for columns in (needed, needed[:1]):  # The message about another one then names them all.
        for delimiter in (",", ";", "\t"):
            try:
                places_of(next(csv.reader([header], delimiter=delimiter), []), columns, "")
            except (CnnzooError, csv.Error):
                continue
            return delimiter
    return ","


def _tsv(path: Path, needed: Sequence[str], encoding: str | None) -> Iterator[Row]:
    """Yield the rows of a file without quotes, or of one that only quotes give rows of one length.

    The latter is what Excel writes where fields have line breaks.
    """
    lines = read_lines(path, encoding, examples.MAX_TEXT_BYTES)
    rows = [(place, line.split("\t")) for place, line in enumerate(lines, start=1) if line]
    if len({len(fields) for _, fields in rows}) > 1:
        try:
            quoted = list(_quoted(path, lines, "\t", 1))
        except CnnzooError:
            quoted = []
        if len({len(fields) for _, fields in quoted}) == 1:
            rows = quoted
    return _records(path, needed, rows)


def _records(
    path: Path, needed: Sequence[str], rows: Sequence[tuple[int, list[str]]]
) -> Iterator[Row]:
    if not rows:
        return
    (line, header), *others = rows
    places = places_of(header, needed, f"{path}, line {line},")
    for line, fields in others:
        if len(fields) != len(header):
            raise CnnzooError(
                f"{path}, line {line}, must have {len(header)} fields, one per column; "
                f"got {len(fields)}"
            )
        yield row_of(line, fields, places)


def _quoted(
    path: Path, lines: Sequence[str], delimiter: str, first: int
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line where each row of a CSV file begins, and its fields; `first` is its first."""
    header = next((line for line in lines if line), "")
    reader = csv.reader(
        (f"{line}\n" for line in lines),
        delimiter=delimiter,
        strict=True,
        skipinitialspace=f"{delimiter} " in header,
    )
    limit = csv.field_size_limit(examples.MAX_TEXT_BYTES)  # By default 131,072 characters.
    try:
        while True:
            line = first + reader.line_num
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise CnnzooError(
                    f"{path}, line {line}, must begin a row whose quoted fields end in a quote, "
                    f"with quotes in them doubled; got {error}"
                ) from error
            if fields:
                yield line, fields
    finally:
        csv.field_size_limit(limit)


def _jsonl(path: Path, needed: Sequence[str], encoding: str | None) -> Iterator[Row]:
    lines = read_lines(path, encoding, examples.MAX_TEXT_BYTES)
    for number, line in enumerate(lines, start=1):
        where = f"{path}, line {number},"
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CnnzooError(f"{where} must be a JSON object; got {reprlib.repr(line)}") from error
        if not isinstance(row, dict):
            raise CnnzooError(f"{where} must be a JSON object; got {reprlib.repr(line)}")
        yield row_of(number, list(row.values()), places_of(list(row), needed, where))


READERS: dict[str, Reader] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".parquet": parquet.rows,
}
