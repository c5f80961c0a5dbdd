"""Encoded images to pixels, by Pillow and NumPy: the same for training, prediction and serving.

What `pipelines.images.decode` computes in TensorFlow, for servers that have nothing else, is equal
to the last bit. All arithmetic is in integers, and Pillow's own where it resizes.
"""

from __future__ import annotations

import io
import math
from typing import Any, Literal, TypeAlias

import numpy as np
from PIL import Image, ImageFile

from cnnzoo.errors import CnnzooError

MAX_PIXELS = 2**24  # Of a decoded image: 4096x4096, 50 MB in color.
# By the header of a JPEG file, which is decoded at a reduced scale; below Pillow's own limit.
MAX_JPEG_PIXELS = 2**26
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_BEGINNINGS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
SCALES = (8, 4, 2)  # By which JPEG's decoder divides the sides at no cost.

# How an image of another aspect is brought to a shape: whole, with margins, or its center,
# with seven eighths of the shorter side.
Resizing: TypeAlias = Literal["pad", "crop"]
Box: TypeAlias = tuple[float, float, float, float]  # Left, top, right and bottom, in pixels.
# A random part: its share of the area, its width by its height, and where it begins, as shares of
# the rows and columns that are free.
Crop: TypeAlias = tuple[float, float, float, float]

_ORIENTATION = 0x0112  # EXIF's tag.
_TURN = Image.Transpose  # EXIF's number -> what turns the image upright.
_TURNS = {2: _TURN.FLIP_LEFT_RIGHT, 3: _TURN.ROTATE_180, 4: _TURN.FLIP_TOP_BOTTOM}
_TURNS |= {5: _TURN.TRANSPOSE, 6: _TURN.ROTATE_270, 7: _TURN.TRANSVERSE, 8: _TURN.ROTATE_90}


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
    how: dict[str, Any] = {"light_on_dark": light_on_dark, "resizing": resizing, "crop": crop}
    return picture(_open(content, name), shape, **how, name=name)


def picture(
    image: Image.Image,
    shape: tuple[int, ...],
    *,
    light_on_dark: bool = False,
    resizing: Resizing = "pad",
    crop: Crop | None = None,
    name: str = "image",
) -> np.ndarray:
    """Return an image of Pillow, of any mode, as `decode_image` returns the file of it.

    Args and errors are those of `decode_image`.
    """
    try:
        turned = _orientation(image)
        if not light_on_dark:
            _reduce(image, shape, turned >= 5, resizing, crop)
        _check_pixels(image, MAX_PIXELS, name)
        plain = _turned(_plain(image, shape[2]), turned)
    except CnnzooError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError) as error:
        raise CnnzooError(f"{name} is damaged: it cannot be decoded") from error
    return _fitted(plain, shape, light_on_dark, resizing, crop)


def ground_dark(images: np.ndarray) -> np.ndarray:
    """Return `images`, uint8 `[images, height, width, channels]`, those of a light border inverted.

    It is what `decode_image` does to a file of the right size with `light_on_dark`.
    """
    lines = images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]
    border = np.concatenate(lines, axis=1).reshape(len(images), -1)
    light = 2 * border.sum(axis=1, dtype=np.int64) > 255 * border.shape[1]
    return np.where(light[:, None, None, None], 255 - images, images)


def fit_image(
    pixels: np.ndarray,
    shape: tuple[int, ...],
    *,
    resizing: Resizing = "pad",
    crop: Crop | None = None,
) -> np.ndarray:
    """Return `pixels`, uint8 `[height, width, 1 to 4]`, brought to `shape` as `decode_image` does.

    Args:
        pixels: An image of any size.
        shape: Height, width and channels of the result.
        resizing: As for `decode_image`.
        crop: As for `decode_image`.
    """
    image = Image.fromarray(
        np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    )
    return _fitted(_plain(image, shape[2]), shape, False, resizing, crop)


def _fitted(
    image: Image.Image,
    shape: tuple[int, ...],
    light_on_dark: bool,
    resizing: Resizing,
    crop: Crop | None,
) -> np.ndarray:
    if light_on_dark:
        image = _light_on_dark(image, shape)
    height, width = image.height, image.width
    if crop is not None:
        image = _resized(image, shape[0], shape[1], random_box(height, width, crop))
    elif (height, width) != shape[:2] and resizing == "crop":
        image = _resized(image, shape[0], shape[1], crop_box(height, width, shape))
    elif (height, width) != shape[:2]:
        image = _padded(image, shape)
    return np.asarray(image).reshape(shape)


def random_box(height: int, width: int, crop: Crop) -> Box:
    """Return the part of an image that `crop` means, cut to the image where it is too long."""
    area, aspect, top, left = crop
    area *= height * width
    tall, wide = min((area / aspect) ** 0.5, height), min((area * aspect) ** 0.5, width)
    top, left = top * (height - tall), left * (width - wide)
    return left, top, left + wide, top + tall


