"""What all readers of custom data share: examples before they are split, and their classes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.texts import read_lines

MAX_TEXT_BYTES = 2**30  # Of a table or a file of texts: 1 GiB.

Input: TypeAlias = "str | Path | np.ndarray"  # A text, an image's file, or its pixels.


class Found(NamedTuple):
    """The examples at a path, index by index, in its order."""

    inputs: Sequence[Input]
    labels: Sequence[str]  # Names of classes.
    splits: Sequence[str]  # "train" or "test"; empty where the source has no test split.
    classes: Iterable[str]  # Distinct; with those that have no example.


def class_name(label: object, where: str) -> str:
    """Return the name of the class that `label`, a string or a whole number, means.

    Numbers are named as integers: "1" for 1, 1.0 and "1.0".

    Raises:
        CnnzooError: It is empty, another number, or something else; `where` begins the message.
    """
    if not isinstance(label, (str, int, float)):
        kind = type(label).__name__
        raise CnnzooError(f"{where} must be a string or a whole number; got a {kind}")
    name = str(label).strip()
    if not name:
        raise CnnzooError(f"{where} must be a string or a whole number; got an empty one")
    try:
        number = float(name)
    except ValueError:
        return name
    if not number.is_integer():
        raise CnnzooError(f"{where} must be a string or a whole number; got {name}")
    return name if _is_integer(name) else str(int(number))


def ordered(classes: Iterable[str]) -> tuple[str, ...]:
    """Return names of classes in alphabetical order, integers in numerical order."""
    names = sorted(classes)
    return tuple(sorted(names, key=int) if all(map(_is_integer, names)) else names)


def _is_integer(name: str) -> bool:
    return re.fullmatch("[+-]?[0-9]{1,300}", name) is not None  # float() reads no more digits.


def listed(values: Iterable[object]) -> str:
    """Return the first five of `values`, and "..." for others."""
    named = [str(value) for value in values]
    return ", ".join(named[:5]) + (", ..." if len(named) > 5 else "")


def lines_of(path: Path) -> list[str]:
    """Return the lines of a UTF-8 file, without their ends and without a byte order mark.

    Raises:
        CnnzooError: There is no such file, it is too large, or a line is not UTF-8.
    """
    if path.is_file() and path.stat().st_size > MAX_TEXT_BYTES:
        size = path.stat().st_size
        raise CnnzooError(f"{path} must have at most {MAX_TEXT_BYTES:,} bytes; got {size:,}")
    lines = read_lines(path)
    return [lines[0].removeprefix("\ufeff"), *lines[1:]] if lines else []
