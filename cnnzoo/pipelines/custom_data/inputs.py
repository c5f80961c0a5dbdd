"""Inputs to predict, one after the other: files, texts, folders of them, and rows of tables.

A folder stands for all files of the network's kind below it, in alphabetical order; hidden ones are
left out. A table is a file for which `tables.is_table` holds, with a column `text`, or `image`
or `sound` with paths relative to the table's folder, or a column named in brackets behind it:
`reviews.csv[review]`. It is read row by row, in constant memory.
"""

from __future__ import annotations

import csv
import functools
import itertools
import json
import os
import re
import reprlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from cnnzoo.addresses import WHOLE, is_address, local_name
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data import parquet, tables
from cnnzoo.pipelines.custom_data.examples import image_of, text_of
from cnnzoo.pipelines.custom_data.image_files import is_image, is_of_the_system
from cnnzoo.pipelines.custom_data.rows import places_of
from cnnzoo.pipelines.texts import marked_encoding

_SUFFIXES = {"images": (".npy",), "sounds": (".wav", ".npy"), "texts": (".txt",)}
_LONGEST = 2**22  # Characters of a field; a quote that is never closed would take the whole file.
_BLOCK = 2**20  # Bytes that are read at a time.


class Unreadable(NamedTuple):
    """An input that a table should have, but has not."""

    name: str
    error: str


class Inputs:
    """Iterates over what the arguments of a command mean, again from the start each time.

    Yields paths, texts, and `Unreadable` for rows that hold no input.
    """

    def __init__(self, arguments: Sequence[str], kind: str, encoding: str | None = None) -> None:
        """Take the arguments.

        Args:
            arguments: Paths of files, folders and tables, or addresses of these, or texts.
            kind: Of the network's raw input: "images", "sounds" or "texts".
            encoding: Of CSV and TSV files, where that is not UTF-8.
        """
        self.arguments = [local_name(one) if _is_address(one, kind) else one for one in arguments]
        self.kind, self.encoding = kind, encoding
        self.left_out = 0  # Files in folders that are of another kind, of those seen so far.

    def __iter__(self) -> Iterator[Any]:
        self.left_out = 0
        for argument in self.arguments:
            path, column = _table(argument)
            if path is not None:
                yield from self._of_table(path, column)
            elif os.path.isdir(argument):
                yield from self._of_folder(argument)
            elif self.kind == "texts" and _is_text_file(argument):
                yield Path(argument)
            else:
                yield argument

    @property
    def are_single(self) -> bool:
        """Whether each argument is one file or one text."""
        return not any(
            _table(one)[0] or os.path.isdir(one) or (self.kind == "texts" and _is_text_file(one))
            for one in self.arguments
        )

    def count(self) -> int:
        """Return how many inputs there are; of CSV files with fields of several lines, at most."""
        return sum(self._count(argument) for argument in self.arguments)

    def _count(self, argument: str) -> int:
        path, _ = _table(argument)
        if path is not None and path.suffix.lower() == ".parquet":
            return parquet.opened(path).metadata.num_rows
        if path is not None:
            with path.open("rb") as file:
                lines = sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
            return max(lines - (path.suffix.lower() in (".csv", ".tsv")), 1)
        if not os.path.isdir(argument):
            return 1
        return sum(map(self._is_input, _files(argument)))

    def _of_folder(self, folder: str) -> Iterator[Path]:
        for name in _files(folder):
            if self._is_input(name):
                yield Path(name)
            else:
                self.left_out += 1

    def _is_input(self, name: str) -> bool:
        suffixed = name.lower().endswith(_SUFFIXES[self.kind])
        return suffixed or (self.kind == "images" and is_image(Path(name)))

    def _of_table(self, path: Path, column: str) -> Iterator[Any]:
        column = column or self.kind.removesuffix("s")
        csv_rows = functools.partial(_csv_rows, encoding=self.encoding)
        others = {".jsonl": _json_rows, ".ndjson": _json_rows, ".parquet": _parquet_rows}
        for where, value in others.get(path.suffix.lower(), csv_rows)(path, column):
            if isinstance(value, CnnzooError):
                yield Unreadable(where, str(value))
            else:
                yield self._input(value, f"{where} {column!r}", path.parent)

    def _input(self, value: Any, where: str, folder: Path) -> Any:
        """Return the text or the image that a field of a table means."""
        try:
            if self.kind == "texts":
                text = text_of(value, where)
                text.encode()
                return text
            return image_of(value, where, folder) if self.kind == "images" else folder / value
        except (UnicodeError, TypeError):
            got = reprlib.repr(value)
            return Unreadable(where, f"{where} must be Unicode text; got {got}")
        except CnnzooError as error:
            return Unreadable(where, str(error))