def encode_png(pixels: np.ndarray) -> bytes:
    """Return the PNG file of `pixels`, uint8 `[height, width, 1 or 3]`."""
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


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
    except Image.DecompressionBombError as error:
        raise CnnzooError(f"{name} must have at most {MAX_JPEG_PIXELS:,} pixels") from error
    except Exception as error:  # Pillow's readers raise many kinds for a damaged header.
        if isinstance(error, Image.UnidentifiedImageError) and not content.startswith(_BEGINNINGS):
            raise CnnzooError(f"{name} must be a {known} image; got something else") from error
        raise CnnzooError(f"{name} is damaged: its header cannot be read") from error
    _check_pixels(image, MAX_JPEG_PIXELS if image.format == "JPEG" else MAX_PIXELS, name)
    return image


def _check_pixels(image: Image.Image, most: int, name: str) -> None:
    if image.width * image.height > most:
        got = f"{image.width}x{image.height}"
        raise CnnzooError(f"{name} must have at most {most:,} pixels; got {got}")


def _orientation(image: Image.Image) -> int:
    """Return EXIF's orientation, 1 to 8; 1 where it is not stated."""
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        return int(exif.get(_ORIENTATION, 1))
    except Exception:  # Of any kind: the metadata are damaged, the image may not be.
        return 1


def _reduce(
    image: Image.Image,
    shape: tuple[int, ...],
    transposed: bool,
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


def _plain(image: Image.Image, channels: int) -> Image.Image:
    """Return what is in the file, gray or in color, without transparency."""
    if image.mode == "CMYK":
        image = _of_cmyk(np.asarray(image), "adobe" in image.info)
    elif image.mode.startswith("I"):  # 16 bits of gray.
        image = Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    elif image.mode == "F":
        raise ValueError("floating-point pixels have no scale")
    elif "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "La", "RGBa"):
        image = _on_white(np.asarray(image.convert("RGBA")).astype(np.int32))
    elif image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    return _in_channels(image, channels)


def _of_cmyk(inks: np.ndarray, inverted: bool) -> Image.Image:
    """Return colors of inks; Adobe's files hold them inverted, and Pillow inverts all."""
    stored = 255 - inks.astype(np.int32)
    light = stored if inverted else 255 - stored
    return Image.fromarray((light[..., 3:] * light[..., :3] // 255).astype(np.uint8))


def _on_white(pixels: np.ndarray) -> Image.Image:
    colors, opaque = pixels[..., :3], pixels[..., 3:]
    blended = (colors * opaque + 255 * (255 - opaque) + 127) // 255
    return Image.fromarray(blended.astype(np.uint8))


def _in_channels(image: Image.Image, channels: int) -> Image.Image:
    """Return the image in gray, by the weights of ITU-R 601 that Pillow takes, or in color."""
    mode = "L" if channels == 1 else "RGB"
    if image.mode != mode:
        image.load()
        image = image.convert(mode)
    return image


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    image.load()
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def _light_on_dark(image: Image.Image, shape: tuple[int, ...]) -> Image.Image:
    """Invert a drawing with a light border; crop one of another size to its ink plus a margin."""
    pixels = np.asarray(image).reshape(1, image.height, image.width, len(image.getbands()))
    (pixels,) = ground_dark(pixels)
    brightest = pixels.max(axis=-1)
    if brightest.max() and pixels.shape[:2] != shape[:2]:
        ink = np.argwhere(2 * brightest.astype(np.int32) > brightest.max())
        (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0) + 1
        margin = (2 * max(bottom - top, right - left) + 5) // 10
        cut = pixels[top:bottom, left:right]
        pixels = np.pad(cut, [(margin, margin), (margin, margin), (0, 0)])
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _border(image: Image.Image) -> np.ndarray:
    """Return the border's pixels, `[pixels, channels]`; corners count twice."""
    pixels = np.asarray(image)
    lines = pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]
    return np.concatenate(lines).reshape(-1, len(image.getbands()))


def _padded(image: Image.Image, shape: tuple[int, ...]) -> Image.Image:
    height, width = padded_size(image.height, image.width, shape)
    border = _border(image)
    color = (2 * border.sum(axis=0, dtype=np.int64) + len(border)) // (2 * len(border))
    result = Image.new(image.mode, (shape[1], shape[0]), tuple(color.tolist()))
    place = (shape[1] - width) // 2, (shape[0] - height) // 2
    result.paste(_resized(image, height, width, (0, 0, image.width, image.height)), place)
    return result


def _resized(image: Image.Image, height: int, width: int, box: Box) -> Image.Image:
    """Return what is in the `box`, resized by Pillow's antialiased bilinear filter.

    First rows are made narrower, then columns: which one Pillow itself takes first varies.
    """
    left, top, right, bottom = box
    margin = math.ceil(max((bottom - top) / height, 1)) + 1  # Rows that the filter reaches.
    first = max(math.floor(top) - margin, 0)
    last = min(math.ceil(bottom) + margin, image.height)
    if (first, last) != (0, image.height):
        image = image.crop((0, first, image.width, last))
    for size, part in (
        ((width, last - first), (left, 0, right, last - first)),
        ((width, height), (0, top - first, width, bottom - first)),
    ):
        image = image.resize(size, Image.Resampling.BILINEAR, box=part)
    return image
