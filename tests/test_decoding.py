"""Every kind of image file, by Pillow and by TensorFlow: the same pixels to the last one."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from cnnzoo.decoding import decode_image, fit_image, jpeg_scale
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.tf_decoding import decode


def photograph(width, height, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 16 + 2, width // 16 + 2, 3), np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    noisy = smooth.astype(int) + rng.integers(-12, 12, smooth.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def oriented(number):
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


def files(width, height):
    """Every kind of PNG and JPEG that Pillow writes."""
    photo = photograph(width, height)
    gray, palette, few = photo.convert("L"), photo.convert("P"), photo.quantize(4)
    veiled = photo.convert("RGBA")
    veiled.putalpha(gray)
    return {
        "png": encoded(photo, "PNG"),
        "gray png": encoded(gray, "PNG"),
        "two bits": encoded(few.convert("L"), "PNG", bits=2),
        "one bit": encoded(photo.convert("1"), "PNG"),
        "16 bits": encoded(Image.fromarray(np.asarray(gray).astype(np.uint16) * 257), "PNG"),
        "palette": encoded(palette, "PNG"),
        "four colors": encoded(few, "PNG"),
        "palette with a clear color": encoded(palette, "PNG", transparency=3),
        "four colors, one clear": encoded(few, "PNG", transparency=1),
        "a clear color": encoded(photo, "PNG", transparency=photo.getpixel((0, 0))),
        "a clear gray": encoded(gray, "PNG", transparency=gray.getpixel((0, 0))),
        "alpha": encoded(veiled, "PNG"),
        "gray with alpha": encoded(veiled.convert("LA"), "PNG"),
        "jpeg": encoded(photo, "JPEG", quality=80),
        "progressive": encoded(photo, "JPEG", progressive=True),
        "without subsampling": encoded(photo, "JPEG", subsampling=0),
        "gray jpeg": encoded(gray, "JPEG"),
        "cmyk": encoded(photo.convert("CMYK"), "JPEG"),
        **{
            f"{kind} {number}": encoded(photo, kind, exif=oriented(number))
            for kind in ("JPEG", "PNG")
            for number in range(1, 9)
        },
    }


@pytest.mark.parametrize(
    ("shape", "light_on_dark", "resizing"),
    [
        ((56, 40, 3), False, "pad"),
        ((32, 48, 3), False, "crop"),
        ((28, 28, 1), True, "pad"),
        ((28, 28, 1), False, "pad"),
    ],
)
def test_pillow_and_tensorflow_give_the_same_pixels(shape, light_on_dark, resizing):
    spec = tf.TensorSpec([], tf.string)
    served = tf.function(
        lambda content: decode(content, shape, light_on_dark, resizing), input_signature=[spec]
    )
    for sides in ((133, 51), (61, 197), (20, 20), (7, 3)):
        for name, content in files(*sides).items():
            ours = decode_image(content, shape, light_on_dark=light_on_dark, resizing=resizing)
            assert np.array_equal(served(tf.constant(content)), ours), (name, sides)


@pytest.mark.parametrize("number", range(1, 9))
def test_orientation_is_that_of_pillow(number):
    content = encoded(photograph(9, 7), "PNG", exif=oriented(number))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    assert np.array_equal(decode_image(content, upright.shape), upright)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_every_lossless_format_gives_its_pixels(kind):
    image = Image.new("RGB", (8, 6), (10, 200, 90))
    options = {"lossless": True} if kind == "WEBP" else {}
    decoded = decode_image(encoded(image, kind, **options), (6, 8, 3))
    assert np.array_equal(decoded, np.asarray(image))


def test_of_an_animation_the_first_frame_is_taken():
    first, second = (Image.new("L", (9, 9), shade) for shade in (40, 200))
    content = encoded(first, "GIF", save_all=True, append_images=[second])
    assert (decode_image(content, (9, 9, 1)) == 40).all()


def test_cmyk_has_the_colors_that_were_printed():
    color = Image.new("RGB", (16, 16), (200, 40, 90))
    decoded = decode_image(encoded(color.convert("CMYK"), "JPEG", quality=100), (16, 16, 3))
    assert np.abs(decoded.astype(int) - [200, 40, 90]).max() <= 3


def test_a_photograph_of_a_phone_is_decoded_at_a_reduced_scale():
    assert jpeg_scale(4_000, 6_000, (224, 224, 3), "pad") == 8
    assert jpeg_scale(384, 512, (224, 224, 3), "pad") == 2
    assert jpeg_scale(384, 512, (224, 224, 3), "crop") == 1
    content = encoded(Image.new("RGB", (6_000, 4_000), (10, 200, 90)), "JPEG")
    decoded = decode_image(content, (32, 48, 3))
    assert np.abs(decoded.astype(int) - [10, 200, 90]).max() <= 3


def test_resizing_is_the_antialiased_bilinear_filter_of_tensorflow():
    image = np.asarray(photograph(96, 64))
    ours = fit_image(image, (16, 24, 3))
    theirs = tf.image.resize(image, (16, 24), method="bilinear", antialias=True)
    assert np.abs(ours - theirs).max() <= 1.01


def test_a_crop_is_the_part_that_it_names():
    image = np.zeros((40, 60, 1), np.uint8)
    image[10:20, 30:60] = 200  # An eighth of the area, three times as wide as tall.
    part = fit_image(image, (8, 24, 1), crop=(1 / 8, 3.0, 10 / 30, 1.0))
    assert (part[1:-1, 1:] == 200).all()
    assert part[0].mean() < 200


def test_limits_are_ours_and_pillow_keeps_its_own():
    assert Image.MAX_IMAGE_PIXELS is not None
    for side in (9_000, 20_000):
        content = encoded(Image.new("1", (side, side)), "PNG")
        with pytest.raises(CnnzooError, match=r"x\.png must have at most"):
            decode_image(content, (8, 8, 1), name="x.png")


def test_what_is_damaged_is_refused_by_name():
    with pytest.raises(CnnzooError, match=r"x\.png is damaged: it cannot be decoded"):
        decode_image(encoded(photograph(50, 50), "PNG")[:-400], (8, 8, 3), name="x.png")
    floats = encoded(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF")
    with pytest.raises(CnnzooError, match="is damaged"):
        decode_image(floats, (8, 8, 3))
