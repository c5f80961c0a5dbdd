"""One's own images and texts in NumPy archives, as keras.datasets name their arrays."""

import hashlib
import io
import zipfile

import numpy as np
import pytest
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.dataset import find

SHAPE = (6, 6, 1)
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 6, 6), np.uint8)
LABELS = np.arange(20) % 2


@pytest.fixture
def archive(tmp_path):
    """Save arrays as an archive, and return its path."""

    def save(**arrays):
        np.savez(tmp_path / "data.npz", **arrays)
        return str(tmp_path / "data.npz")

    return save


def refused(message, name, shape=SHAPE):
    with pytest.raises(CnnzooError) as caught:
        find(name, shape)
    assert str(caught.value) == message


@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None], LABELS.astype(np.uint8), LABELS / 1])
def test_an_archive_with_a_test_split_is_a_data_set(labels, archive):
    name = archive(x_train=IMAGES[:14], y_train=labels[:14], x_test=IMAGES[14:], y_test=labels[14:])
    dataset = find(name, SHAPE)
    assert dataset.name == name
    assert dataset.class_names == ("0", "1")
    np.testing.assert_array_equal(dataset.examples("train").inputs[..., 0], IMAGES[:14])
    np.testing.assert_array_equal(dataset.examples("test").inputs[..., 0], IMAGES[14:])
    assert dataset.examples("train").labels.tolist() == LABELS[:14].tolist()
    assert dataset.examples("test").labels.tolist() == LABELS[14:].tolist()
    assert dataset.examples("test").labels.dtype == np.int64


def test_an_archive_without_a_test_split_is_cut_by_content(archive):
    dataset = find(archive(x_train=IMAGES, y_train=10 - LABELS), SHAPE)
    assert dataset.class_names == ("9", "10")
    digests = [hashlib.sha256(image).digest() for image in IMAGES]
    lowest = {min(digests[0::2]), min(digests[1::2])}  # Neither class may have none.
    in_test = [one[0] < 51 or one in lowest for one in digests]
    assert dataset.sizes == {"train": 20 - sum(in_test), "test": sum(in_test)}
    order = np.random.default_rng(1).permutation(20)
    again = find(archive(x_train=IMAGES[order], y_train=10 - LABELS[order]), SHAPE)
    first, second = (set(map(bytes, one.examples("test").inputs)) for one in (dataset, again))
    assert first == second == set(map(bytes, IMAGES[in_test]))


