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
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cnnzoo.errors import CnnzooError
from cnnzoo.extras import install
from cnnzoo.pipelines.custom_data import examples
from cnnzoo.pipelines.custom_data.examples import (
    SPLITS,
    Found,
    Input,
    class_names_of,
    image_of,
    listed,
    text_of,
)
from cnnzoo.pipelines.texts import read_lines

SPLIT = "split"  # The column.


class MissingColumnError(CnnzooError):
    """A table lacks a column that is needed.

    Args:
        where: Begins the message.
        column: That is missing.
        names: Of the columns that there are.
    """

    def __init__(self, where: str, column: str, names: Sequence[str]) -> None:
        got = listed(map(reprlib.repr, names))
        super().__init__(f"{where} must have a column {column!r}; got {got}")
        self.column = column


class Row(NamedTuple):
    """One row of a table: its place, as people count there, and what its columns hold."""

    place: int
    input: Any
    label: Any
    split: Any = None


Reader = Callable[[Path, Sequence[str], "str | None"], Iterator[Row]]


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


def places_of(columns: Sequence[str], needed: Sequence[str], where: str) -> list[int | None]:
    """Return where inputs, labels and splits, if any, stand among `columns`.

    White space around a name does not count, nor does its case where no other has the same letters.

    Raises:
        CnnzooError: A column is missing, or stands twice; `where` begins the message.
    """
    names = [column.strip() for column in columns]
    places: list[int | None] = []
    for column in (*needed, *([] if SPLIT in needed else [SPLIT])):
        found = [place for place, name in enumerate(names) if name == column]
        if not found:
            folded = column.casefold()
            found = [place for place, name in enumerate(names) if name.casefold() == folded]
        if len(found) > 1:
            raise CnnzooError(f"{where} must have one column {column!r}; got {len(found)} of them")
        if not found and column in needed:
            raise MissingColumnError(where, column, names)
        places.append(found[0] if found else None)
    return places


def _row(place: int, fields: Sequence[Any], places: Sequence[int | None]) -> Row:
    return Row(place, *(None if column is None else fields[column] for column in places))


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
    for delimiter in (",", ";", "\t"):
        try:
            places_of(next(csv.reader([header], delimiter=delimiter), []), needed, "")
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
        yield _row(line, fields, places)


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
        yield _row(number, list(row.values()), places_of(list(row), needed, where))


def _parquet(path: Path, needed: Sequence[str], encoding: str | None) -> Iterator[Row]:
    reader = parquet_file(path)
    from pyarrow import ArrowException

    try:
        with reader as file:
            names = file.schema_arrow.names
            places = places_of(names, needed, str(path))
            chosen = [names[place] for place in places if place is not None]
            classes = _classes(file.schema_arrow.metadata, chosen[1]) if chosen[1:] else []
            count = read = 0

            def where(_: int) -> str:
                return f"{path}, row {count}, {chosen[1]!r}"

            for batch in file.iter_batches(1_024, columns=chosen):
                read += batch.nbytes
                if read > examples.MAX_TEXT_BYTES:
                    raise CnnzooError(
                        f"{path} must hold at most {examples.MAX_TEXT_BYTES:,} bytes in its columns"
                    )
                for fields in zip(
                    *(batch.column(name).to_pylist() for name in chosen), strict=True
                ):
                    count += 1
                    row = Row(count, *fields)
                    if classes:
                        (name,) = class_names_of([row.label], where, classes)
                        row = row._replace(label=name)
                    yield row
    except (ArrowException, OSError) as error:
        raise CnnzooError(f"{path} must be a Parquet file; it is none, or damaged") from error


def _classes(metadata: Mapping[bytes, bytes] | None, column: str) -> list[str]:
    """Return the names of the classes that the numbers in a column stand for, if they are stated.

    Hugging Face's `datasets` state them in the file's metadata.
    """
    try:
        stated = json.loads((metadata or {})[b"huggingface"])
        names = stated["info"]["features"][column]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return []
    named = isinstance(names, list) and all(isinstance(one, str) for one in names)
    return names if named and len({one.strip() for one in names}) == len(names) else []


def parquet_file(path: Path) -> Any:
    """Return pyarrow's reader of a file.

    Raises:
        CnnzooError: pyarrow is not installed, or the file is damaged.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise CnnzooError(
            f"pyarrow must be installed for {path}; run: {install('parquet')}"
        ) from error
    try:
        return ParquetFile(path)
    except (ArrowException, OSError) as error:
        raise CnnzooError(f"{path} must be a Parquet file; it is none, or damaged") from error


READERS: dict[str, Reader] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".parquet": _parquet,
}
