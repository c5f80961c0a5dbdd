"""One's own examples in memory: lists, arrays, and tables of other packages by their behavior."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

import cnnzoo
from cnnzoo import decoding
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data import in_memory
from cnnzoo.pipelines.custom_data.dataset import find

TEXTS = [f"film {i}" for i in range(10)]
LABELS = ["ab"[i % 2] for i in range(10)]
IMAGES = np.random.default_rng(0).integers(0, 256, (10, 6, 6, 3), np.uint8)


class Frame:
    """What a data frame of pandas and a data set of Hugging Face have in common."""

    def __init__(self, names="columns", features=None, **columns):
        setattr(self, names, list(columns))
        self.held, self.features = columns, features

    def __getitem__(self, name):
        return self.held[name]

    def __len__(self):
        return len(next(iter(self.held.values())))


class ClassLabel:
    names = ("no", "yes")


def refused(message, *arguments, **options):
    with pytest.raises(CnnzooError) as caught:
        cnnzoo.from_examples(*arguments, **options)
    assert message in str(caught.value)


def test_lists_and_arrays_are_a_data_set():
    dataset = cnnzoo.from_examples(TEXTS, LABELS, name="films")
    assert (dataset.name, dataset.kind, dataset.class_names) == ("films", "texts", ("a", "b"))
    assert dataset.sizes == {"train": 6, "test": 4}  # By their digests.
    splits = ["train"] * 6 + ["val"] * 2 + ["Test"] * 2
    for values in (IMAGES, list(IMAGES), IMAGES / 255):
        dataset = cnnzoo.from_examples(values, np.arange(10) % 2, splits=splits)
        assert dataset.sizes == {"train": 6, "validation": 2, "test": 2}
        np.testing.assert_array_equal(dataset.examples("validation").inputs, IMAGES[6:8])
    dataset = cnnzoo.from_examples(TEXTS, np.eye(2)[np.arange(10) % 2], class_names=["no", "yes"])
    assert dataset.class_names == ("no", "yes")


@pytest.mark.parametrize(
    "table",
    [
        {"text": TEXTS, "label": LABELS},
        Frame(text=TEXTS, Label=LABELS, more=TEXTS),
        Frame("column_names", text=TEXTS, label=LABELS),
    ],
)
def test_a_table_is_a_data_set(table):
    dataset = find(table, (56,))
    assert (dataset.name, dataset.class_names) == ("examples", ("a", "b"))
    assert dataset.sizes == {"train": 6, "test": 4}  # By their digests.


def test_splits_of_a_table_and_names_of_its_labels(capsys):
    numbers = [i % 2 for i in range(10)]
    table = Frame("column_names", {"label": ClassLabel}, text=TEXTS, label=numbers)
    unlabeled = Frame("column_names", text=TEXTS, label=[-1] * 10)
    dataset = find({"train": table, "validation": table, "unsupervised": unlabeled}, ())
    assert dataset.class_names == ("no", "yes")
    assert dataset.sizes == {"train": 6, "validation": 10, "test": 4}
    assert "1 left out" in capsys.readouterr().err
    refused("row 0, 'label' must be at least 0; got -1", unlabeled)


def test_images_of_a_table_are_paths(tmp_path):
    paths = [str(tmp_path / f"{i}.png") for i in range(10)]
    for path, image in zip(paths, IMAGES, strict=True):
        Image.fromarray(image).save(path)
    assert_same_images(find({"image": paths, "label": LABELS}, (6, 6, 3)))


class Stream:
    """A stream of rows as Hugging Face has it: no length, and at times no names of columns."""

    def __init__(self, rows, names=None, features=None):
        self.rows, self.column_names, self.features = rows, names, features

    def __iter__(self):
        return iter(self.rows() if callable(self.rows) else self.rows)


class Encodable(Stream):
    """One whose images are decoded unless their column is cast."""

    def cast_column(self, name, feature):
        assert (name, feature.decode) == ("image", False)
        rows = [
            {"image": {"bytes": png(one), "path": None}, "label": "ab"[i % 2]}
            for i, one in enumerate(IMAGES)
        ]
        return Stream(rows, features={"image": feature})


class ImageFeature:
    def __init__(self, decode=True):
        self.decode = decode


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("names", [None, ["text", "label"]])
def test_a_stream_is_read_to_its_end(names):
    rows = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)]
    dataset = find(Stream(rows, names), (56,))
    assert dataset.sizes == {"train": 6, "test": 4}
    assert find({"train": Stream(rows), "test": Stream(rows)}, ()).sizes["test"] == 10


def test_wrong_streams_are_refused(monkeypatch):
    refused("data must hold examples; got a stream without rows", Stream([]))
    refused("data must have the same columns in each row", Stream([{"text": "a"}, {"word": "b"}]))
    refused("data must have the same columns in each row", Stream([3]))
    monkeypatch.setattr(in_memory, "MAX_EXAMPLES", 1_000)
    endless = Stream(lambda: itertools.repeat({"text": "a", "label": "b"}))
    refused("data must be finite; got a stream of more than 1,000 rows", endless)


def test_tables_of_odd_forms_are_reported():
    frame = Frame(text=TEXTS, label=LABELS)
    frame.features = np.arange(10)  # A column of pandas is an attribute.
    assert find(frame, ()).class_names == ("a", "b")
    for one in ({}, {"unsupervised": Frame(text=TEXTS)}, {1: Frame(text=TEXTS)}):
        with pytest.raises(CnnzooError, match="data must"):
            cnnzoo.from_examples(one)

    def broken():
        yield {"text": "a", "label": "b"}
        raise ConnectionError("reset by peer")

    refused("data must be a stream that can be read: reset by peer", Stream(broken))
    closed = Image.fromarray(IMAGES[0])
    closed.close()
    with pytest.raises(CnnzooError, match="row 0, 'image' must be an image that can be read"):
        find({"image": [closed], "label": ["a"]}, (6, 6, 3))
    hues = [Image.fromarray(one).convert("HSV") for one in IMAGES]
    assert len(images_of(find({"image": hues, "label": LABELS}, (6, 6, 3)))) == 10


def test_images_of_a_table_stay_the_files_that_it_holds():
    dataset = find(Encodable([], ["image", "label"], {"image": ImageFeature()}), (6, 6, 3))
    assert_same_images(dataset)


def test_images_of_a_table_are_pictures_or_pixels():
    pictures = [Image.fromarray(one) for one in IMAGES]
    for images in (pictures, list(IMAGES)):
        assert_same_images(find({"image": images, "label": LABELS}, (6, 6, 3)))
    gray = [Image.fromarray(one).convert("L") for one in IMAGES]
    inks = [Image.fromarray(one).convert("CMYK") for one in IMAGES]
    turned = [Image.fromarray(one.transpose(1, 0, 2)) for one in IMAGES]
    for one in turned:
        exif = Image.Exif()
        exif[0x0112] = 5  # Transposed.
        one.info["exif"] = exif.tobytes()
    assert_same_images(find({"image": turned, "label": LABELS}, (6, 6, 3)))
    dataset = find({"image": gray, "label": LABELS}, (6, 6, 1))
    assert sorted(map(bytes, images_of(dataset))) == sorted(one.tobytes() for one in gray)
    expected = [decoding.picture(one, (6, 6, 3)) for one in inks]
    dataset = find({"image": inks, "label": LABELS}, (6, 6, 3))
    assert sorted(map(bytes, images_of(dataset))) == sorted(map(bytes, expected))


def images_of(dataset):
    return np.concatenate([dataset.examples(split).inputs for split in dataset.sizes])


def assert_same_images(dataset):
    assert sorted(map(bytes, images_of(dataset))) == sorted(map(bytes, IMAGES))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((TEXTS, LABELS[1:]), {}, "labels must be 10, one per input; got 9"),
        ((TEXTS, LABELS), {"splits": ["train"]}, "splits must be 10, one per input; got 1"),
        ((TEXTS, LABELS), {"splits": ["eval"] * 10}, "splits must be train, validation or test"),
        (([*TEXTS[:9], 7], LABELS), {}, "inputs[9] must be a string; got 7"),
        (([IMAGES[0], IMAGES[1, :3]], "ab"), {}, "inputs must be texts, or images of one size"),
        ((IMAGES - 128.0, LABELS), {}, "inputs must lie in 0 to 255"),
        ((TEXTS,), {}, "data must be a data set, a name, a path, or a table with columns"),
        (({"text": TEXTS},), {}, "data must have a column 'label'; got 'text'"),
        (({"text": TEXTS, "label": LABELS[1:]},), {}, "labels must be 10, one per input; got 9"),
    ],
)
def test_what_is_no_data_set_is_refused(arguments, options, message):
    refused(message, *arguments, **options)