def test_color_turns_gray_and_transparency_white(archive):
    """As decoding does: weights 0.2989, 0.587 and 0.114, and alpha on a white ground."""
    pixels = np.zeros((4, 6, 6, 4), np.uint8)
    pixels[:] = np.array([[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [0, 0, 0, 0]])[
        :, None, None
    ]
    splits = {"x_train": pixels, "y_train": [0, 1, 0, 1], "x_test": pixels, "y_test": [0, 1, 0, 1]}
    images = find(archive(**splits), SHAPE).examples("train").inputs
    assert images[:, 0, 0, 0].tolist() == [76, 150, 29, 255]
    gray = {**splits, "x_train": IMAGES[:4], "x_test": IMAGES[:4]}
    color = find(archive(**gray), (6, 6, 3)).examples("train").inputs
    np.testing.assert_array_equal(color, np.repeat(IMAGES[:4, ..., None], 3, axis=-1))


def test_another_size_is_brought_to_the_networks_as_its_file_would_be(archive, tmp_path):
    wide = np.random.default_rng(2).integers(0, 256, (4, 12, 24, 3), np.uint8)
    name = archive(x_train=wide, y_train=[0, 0, 1, 1], x_test=wide, y_test=[0, 0, 1, 1])
    for place, image in enumerate(wide):
        path = tmp_path / "files" / str(place // 2) / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tf.io.encode_png(image).numpy())
    for split in ("train", "test"):
        (tmp_path / "both").mkdir(exist_ok=True)
        (tmp_path / "both" / split).symlink_to(tmp_path / "files")
    images = find(name, SHAPE).examples("train").inputs
    files = find(str(tmp_path / "both"), SHAPE).examples("train").inputs
    np.testing.assert_array_equal(images, files)
    # Twice as wide as high: a row and a half above and below are the border's one color.
    assert len(np.unique(images[0, 0])) == len(np.unique(images[0, -1])) == 1


def test_texts_with_labels_that_are_strings(archive):
    texts = np.array([f"text {i} é" for i in range(10)])
    labels = np.array(["spam", "ham"] * 5)
    dataset = find(archive(x_train=texts, y_train=labels, x_test=texts, y_test=labels), (56,))
    assert dataset.kind == "texts"
    assert dataset.class_names == ("ham", "spam")
    assert dataset.examples("train").inputs.tolist() == texts.tolist()
    assert {type(text) for text in dataset.examples("train").inputs} == {str}
    assert dataset.examples("train").labels.tolist() == [1, 0] * 5


@pytest.mark.parametrize(
    "convert",
    [
        lambda images: images / 255,
        lambda images: (images / 255).astype(np.float32),
        lambda images: images.astype(np.float32),
        lambda images: images.astype(np.int64),
        lambda images: images.astype(np.uint16) * 257,
    ],
)
def test_images_of_other_types_are_those_of_8_bits(convert, archive):
    splits = {"y_train": LABELS, "y_test": LABELS}
    name = archive(x_train=convert(IMAGES), x_test=convert(IMAGES[::-1]), **splits)
    dataset = find(name, SHAPE)
    np.testing.assert_array_equal(dataset.examples("train").inputs[..., 0], IMAGES)
    np.testing.assert_array_equal(dataset.examples("test").inputs[..., 0], IMAGES[::-1])
    dark = archive(x_train=IMAGES > 99, x_test=IMAGES > 999, **splits)
    assert find(dark, SHAPE).examples("train").inputs.max() == 255


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.eye(2)[LABELS], ("0", "1")),
        (np.eye(2, dtype=np.int64)[LABELS], ("0", "1")),
        (LABELS == 1, ("0", "1")),
        (np.array([b"no", b"yes"])[LABELS], ("no", "yes")),
        (np.array(["1e1", "nan"])[LABELS], ("1e1", "nan")),
    ],
)
def test_labels_of_other_types(labels, classes, archive):
    dataset = find(archive(x_train=IMAGES, y_train=labels, x_test=IMAGES, y_test=labels), SHAPE)
    assert dataset.class_names == classes
    assert dataset.examples("train").labels.tolist() == LABELS.tolist()


def test_validation_of_your_own_is_a_split(archive):
    splits = {"X_train": IMAGES, "y_train": LABELS, "X_val": IMAGES[:4], "y_val": LABELS[:4]}
    dataset = find(archive(**splits), SHAPE)
    assert dataset.sizes == {"train": 17, "validation": 4, "test": 3}
    np.testing.assert_array_equal(dataset.examples("validation").inputs[..., 0], IMAGES[:4])
    name = archive(**splits, x_valid=IMAGES, y_valid=LABELS)
    refused(f"{name} must hold one of X_val and x_valid; got both", name)


def test_an_array_of_more_items_than_bytes_is_refused_at_once(archive, tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<U0", "fortran_order": False, "shape": (4_000_000_000,)}
    )
    path = tmp_path / "huge.npz"
    with zipfile.ZipFile(path, "w") as file:
        for name in ("x_train.npy", "y_train.npy"):
            file.writestr(name, header.getvalue())
    assert path.stat().st_size < 1_000
    refused(f"{path} must be a NumPy archive; it is none, or damaged", str(path), (56,))


def test_compressed_zeros_are_refused_before_they_are_unpacked(tmp_path):
    path = tmp_path / "zeros.npz"
    np.savez_compressed(path, x_train=np.zeros((70, 1_000, 1_000), np.uint8), y_train=LABELS)
    with pytest.raises(CnnzooError, match=f"^x_train of {path} must hold data; got 70,000,128 by"):
        find(str(path), SHAPE)


