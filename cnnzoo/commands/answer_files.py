"""Files of predictions, one row per input: CSV and JSON Lines, which can be continued, and Parquet.

Columns are `input`, `label`, `class_id`, `score` and `known`, with the next best classes `label_2`,
`score_2` and so on, and `error`, which says why an input could not be read. Text is UTF-8; what is
not Unicode, in the name of a file, is escaped by a backslash.
"""

from __future__ import annotations

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from cnnzoo.errors import CnnzooError
from cnnzoo.extras import install
from cnnzoo.files import new_file

_ROWS = 256  # After so many, what is written is on the disk if the process is killed.
_GROUP = 16_384  # Rows of a group of a Parquet file.

Row = list[Any]  # One value per column, or None.


def columns(top: int) -> list[str]:
    """Return the names of the columns for the `top` best classes."""
    others = [f"{name}_{place}" for place in range(2, top + 1) for name in ("label", "score")]
    return ["input", "label", "class_id", "score", "known", *others, "error"]


def row_of(answer: dict[str, Any], class_names: list[str], top: int) -> Row:
    """Return the row of one answer of `Classifier.predict_stream`."""
    name = escaped(answer["input"])
    if "error" in answer:
        return [name, *[None] * (2 * top + 2), escaped(answer["error"])]
    scores, first = answer["scores"], answer["class_id"]
    row = [name, answer["label"], first, scores[first], answer.get("known")]
    if top > 1:
        ranked = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
        for place in ranked[1:top]:
            row += [class_names[place], scores[place]]
    return [*row, None]


def escaped(text: str) -> str:
    """Return `text` with what is not Unicode escaped."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


class _Rows(ABC):
    """A file of rows."""

    after_interruption: str  # What the same command then does.

    def __init__(self, path: Path, names: list[str]) -> None:
        self.path, self.names = path, names

    @abstractmethod
    def continued(
        self, inputs: Iterable[Any], names_of: Callable[[int, Any], list[str]]
    ) -> tuple[Iterator[Any], int, int]:
        """Return the inputs that are left, and what the file holds.

        Args:
            inputs: All of them.
            names_of: What an input and its place are called in the file, row by row.

        Returns:
            Inputs from the first that is not answered in whole, number of rows in the file, and
            how many of these are of the first of these inputs.

        Raises:
            CnnzooError: The file is finished, or holds something else.
        """

    @abstractmethod
    def write(self, rows: Iterable[Row]) -> None:
        """Write `rows` behind those that the file holds."""


class _Lines(_Rows):
    """A text file, which is continued after its last whole row."""

    header: bytes
    after_interruption = "continues it"

    @abstractmethod
    def encoded(self, row: Row) -> bytes:
        """Return the line of a row."""

    @abstractmethod
    def starts(self, line: bytes, name: str) -> bool:
        """Return whether `line` is a row of the input `name`."""

    @abstractmethod
    def lines(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield each whole row, and first the header, empty where the file has none.

        Raises:
            CnnzooError: It has other columns.
        """

    def continued(
        self, inputs: Iterable[Any], names_of: Callable[[int, Any], list[str]]
    ) -> tuple[Iterator[Any], int, int]:
        iterator = iter(inputs)
        if not self.path.exists():
            return iterator, 0, 0
        with self.path.open("r+b") as file:
            lines, count = self.lines(file), 0
            end = len(next(lines, b""))
            for place, value in enumerate(iterator):
                for done, name in enumerate(map(escaped, names_of(place, value))):
                    line = next(lines, b"")
                    if not line:
                        file.truncate(end)
                        return chain([value], iterator), count, done
                    if not self.starts(line, name):
                        raise self.other(f"its row {count + 1:,} is not of {name!r}")
                    end, count = end + len(line), count + 1
        raise CnnzooError(f"out must be a new file; {self.path} has all {count:,} predictions")

    def other(self, reason: str) -> CnnzooError:
        """Return the error that the file was written by another command."""
        return CnnzooError(
            f"out must be a new file, or one of the same command; {self.path} is another: {reason}"
        )

    def write(self, rows: Iterable[Row]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            if not file.tell():
                file.write(self.header)
            for count, row in enumerate(rows, start=1):
                file.write(self.encoded(row))
                if count % _ROWS == 0:
                    file.flush()


class _CSV(_Lines):
    """As RFC 4180 has it: rows end in CRLF, and quotes stand around what needs them."""

    def __init__(self, path: Path, names: list[str]) -> None:
        super().__init__(path, names)
        self._buffer = io.StringIO(newline="")
        self._writer = csv.writer(self._buffer)
        self.header = self.encoded(names)

    def encoded(self, row: Row) -> bytes:
        self._buffer.seek(0)
        self._buffer.truncate()
        self._writer.writerow(row)
        return self._buffer.getvalue().encode()

    def starts(self, line: bytes, name: str) -> bool:
        return line.startswith(self.encoded([name, ""])[:-2])

    def lines(self, file: BinaryIO) -> Iterator[bytes]:
        row, first = b"", True
        for line in file:
            row += line
            if row.endswith(b"\r\n") and row.count(b'"') % 2 == 0:
                if first and row != self.header:
                    raise self.other(f"its columns are not {', '.join(self.names)}")
                yield row
                row, first = b"", False


class _JSONLines(_Lines):
    """One object per line, with a key for each column."""

    header = b""

    def encoded(self, row: Row) -> bytes:
        record = dict(zip(self.names, row, strict=True))
        return json.dumps(record, ensure_ascii=False).encode() + b"\n"

    def starts(self, line: bytes, name: str) -> bool:
        start = json.dumps({"input": name}, ensure_ascii=False).encode()[:-1]
        return line.startswith(start + b",") and self.names == list(json.loads(line))

    def lines(self, file: BinaryIO) -> Iterator[bytes]:
        yield self.header
        for line in file:
            if line.endswith(b"\n"):
                yield line


class _Parquet(_Rows):
    """A Parquet file, which is written whole or not at all."""

    after_interruption = "starts again, since a Parquet file cannot be continued"

    def continued(
        self, inputs: Iterable[Any], names_of: Callable[[int, Any], list[str]]
    ) -> tuple[Iterator[Any], int, int]:
        if self.path.exists():
            raise CnnzooError(f"out must be a new file; {self.path} is there already")
        return iter(inputs), 0, 0

    def write(self, rows: Iterable[Row]) -> None:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise CnnzooError(
                f"pyarrow must be installed for {self.path}; run: {install('parquet')}"
            ) from error
        numbers = [name for name in self.names if name.startswith(("score", "known"))]
        kinds = {"class_id": pyarrow.int64(), **dict.fromkeys(numbers, pyarrow.float64())}
        schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in self.names])
        iterator = iter(rows)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with new_file(self.path) as file, parquet.ParquetWriter(file, schema) as writer:
            while group := list(islice(iterator, _GROUP)):
                arrays = list(map(list, zip(*group, strict=True)))
                writer.write_table(pyarrow.table(arrays, schema=schema))


FORMATS: dict[str, Callable[[Path, list[str]], _Rows]] = {
    ".csv": _CSV,
    ".jsonl": _JSONLines,
    ".parquet": _Parquet,
}


def answer_file(path: Path, top: int) -> _Rows:
    """Return the file of predictions at `path`, which need not exist.

    Raises:
        CnnzooError: Its name has another suffix than those of `FORMATS`.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise CnnzooError(f"out must end in {', '.join(FORMATS)}; got {path}")
    return kind(path, columns(top))
