import io

import pytest
from PIL import Image

from cnnzoo.serving.limits import pixels


def encoded(mode, size, kind, **options):
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (300, 200), (5_000, 3)])
def test_pixels_are_read_from_the_header(size):
    wanted = size[0] * size[1]
    for mode in ("L", "RGB", "RGBA", "1"):
        assert pixels(encoded(mode, size, "PNG")) == wanted
    options = ({}, {"progressive": True}, {"exif": b"Exif\0\0" + b"x" * 60_000}, {"comment": b"c"})
    for option in options:
        for mode in ("L", "RGB", "CMYK"):
            assert pixels(encoded(mode, size, "JPEG", **option)) == wanted


def test_what_has_no_size_has_no_pixels():
    jpeg = encoded("RGB", (9, 9), "JPEG")
    frame = jpeg.index(b"\xff\xc0")
    for content in (b"", b"none", jpeg[: frame + 4], b"\xff\xd8\xff\xe0\0\0" * 9, b"RIFF"):
        assert pixels(content) == 0
    assert pixels(jpeg[:frame] + b"\xff" * 3 + jpeg[frame:]) == 81  # Filling before a marker.