WANTED = (
    "must be images, numbers [examples, height, width] or [examples, height, width, 1 to 4 "
    "channels], as the network takes; got"
)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": IMAGES}, "{} must hold x_train, y_train; got 'images'"),
        ({"x_train": IMAGES}, "{} must hold y_train; got 'x_train'"),
        ({}, "{} must hold x_train, y_train; got nothing"),
        (
            {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES},
            "{} must hold y_test; got 'x_train', 'y_train', 'x_test'",
        ),
        (
            {"x_train": IMAGES, "y_train": LABELS[:-1]},
            "y_train of {} must have one label for each of 20 examples; got shape [19]",
        ),
        (
            {"x_train": IMAGES, "y_train": np.eye(3)[LABELS]},
            "{} must hold images of '2' for train; got none",
        ),
        (
            {"x_train": IMAGES, "y_train": np.eye(2)[LABELS] / 2 + 0.25},
            "y_train of {}, label 0, must be one class; got [0.75, 0.25]: several classes per "
            "example, or shares of them, are multi-label data, which cnnzoo does not train",
        ),
        (
            {"x_train": IMAGES, "y_train": np.zeros((20, 2, 1))},
            "y_train of {}, label 0, must be one label per example; got an array of shape "
            "[20, 2, 1]",
        ),
        (
            {"x_train": IMAGES, "y_train": LABELS / 2},
            "y_train of {}, label 1, must be a string or a whole number; got 0.5: numbers to "
            "predict are regression, which cnnzoo does not train",
        ),
        (
            {"x_train": IMAGES, "y_train": LABELS - 1},
            "y_train of {}, label 0, must be at least 0; got -1, which often marks an unlabeled "
            "example",
        ),
        (
            {"x_train": IMAGES, "y_train": LABELS * 0},
            "{} must hold examples of two classes or more; got '0' alone",
        ),
        (
            {"x_train": IMAGES[:0], "y_train": LABELS[:0]},
            "{} must hold examples of two classes or more; got none",
        ),
        (
            {"x_train": IMAGES[:2], "y_train": LABELS[:2], "x_test": IMAGES[:1], "y_test": [1]},
            "{} must hold images of '0' for test; got none",
        ),
        (
            {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES[:, 1:], "y_test": LABELS},
            "x_train of {0} and x_test of {0} must hold images of one shape; got [6, 6, 1] and "
            "[5, 6, 1]",
        ),
        (
            {"x_train": IMAGES, "y_train": np.array([None] * 20, object)},
            "{} must hold arrays of numbers or strings; got one of Python objects",
        ),
        (
            {"x_train": IMAGES / 127 - 1, "y_train": LABELS},
            "x_train of {} must lie in 0 to 255, or in 0 to 1 where floats; got -1 to 1.00787",
        ),
        (
            {"x_train": IMAGES + 1j, "y_train": LABELS},
            f"x_train of {{}} {WANTED} complex128 [20, 6, 6]",
        ),
        (
            {"x_train": IMAGES.reshape(20, 6, 1, 6), "y_train": LABELS},
            f"x_train of {{}} {WANTED} uint8 [20, 6, 1, 6]",
        ),
        (
            {"x_train": IMAGES[:, :0], "y_train": LABELS},
            "x_train of {} must have 1 to 16,777,216 pixels an image; got uint8 [20, 0, 6]",
        ),
    ],
)
def test_a_wrong_archive_is_refused(arrays, message, archive):
    name = archive(**arrays)
    refused(message.format(name), name)


def test_images_are_no_texts(archive):
    name = archive(x_train=IMAGES, y_train=LABELS)
    refused(
        f"x_train of {name} must be texts, str [examples], as the network takes; got uint8 "
        "[20, 6, 6]",
        *(name, (56,)),
    )


def test_what_is_no_archive_or_a_damaged_one_is_refused(archive, tmp_path):
    path = tmp_path / "data.npz"
    message = f"{path} must be a NumPy archive; it is none, or damaged"
    name = archive(x_train=IMAGES, y_train=LABELS)
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[whole.index(IMAGES[5].tobytes())] ^= 1
    array = tmp_path / "one.npy"
    np.save(array, IMAGES)
    np.savez_compressed(path, x_train=IMAGES * 0, y_train=LABELS)
    compressed = bytearray(path.read_bytes())
    begin = 30 + sum(compressed[26:30:2])  # Of the data, behind a header, a name and extra fields.
    compressed[begin] = 0xFF  # A block of a type that does not exist.
    for content in (b"", b"text", whole[:300], changed, array.read_bytes(), compressed):
        path.write_bytes(content)
        refused(message, name)
