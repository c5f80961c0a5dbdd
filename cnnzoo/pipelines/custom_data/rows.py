"""Rows of tables, and where their columns stand."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.examples import listed

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


def row_of(place: int, fields: Sequence[Any], places: Sequence[int | None]) -> Row:
    """Return the row whose inputs, labels and splits stand at `places` of its fields."""
    return Row(place, *(None if column is None else fields[column] for column in places))
