"""Protocol buffers whose parts are counted before they are read.

A part of two bytes becomes an object of a hundred: as a file of megabytes, gigabytes.
"""

from __future__ import annotations

import functools
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message

from cnnzoo.errors import CnnzooError

Kind = TypeVar("Kind", bound=Message)

_SMALL = 2**23  # Bytes that become at most 450 MB.
_BYTES_PER_PART = 12  # Honest SavedModels have 20 and more.
_FEW = 10_000  # Parts that may be smaller.
_MOST = 2**21  # Parts: what can be counted in a few seconds.
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def parse_message(content: bytes, kind: type[Kind], name: str) -> Kind:
    """Return the message in `content`.

    Raises:
        CnnzooError: It is none, or consists of too many parts; `name` stands in the message.
    """
    try:
        if len(content) > _SMALL:
            _count(content, kind.DESCRIPTOR, name)
        return kind.FromString(content)
    except (DecodeError, IndexError, RecursionError) as error:
        raise CnnzooError(f"{name} is damaged: {error}") from error


def _count(content: bytes, kind: Any, name: str) -> None:
    """Walk through the parts in their order, until there are too many."""
    place = count = 0
    within = [(_parts(kind), len(content))]  # The messages that stand around the place.
    while within:
        parts, end = within[-1]
        if place >= end:
            within.pop()
            continue
        key, place = _varint(content, place)
        wire = key & 7
        if wire == _LENGTH:
            size, place = _varint(content, place)
            part = parts.get(key >> 3)
            if part is None:
                place += size
                continue
            count += 1
            if count > min(_MOST, _FEW + place // _BYTES_PER_PART):
                raise CnnzooError(f"{name} must have fewer and larger parts")
            within.append((_parts(part), min(place + size, end)))
        elif wire == _VARINT:
            _, place = _varint(content, place)
        elif wire in (_FIXED32, _FIXED64):
            place += 4 if wire == _FIXED32 else 8
        else:
            raise DecodeError(f"unknown wire type {wire}")


@functools.cache
def _parts(kind: Any) -> dict[int, Any]:
    """Return the fields of a kind of message that are messages themselves: number -> kind."""
    return {
        number: field.message_type
        for number, field in kind.fields_by_number.items()
        if field.message_type is not None
    }


def _varint(content: bytes, place: int) -> tuple[int, int]:
    """Return the number that begins at `place`, and the place after it."""
    if content[place] < 128:
        return content[place], place + 1
    number = shift = 0
    while True:
        byte = content[place]
        place += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, place
        shift += 7
        if shift > 63:
            raise DecodeError("a number of more than 64 bits")