def _is_address(argument: str, kind: str) -> bool:
    """Return whether an argument is the address of inputs; a text may well begin with one."""
    if not is_address(argument) or kind != "texts":
        return is_address(argument)
    path = re.sub(r"\[[^][]*\]$", "", argument).partition("?")[0].lower()
    return argument.lower().startswith(WHOLE) or path.endswith((*tables.READERS, ".txt"))


def _table(argument: str) -> tuple[Path | None, str]:
    """Return the table that an argument names, or None, and the column in brackets behind it."""
    found = None if os.path.exists(argument) else re.fullmatch(r"(.+)\[([^][]*)\]", argument)
    path, columns = (argument, "") if found is None else found.groups()
    if not path.lower().endswith(tuple(tables.READERS)) or not os.path.isfile(path):
        return None, ""
    return Path(path), columns.split(",")[0].strip()  # A second one, of labels, is for training.


def _is_text_file(argument: str) -> bool:
    return argument.lower().endswith(".txt") and os.path.isfile(argument)


def _files(folder: str) -> Iterator[str]:
    """Yield the paths of all files below a folder that are not hidden, folder by folder."""
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not is_of_the_system(name))
        yield from (os.path.join(parent, one) for one in sorted(names) if not is_of_the_system(one))


def _csv_rows(path: Path, column: str, encoding: str | None) -> Iterator[tuple[str, Any]]:
    """Yield where each row begins, and its field in `column`, or what is wrong with it."""
    limit = csv.field_size_limit(_LONGEST)
    try:
        with _opened(path, encoding) as file:
            reader, header, before = _reader(path, file, column)
            place = places_of(header, (column,), str(path))[0] or 0
            while True:
                where = f"{path}, line {before + reader.line_num + 1},"
                try:
                    fields = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield where, CnnzooError(f"{where} must be a row of fields; got {error}")
                    continue
                if len(fields) == len(header):
                    yield where, fields[place]
                elif fields:
                    rule = f"must have {len(header)} fields, one per column; got {len(fields)}"
                    yield where, CnnzooError(f"{where} {rule}")
    finally:
        csv.field_size_limit(limit)


def _opened(path: Path, encoding: str | None) -> TextIO:
    """Open a text file; what is not in its encoding is no Unicode, and so are its rows."""
    with path.open("rb") as file:
        known = marked_encoding(file.read(4)) or encoding or "utf-8"
    errors = "surrogateescape" if known == "utf-8" else "replace"
    return path.open(encoding=known, errors=errors, newline="")


def _reader(path: Path, file: TextIO, column: str) -> tuple[Any, list[str], int]:
    """Return the reader of a file's rows, the names of its columns, and the lines before these.

    Raises:
        CnnzooError: It begins with something else.
    """
    # As in `tables`, a TSV file has quotes only where these alone give rows of one length.
    tabs = path.suffix.lower() == ".tsv"
    plain = tabs and len({line.count("\t") for line in file if line.strip("\r\n")}) == 1
    file.seek(0)
    first = file.readline().removeprefix("\ufeff")
    stated = tables.stated_delimiter(first.rstrip("\r\n"))
    if stated:
        first = file.readline()
    lines = itertools.chain([first], file)
    if plain:
        reader = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        header = first.rstrip("\r\n")
        delimiter = "\t" if tabs else stated or tables.delimiter_of(header, (column,))
        reader = csv.reader(lines, delimiter=delimiter)
    try:
        return reader, next(filter(None, reader), []), int(bool(stated))
    except csv.Error as error:
        raise CnnzooError(f"{path} must begin with names of columns; got {error}") from error


def _json_rows(path: Path, column: str) -> Iterator[tuple[str, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            where = f"{path}, line {number},"
            if not line.strip():
                continue
            try:
                row = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
            except (ValueError, RecursionError):
                row = None
            if isinstance(row, dict) and column in row:
                yield where, row[column]
            else:
                got = reprlib.repr(line.decode("utf-8", "backslashreplace").strip())
                rule = f"must be a JSON object with {column!r}; got {got}"
                yield where, CnnzooError(f"{where} {rule}")


def _parquet_rows(path: Path, column: str) -> Iterator[tuple[str, Any]]:
    file = parquet.opened(path)
    from pyarrow import ArrowException

    names = file.schema_arrow.names
    name = names[places_of(names, (column,), str(path))[0] or 0]
    number = 0
    try:
        for batch in file.iter_batches(batch_size=4096, columns=[name]):
            for value in batch.column(0).to_pylist():
                number += 1
                yield f"{path}, row {number},", value
    except (ArrowException, OSError) as error:
        raise CnnzooError(f"{path} must be a Parquet file; it is damaged") from error
