"""How large an encoded image will be, by its header alone."""

from __future__ import annotations

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"

# Markers of a JPEG frame, which states its size, and those that have no length.
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


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
