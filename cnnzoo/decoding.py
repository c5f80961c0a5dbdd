"""Encoded images to pixels, by Pillow and NumPy: the same for training, prediction and serving.

What `pipelines.images.decode` computes in TensorFlow, for servers that have nothing else, is equal
to the last bit. All arithmetic is in integers, and Pillow's own where it resizes.
"""

from __future__ import annotations

import io
import math
import warnings
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image, ImageFile

from cnnzoo.errors import CnnzooError

MAX_PIXELS = 2**24  # Of a decoded image: 4096x4096, 50 MB in color.
MAX_JPEG_PIXELS = 2**27  # By the header of a JPEG file, which is decoded at a reduced scale.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_BEGINNINGS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
SCALES = (8, 4, 2)  # By which JPEG's decoder divides the sides at no cost.

# How an image of another aspect is brought to a shape: whole, with margins, or its center,
# with seven eighths of the shorter side.
Resizing: TypeAlias = Literal["pad", "crop"]
RESIZINGS = ("pad", "crop")
Box: TypeAlias = tuple[float, float, float, float]  # Left, top, right and bottom, in pixels.
# A random part: its share of the area, its width by its height, and where it begins, as shares of
# the rows and columns that are free.
Crop: TypeAlias = tuple[float, float, float, float]

_ORIENTATION = 0x0112  # EXIF's tag.
_TURNED = {2: (0, 1, 0), 3: (0, 1, 1), 4: (0, 0, 1), 5: (1, 0, 0)}
_TURNED |= {6: (1, 1, 0), 7: (1, 1, 1), 8: (1, 0, 1)}  # Transpose, mirror, flip upside down.

Image.MAX_IMAGE_PIXELS = None  # The limits above are stricter, and are errors.


def decode_image(
    content: bytes,
    shape: tuple[int, ...],
    *,
    light_on_dark: bool = False,
    resizing: Resizing = "pad",
    crop: Crop | None = None,
    name: str = "image",
) -> np.ndarray:
    """Return an encoded image as uint8 `[height, width, channels]`.

    Of an animation, the first frame is taken. EXIF's orientation is applied, transparency is laid
    on white, 16 bits become 8, and color turns to gray where the network takes gray. An image that
    has the size already is not resized.

    Args:
        content: A file of one of `FORMATS`.
        shape: Height, width and channels (1 or 3) of the result.
        light_on_dark: Whether the network was trained on light drawings on a dark ground: then a
            drawing with a light border is inverted, and one of another size is cropped to its ink
            and given the margin of MNIST's digits, 20 of 28 pixels.
        resizing: "pad": resized without distortion, centered, and filled with its border's mean
            color; "crop": the center, with seven eighths of the shorter side.
        crop: The part to take instead.
        name: What to call the image in a message.

    Raises:
        CnnzooError: It is no such file, damaged or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of odd metadata, which is not used.
            image = _open(content, name)
            turned = _TURNED.get(_orientation(image), (0, 0, 0))
            if not light_on_dark:
                _reduce(image, shape, turned[0], resizing, crop)
            if image.width * image.height > MAX_PIXELS:
                got = f"{image.width}x{image.height}"
                raise CnnzooError(f"{name} must have at most {MAX_PIXELS:,} pixels; got {got}")
            pixels = _pixels(image, shape[2])
    except CnnzooError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError) as error:
        raise CnnzooError(f"{name} is damaged: it cannot be decoded") from error
    pixels = _turn(pixels, *turned)
    return fit_image(pixels, shape, light_on_dark=light_on_dark, resizing=resizing, crop=crop)


def fit_image(
    pixels: np.ndarray,
    shape: tuple[int, ...],
    *,
    light_on_dark: bool = False,
    resizing: Resizing = "pad",
    crop: Crop | None = None,
) -> np.ndarray:
    """Return `pixels`, uint8 `[height, width, 1 or 3]`, brought to `shape` as `decode_image` does.

    Args:
        pixels: An image of any size.
        shape: Height, width and channels of the result.
        light_on_dark: As for `decode_image`.
        resizing: As for `decode_image`.
        crop: As for `decode_image`.
    """
    if pixels.shape[2] != shape[2]:
        pixels = _in_channels(pixels[..., 0] if shape[2] == 3 else pixels, shape[2])
    if light_on_dark:
        pixels = _light_on_dark(pixels, shape)
    height, width = pixels.shape[:2]
    if crop is not None:
        return _resized(pixels, shape[0], shape[1], random_box(height, width, crop))
    if (height, width) == shape[:2]:
        return pixels
    if resizing == "pad":
        return _padded(pixels, shape)
    return _resized(pixels, shape[0], shape[1], crop_box(height, width, shape))


def random_box(height: int, width: int, crop: Crop) -> Box:
    """Return the part of an image that `crop` means, cut to the image where it is too long."""
    area, aspect, top, left = crop
    area *= height * width
    tall, wide = min((area / aspect) ** 0.5, height), min((area * aspect) ** 0.5, width)
    top, left = top * (height - tall), left * (width - wide)
    return left, top, left + wide, top + tall


def check_image(content: bytes, name: str) -> bytes:
    """Return `content` if its header is that of an image of one of `FORMATS` and reasonable size.

    Raises:
        CnnzooError: It is not; `name` stands in the message.
    """
    _open(content, name)
    return content


def _open(content: bytes, name: str) -> ImageFile.ImageFile:
    """Return the image, of which only the header is read."""
    known = "PNG, JPEG, WebP, BMP, GIF or TIFF"
    if not content:
        raise CnnzooError(f"{name} must be a {known} image; got an empty file")
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Exception as error:  # Pillow's readers raise many kinds for a damaged header.
        if isinstance(error, Image.UnidentifiedImageError) and not content.startswith(_BEGINNINGS):
            raise CnnzooError(f"{name} must be a {known} image; got something else") from error
        raise CnnzooError(f"{name} is damaged: its header cannot be read") from error
    most = MAX_JPEG_PIXELS if image.format == "JPEG" else MAX_PIXELS
    if image.width * image.height > most:
        got = f"{image.width}x{image.height}"
        raise CnnzooError(f"{name} must have at most {most:,} pixels; got {got}")
    return image


def _orientation(image: Image.Image) -> int:
    """Return EXIF's orientation, 1 to 8; 1 where it is not stated."""
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        return int(exif.get(_ORIENTATION, 1))
    except Exception:  # Of any kind: the metadata are damaged, the image may not be.
        return 1


