"""Bodies of many whole numbers, read at once: as lists of Python objects they would cost the most.

What this does not know it leaves to `tensors`, which reads every body that JSON allows and says
what is wrong with others. What it does know, it reads as `tensors` does.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_NAME = rb'"signature_name"\s*:\s*"(\w*)"'
_BEFORE = re.compile(rb"\s*\{\s*(?:" + _NAME + rb'\s*,\s*)?"instances"\s*:\s*(?=\[)')
_AFTER = re.compile(rb"\s*(?:,\s*" + _NAME + rb"\s*)?\}\s*")
_LAST = 200  # Bytes behind the numbers.
_NUMBERS, _SPACES = b"0123456789-", (b" ", b"\t", b"\r", b"\n")
_APART = re.compile(rb"[-\d]\s+\d")  # What is not one number, but would be without the space.
_MOST_DIGITS = 5  # Of numbers of 16 bits.


class Body(NamedTuple):
    """A body of which only the numbers are not read yet."""

    signature: str
    numbers: bytes  # From the first bracket to the last.


def split(body: bytes) -> Body | None:
    """Return the parts of a body that holds `instances` and perhaps the name of a signature."""
    before = _BEFORE.match(body)
    end = body.rfind(b"]") + 1
    if before is None or end <= before.end() or len(body) - end > _LAST:
        return None
    after = _AFTER.fullmatch(body, end)
    if after is None or (before[1] is not None and after[1] is not None):
        return None
    name = before[1] or after[1] or b""
    return Body(name.decode(), body[before.end() : end])


def integers(numbers: bytes, shape: Sequence[int | None], dtype: str) -> np.ndarray | None:
    """Return nested lists of whole numbers as an array `[examples, *shape[1:]]`.

    None is returned for anything else: other characters, other shapes, numbers beyond `dtype`.

    Args:
        numbers: JSON.
        shape: Of the input; only the first axis may be open.
        dtype: A type of at most 16 bits.
    """
    sides = tuple(shape[1:])
    if None in sides or np.dtype(dtype).kind not in "iu" or np.dtype(dtype).itemsize > 2:
        return None
    compact = numbers.replace(b", ", b",")  # As most libraries write them.
    if any(space in compact for space in _SPACES):
        if _APART.search(compact):
            return None
        compact = compact.translate(None, b"".join(_SPACES))
    if not compact.startswith(b"[") or not compact.endswith(b"]"):
        return None
    brackets = compact.translate(None, _NUMBERS)
    of_one = _brackets(sides)
    count = (len(brackets) - 1) // (len(of_one) + 1)
    if count < 1 or brackets != b"[" + b",".join([of_one] * count) + b"]":
        return None
    values = _values(np.frombuffer(compact, np.uint8))
    if values is None or len(values) != count * math.prod(sides):  # type: ignore[arg-type]
        return None
    bounds = np.iinfo(dtype)
    if values.min() < bounds.min or values.max() > bounds.max:
        return None
    return values.astype(dtype).reshape(count, *sides)


@functools.lru_cache(maxsize=64)
def _brackets(sides: tuple[int, ...]) -> bytes:
    """Return the brackets and commas of nested lists of these sides."""
    found = b""
    for side in reversed(sides):
        found = b"[" + b",".join([found] * side) + b"]"
    return found


def _values(text: np.ndarray) -> np.ndarray | None:
    """Return the numbers in the bytes of `text`, int32, or None where one is not JSON's.

    Each must stand between brackets or commas: then, in brackets and commas of the right shape,
    so many numbers as there are places are one for each.
    """
    digit = text - np.uint8(ord("0")) < 10  # What comes before "0" is large, since it wraps.
    # The text begins and ends with a bracket.
    edges = np.flatnonzero(digit[1:] != digit[:-1]) + 1
    begins, ends = edges[::2], edges[1::2]
    sizes = ends - begins
    if not len(begins) or sizes.max() > _MOST_DIGITS:
        return None
    if (text[begins[sizes > 1]] == ord("0")).any():  # JSON has no 07.
        return None
    values = (text[ends - 1] - ord("0")).astype(np.int32)
    for place in range(1, int(sizes.max())):
        there = np.flatnonzero(sizes > place)
        values[there] += (text[ends[there] - 1 - place].astype(np.int32) - ord("0")) * 10**place
    negative = text[begins - 1] == ord("-")
    if np.count_nonzero(negative) != np.count_nonzero(text == ord("-")):
        return None
    np.negative(values, out=values, where=negative)
    before, after = text[begins - 1 - negative], text[ends]
    apart = ((before == ord(",")) | (before == ord("["))).all()
    return values if apart and ((after == ord(",")) | (after == ord("]"))).all() else None
