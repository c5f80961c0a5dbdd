"""JSON and protocol buffers whose parts are counted before they are read, and the model card.

A part of two bytes becomes an object of a hundred: a file of megabytes becomes gigabytes.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message

from cnnzoo.errors import CnnzooError

CARD_BYTES = 2**20

_DEEPEST = 64  # A block of a network inside a classifier stands 14 levels deep.
_LARGEST = 2**63  # Of integers; also what TensorFlow's shapes hold.
_LONGEST = 2**16  # Characters of a string: a word of a vocabulary, say.
_MOST = 2**19  # Lists and dictionaries; the deepest network of the zoo takes 200,000.
_AXES = 4  # Of raw input, at most: a video.

Kind = TypeVar("Kind", bound=Message)

_SMALL = 2**23  # Bytes that become at most 450 MB.
_BYTES_PER_PART = 12  # Valid SavedModels have 20 and more.
_FEW = 10_000  # Parts that may be smaller.
_MOST_PARTS = 2**21  # Parts: what can be counted in a few seconds.
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def parse_json(content: bytes, name: str) -> Any:
    """Return what the JSON in `content` says.

    Raises:
        CnnzooError: It is none, has too many or too deep parts, or holds a number or string out of
            bounds; `name` stands in the message.
    """
    if content.count(b"[") + content.count(b"{") > _MOST:
        raise CnnzooError(f"{name} must hold at most {_MOST:,} lists and dictionaries")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CnnzooError(f"{name} must be JSON; got {error}") from error
    for found, _ in containers(value, name):
        for item in found.values() if isinstance(found, dict) else found:
            if not _bounded(item):
                raise CnnzooError(
                    f"{name} must hold finite numbers below 2**63 and strings of at most "
                    f"{_LONGEST:,} characters; got {str(item)[:40]}"
                )
    return value


def containers(value: Any, name: str) -> Iterator[tuple[dict[str, Any] | list[Any], int]]:
    """Yield each list and dictionary in `value`, itself among them, and how many objects of Keras
    (dictionaries with a "class_name") it stands in.

    Raises:
        CnnzooError: One stands too deep; `name` stands in the message.
    """
    waiting = [(value, 0, 0)] if isinstance(value, (dict, list)) else []
    while waiting:
        found, depth, objects = waiting.pop()
        if depth == _DEEPEST:
            raise CnnzooError(f"{name} must be nested at most {_DEEPEST} levels deep")
        yield found, objects
        objects += "class_name" in found and isinstance(found, dict)
        items = found.values() if isinstance(found, dict) else found
        waiting.extend(
            (item, depth + 1, objects) for item in items if isinstance(item, (dict, list))
        )


def _bounded(item: Any) -> bool:
    if isinstance(item, str):
        return len(item) <= _LONGEST
    if isinstance(item, int):
        return -_LARGEST <= item < _LARGEST
    return not isinstance(item, float) or math.isfinite(item)


def parse_card(content: bytes, name: str) -> dict[str, Any]:
    """Return the model card in `content`.

    Raises:
        CnnzooError: It is no card of a classifier; `name` stands in the message.
    """
    card = parse_json(content, name)
    if not isinstance(card, dict):
        raise CnnzooError(f"{name} must hold a dictionary; got {type(card).__name__}")
    rules = {
        "format": isinstance(card.get("format"), int),
        # Exports go to a folder of this name.
        "name": isinstance(card.get("name"), str) and is_plain_name(card["name"]),
        "class_names": _strings(card.get("class_names")),
        "input": isinstance(card.get("input"), dict) and _shape(card["input"].get("shape")),
    }
    for field, kept in rules.items():
        if not kept:
            got = str(card.get(field))[:80]
            raise CnnzooError(f"{name} must state a proper {field!r}; got {got}")
    return card


def is_plain_name(name: str) -> bool:
    """Return whether a folder may have this name, wherever it stands."""
    return name not in ("", ".", "..") and not set(name) & set("/\\:\0")


def _strings(names: Any) -> bool:
    return isinstance(names, list) and bool(names) and all(isinstance(one, str) for one in names)


def _shape(shape: Any) -> bool:
    return (
        isinstance(shape, list)
        and len(shape) <= _AXES
        and all(isinstance(side, int) and 0 < side < 2**31 for side in shape)
    )


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
            if count > min(_MOST_PARTS, _FEW + place // _BYTES_PER_PART):
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
