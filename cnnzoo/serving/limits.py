"""Bounds of one request and of all together, and the size of an encoded image by its header."""

from __future__ import annotations

import dataclasses
import os

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"

# Markers of a JPEG frame, which states its size, and those that have no length.
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclasses.dataclass(frozen=True)
class Limits:
    """Bounds on time and memory that clients can take."""

    instances: int = 128  # In one request.
    body: int = 2**25  # Bytes of a request's body.
    held: int = 2**28  # Bytes of all bodies that are there at a time.
    header: int = 2**16  # Bytes of a request's line and headers.
    text: int = 2**18  # Bytes of the longest text times the number of texts: they are padded.
    pixels: int = 2**25  # Of all encoded images of a request, by their headers.
    seconds: float = 10.0  # For a request to arrive.
    read: int = 2**16  # Bytes of an answer that a client reads in so many seconds.
    waiting: int = 64  # Requests that are being answered or wait for a thread.
    connections: int = 1000
    threads: int = os.cpu_count() or 1


def pixels(content: bytes) -> int:
    """Return height times width of a PNG or JPEG image; 0 where its header does not say."""
    if content.startswith(PNG):
        return _number(content, 16, 4) * _number(content, 20, 4)
    return _jpeg_pixels(content) if content.startswith(JPEG) else 0


def _jpeg_pixels(content: bytes) -> int:
    place = 2
    while content[place : place + 1] == b"\xff" and place + 9 <= len(content):
        marker = content[place + 1]
        if marker in _FRAMES:
            return _number(content, place + 5, 2) * _number(content, place + 7, 2)
        if marker == 0xFF:  # Filling.
            place += 1
        else:
            place += 2 + (0 if marker in _BARE else _number(content, place + 2, 2))
    return 0


def _number(content: bytes, begin: int, size: int) -> int:
    return int.from_bytes(content[begin : begin + size], "big")
