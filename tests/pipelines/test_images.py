import dataclasses
import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageDraw

from cnnzoo.datasets import mnist
from cnnzoo.decoding import decode_image
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines import images as pipeline
from cnnzoo.pipelines.tf_decoding import PNG, decode

GRAY, COLOR = (28, 28, 1), (32, 32, 3)


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(content, shape=GRAY, light_on_dark=False):
    return decode(tf.constant(content), shape, light_on_dark).numpy()


def drawn_seven(size=(280, 280), mode="L", ink=0, ground=255, box=(0.25, 0.2, 0.75, 0.85)):
    image = Image.new(mode, size, ground)
    left, top, right, bottom = (
        share * side for share, side in zip(box, (*size, *size), strict=True)
    )
    points = [(left, top), (right, top), ((left + right) / 2, bottom)]
    ImageDraw.Draw(image).line(points, fill=ink, width=20, joint="curve")
    return image


def header_of(width, height):
    """A valid PNG of one gray color that says it has this size."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    rows = zlib.compress(b"\0" * ((width + 1) * height), 9)
    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return PNG + chunk(b"IHDR", size) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_an_image_of_the_right_size_is_taken_as_it_is(digits):
    for digit in digits:
        image = Image.fromarray(digit[..., 0])
        assert np.array_equal(decoded(encoded(image)), digit)
    color = np.random.default_rng(0).integers(0, 256, COLOR).astype(np.uint8)
    assert np.array_equal(decoded(encoded(Image.fromarray(color)), COLOR), color)


def test_color_turns_gray_by_the_luma_of_bt601():
    image = Image.new("RGB", (28, 28), (200, 100, 50))
    assert decoded(encoded(image))[0, 0, 0] == round(0.2989 * 200 + 0.587 * 100 + 0.114 * 50)


def test_gray_turns_into_three_equal_channels():
    image = decoded(encoded(Image.new("L", (32, 32), 77)), COLOR)
    assert (image == 77).all()


@pytest.mark.parametrize(
    ("mode", "clear", "solid"), [("RGBA", (9, 9, 9, 0), (8, 8, 8, 255)), ("LA", (9, 0), (8, 255))]
)
@pytest.mark.parametrize("shape", [GRAY, COLOR])
def test_transparency_is_laid_on_white(mode, clear, solid, shape):
    assert (decoded(encoded(Image.new(mode, shape[:2], clear)), shape) == 255).all()
    assert (decoded(encoded(Image.new(mode, shape[:2], solid)), shape) == 8).all()


@pytest.mark.parametrize("mode", ["P", "1", "I;16", "L"])
def test_other_kinds_of_png_decode(mode):
    image = (
        Image.new(mode, (28, 28), 0) if mode == "I;16" else Image.new("L", (28, 28)).convert(mode)
    )
    assert (decoded(encoded(image)) == 0).all()


@pytest.mark.parametrize("size", [(64, 64), (10, 10), (300, 100), (1, 1), (28, 3)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("light_on_dark", [False, True])
def test_any_size_fits(size, kind, light_on_dark):
    image = decoded(encoded(Image.new("L", size, 128), kind), light_on_dark=light_on_dark)
    assert image.shape == GRAY
    assert image.dtype == np.uint8


def test_resizing_keeps_proportions_and_fills_with_the_border():
    image = Image.new("L", (56, 28), 200)
    image.paste(50, (14, 7, 42, 21))
    result = decoded(encoded(image))[..., 0].astype(int)
    assert (result[:7] == 200).all()
    assert (result[-7:] == 200).all()
    assert np.abs(result[12:16, 9:19] - 50).max() <= 1


@pytest.mark.parametrize(
    "image",
    [
        drawn_seven(),
        drawn_seven(ink=255, ground=0),
        drawn_seven(mode="RGBA", ink=(0, 0, 0, 255), ground=(0, 0, 0, 0)),
        drawn_seven((600, 400), box=(0.05, 0.05, 0.35, 0.65)),
    ],
    ids=["dark ink", "light ink", "transparent", "in a corner"],
)
def test_a_drawn_digit_gets_the_margins_of_mnist_and_light_ink(image):
    result = decoded(encoded(image), light_on_dark=True)[..., 0]
    inside = np.argwhere(result > 64)
    (top, left), (bottom, right) = inside.min(axis=0), inside.max(axis=0)
    assert max(bottom - top, right - left) + 1 in (19, 20, 21)
    assert abs((top + bottom) / 2 - 13.5) <= 1
    assert abs((left + right) / 2 - 13.5) <= 1
    assert result[0].max() == 0


def test_the_same_decoding_in_a_graph(digits):
    content = encoded(drawn_seven())
    graph = tf.function(lambda content: decode(content, GRAY, True))
    assert np.array_equal(graph(tf.constant(content)).numpy(), decoded(content, light_on_dark=True))


def test_the_graph_itself_refuses_what_a_server_must_not_decode():
    for content, message in (
        (encoded(Image.new("L", (9, 9)), "GIF"), "PNG or JPEG"),
        (b"no image", "PNG or JPEG"),
        (header_of(12_000, 12_000), "at most 16777216 pixels"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            decoded(content)


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_files_that_are_no_images_are_refused_with_their_name():
    png = encoded(drawn_seven())
    bomb = header_of(12_000, 12_000)
    assert len(bomb) < 150_000
    for name, content, message in (
        ("empty.png", b"", "must be a PNG, .* image; got an empty file"),
        ("notes.txt", b"hello", "must be a PNG, .* image; got something else"),
        ("bomb.png", bomb, "must have at most 16,777,216 pixels; got 12000x12000"),
        ("stub.png", png[:12], "is damaged: its header cannot be read"),
        ("stub.jpg", b"\xff\xd8\xff\xe0\0", "is damaged: its header cannot be read"),
        ("cut.png", png[:-40], "is damaged: it cannot be decoded"),
    ):
        with pytest.raises(CnnzooError, match=f"{name} {message}"):
            decode_image(content, GRAY, name=name)


def test_arrays_are_batches_of_uint8(digits):
    for array in (digits, digits[..., 0], digits / 255, (digits / 255).astype("f4")):
        assert np.array_equal(pipeline.check_array(array, GRAY, "images"), digits)
    for array in (digits[0], digits[0, ..., 0]):
        assert np.array_equal(pipeline.check_array(array, GRAY, "images"), digits[:1])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (
            np.zeros(784, np.uint8),
            r"have shape \[28, 28, 1\] or \[images, 28, 28, 1\]; got \[784\]",
        ),
        (np.zeros((32, 32, 1), np.uint8), r"got \[32, 32, 1\]"),
        (np.zeros((2, 28, 28, 3), np.uint8), r"got \[2, 28, 28, 3\]"),
        (np.zeros((1, 1, 28, 28, 1), np.uint8), r"got \[1, 1, 28, 28, 1\]"),
        (np.zeros((1, 1, 28, 28), np.uint8), r"got \[1, 1, 28, 28\]"),
        (
            np.zeros((28, 28), np.int64),
            r"be uint8 \(0 to 255\) or floats \(0 to 1\); got int64",
        ),
        (np.zeros((28, 28), bool), "got bool"),
        (np.full((28, 28), "a"), "got <U1"),
        (np.full((28, 28), 1.5), "lie in 0 to 1 where it holds floats .*; got 1.5 to 1.5"),
        (np.full((28, 28), -0.1), "got -0.1 to -0.1"),
        (np.full((28, 28), np.nan), "hold numbers; got NaN or infinity"),
        (np.full((28, 28), np.inf), "hold numbers; got NaN or infinity"),
    ],
)
def test_wrong_arrays_are_refused(array, message):
    with pytest.raises(CnnzooError, match=f"images .*{message}"):
        pipeline.check_array(array, GRAY, "images")


def test_array_files(tmp_path, digits):
    def check(array, name):
        assert name.endswith(".npy")
        return array

    np.save(tmp_path / "digits.npy", digits)
    assert np.array_equal(pipeline.read_array(tmp_path / "digits.npy", check), digits)
    np.savez(tmp_path / "several", digits)
    (tmp_path / "several.npz").rename(tmp_path / "several.npy")
    with pytest.raises(CnnzooError, match="got an archive of several"):
        pipeline.read_array(tmp_path / "several.npy", check)
    np.save(tmp_path / "pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    whole = (tmp_path / "digits.npy").read_bytes()
    write(tmp_path, "cut.npy", whole[:500])
    for name in ("pickled", "cut"):
        with pytest.raises(
            CnnzooError, match=f"{name}.npy is no NumPy array file, or a damaged one"
        ):
            pipeline.read_array(tmp_path / f"{name}.npy", check)


def test_standardized_training_pixels_have_mean_0_and_std_1():
    images = mnist.read("train").inputs[::7]
    for side in (28, 32):
        layers = pipeline.preprocessing(mnist.DATASET, images, (side, side, 1))
        values = images
        for layer in layers:
            values = layer(values)
        values = np.asarray(values)
        assert values.shape == (len(images), side, side, 1)
        edge = (side - 28) // 2
        center = values[:, edge : edge + 28, edge : edge + 28]
        assert abs(center.mean()) < 0.01
        assert abs(center.std() - 1) < 0.01
        # What is padded is background: black, as in the data.
        assert values[0, 0, 0, 0] == pytest.approx(-0.1307 / 0.3081, abs=1e-5)


def test_a_network_smaller_than_the_images_is_refused():
    with pytest.raises(CnnzooError, match=r"model must take images of at least \(28, 28, 1\)"):
        pipeline.preprocessing(mnist.DATASET, np.zeros((1, 28, 28, 1)), (24, 28, 1))


def test_moments_are_measured_where_the_set_states_none():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (50, 6, 5, 3)).astype(np.uint8) // np.array([1, 2, 255], np.uint8)
    images[..., 2] = 7
    means, stds = pipeline.moments(images)
    assert means == pytest.approx((images / 255).mean(axis=(0, 1, 2)))
    assert stds[:2] == pytest.approx((images / 255).std(axis=(0, 1, 2))[:2])
    assert stds[2] == 1
    unknown = dataclasses.replace(mnist.DATASET, input_shape=(6, 5, 3), mean=(), std=())
    (layer,) = pipeline.preprocessing(unknown, images, (6, 5, 3))
    assert np.asarray(layer(images)).mean(axis=(0, 1, 2)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    ("normalization", "lowest", "highest"), [("unit", 0, 1), ("centered", -0.5, 0.5)]
)
def test_other_normalizations_stretch_all_levels_alike(normalization, lowest, highest):
    images = np.arange(256).astype(np.uint8).reshape(1, 16, 16, 1)
    (layer,) = pipeline.preprocessing(
        dataclasses.replace(mnist.DATASET, input_shape=(16, 16, 1)),
        images,
        (16, 16, 1),
        normalization,
    )
    expected = np.linspace(lowest, highest, 256)
    assert np.asarray(layer(images)).ravel() == pytest.approx(expected, abs=1e-6)