def _reduce(
    image: ImageFile.ImageFile,
    shape: tuple[int, ...],
    transposed: int,
    resizing: Resizing,
    crop: Crop | None,
) -> None:
    """Let JPEG's decoder divide the sides, as far as that leaves as many pixels as are needed."""
    if image.format != "JPEG":
        return
    sides = image.height, image.width
    scale = jpeg_scale(*(sides[::-1] if transposed else sides), shape, resizing, crop)
    if scale > 1:
        image.draft(image.mode, (image.width // scale, image.height // scale))


def jpeg_scale(
    height: int,
    width: int,
    shape: tuple[int, ...],
    resizing: Resizing,
    crop: Crop | None = None,
) -> int:
    """Return by what the decoder may divide the sides of a JPEG image, 1, 2, 4 or 8."""
    if crop is not None or resizing == "crop":
        box = crop_box(height, width, shape) if crop is None else random_box(height, width, crop)
        needed, found = shape[:2], (int(box[3] - box[1]), int(box[2] - box[0]))
    else:
        needed, found = padded_size(height, width, shape), (height, width)
    return next(
        (one for one in SCALES if all(f // one >= n for n, f in zip(needed, found, strict=True))), 1
    )


def padded_size(height: int, width: int, shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the largest sides of the same aspect within `shape`."""
    if shape[0] * width <= shape[1] * height:  # The height is what limits.
        return shape[0], max((2 * width * shape[0] + height) // (2 * height), 1)
    return max((2 * height * shape[1] + width) // (2 * width), 1), shape[1]


def crop_box(height: int, width: int, shape: tuple[int, ...]) -> Box:
    """Return the center of the aspect of `shape`, with seven eighths of the limiting side."""
    if shape[0] * width >= shape[1] * height:  # The width has more than is needed.
        tall = max((7 * height + 4) // 8, 1)
        wide = max((2 * tall * shape[1] + shape[0]) // (2 * shape[0]), 1)
    else:
        wide = max((7 * width + 4) // 8, 1)
        tall = max((2 * wide * shape[0] + shape[1]) // (2 * shape[1]), 1)
    left, top = (width - wide) // 2, (height - tall) // 2
    return left, top, left + wide, top + tall


def _pixels(image: Image.Image, channels: int) -> np.ndarray:
    """Return what is in the file, uint8 `[height, width, channels]`."""
    if image.mode == "CMYK":
        return _of_cmyk(np.asarray(image), "adobe" in image.info, channels)
    if image.mode.startswith("I"):  # 16 bits of gray.
        return _in_channels((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8), channels)
    if image.mode == "F":
        raise ValueError("floating-point pixels have no scale")
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "La", "RGBa"):
        return _on_white(np.asarray(image.convert("RGBA")), channels)
    plain = image if image.mode in ("L", "RGB") else image.convert("RGB")
    return _in_channels(np.asarray(plain), channels)


def _of_cmyk(inks: np.ndarray, inverted: bool, channels: int) -> np.ndarray:
    """Return colors of inks; Adobe's files hold them inverted, and Pillow inverts all."""
    stored = 255 - inks.astype(np.int32)
    light = stored if inverted else 255 - stored
    return _in_channels((light[..., 3:] * light[..., :3] // 255).astype(np.uint8), channels)


def _on_white(pixels: np.ndarray, channels: int) -> np.ndarray:
    colors, opaque = pixels[..., :3].astype(np.int32), pixels[..., 3:].astype(np.int32)
    blended = (colors * opaque + 255 * (255 - opaque) + 127) // 255
    return _in_channels(blended.astype(np.uint8), channels)


def _in_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], channels, axis=-1)
    if channels == 3:
        return pixels
    red, green, blue = np.moveaxis(pixels.astype(np.int32), -1, 0)
    gray = (19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16  # ITU-R 601, Pillow's.
    return gray.astype(np.uint8)[..., None]


def _turn(pixels: np.ndarray, transpose: int, mirror: int, flip: int) -> np.ndarray:
    if transpose:
        pixels = pixels.transpose(1, 0, 2)
    return pixels[:: -1 if flip else 1, :: -1 if mirror else 1]


def _light_on_dark(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Invert a drawing with a light border; crop one of another size to its ink plus a margin."""
    border = _border(pixels)
    if 2 * border.sum(dtype=np.int64) > 255 * border.size:
        pixels = 255 - pixels
    brightest = pixels.max(axis=-1)
    if not brightest.max() or pixels.shape[:2] == shape[:2]:
        return pixels
    ink = np.argwhere(2 * brightest.astype(np.int32) > brightest.max())
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0) + 1
    margin = (2 * max(bottom - top, right - left) + 5) // 10
    return np.pad(pixels[top:bottom, left:right], [(margin, margin), (margin, margin), (0, 0)])


def _border(pixels: np.ndarray) -> np.ndarray:
    """Return the border's pixels, `[pixels, channels]`; corners count twice."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _padded(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    height, width = padded_size(pixels.shape[0], pixels.shape[1], shape)
    border = _border(pixels)
    color = (2 * border.sum(axis=0, dtype=np.int64) + len(border)) // (2 * len(border))
    result = np.empty(shape, np.uint8)
    result[:] = color
    top, left = (shape[0] - height) // 2, (shape[1] - width) // 2
    result[top : top + height, left : left + width] = _resized(pixels, height, width, None)
    return result


def _resized(pixels: np.ndarray, height: int, width: int, box: Box | None) -> np.ndarray:
    """Return `pixels`, or what is in the `box`, resized by Pillow's antialiased bilinear filter.

    First rows are made narrower, then columns: which one Pillow itself takes first varies.
    """
    left, top, right, bottom = box or (0, 0, pixels.shape[1], pixels.shape[0])
    margin = math.ceil(max((bottom - top) / height, 1)) + 1  # Rows that the filter reaches.
    first = max(math.floor(top) - margin, 0)
    rows = pixels[first : math.ceil(bottom) + margin]
    flat = rows[..., 0] if rows.shape[-1] == 1 else rows
    image = Image.fromarray(np.ascontiguousarray(flat))
    for size, part in (
        ((width, len(rows)), (left, 0, right, len(rows))),
        ((width, height), (0, top - first, width, bottom - first)),
    ):
        image = image.resize(size, Image.Resampling.BILINEAR, box=part)
    return np.asarray(image).reshape(height, width, pixels.shape[-1])
