import json
import shutil

import numpy as np
import pytest
from PIL import Image

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.dataset import find

SHAPE = (8, 8, 3)


def paint(path, color, noise):
    """Write an image of nearly one color."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(noise).integers(-20, 20, (10, 12, 3)) + color
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def photos(tmp_path):
    """Ten images each of three classes, as PNG and JPEG."""
    for name, color in (("red", (200, 30, 30)), ("green", (30, 200, 30)), ("blue", (30, 30, 200))):
        for number in range(10):
            kind = "png" if number % 2 else "jpg"
            paint(tmp_path / "photos" / name / f"{number}.{kind}", color, number)
    (tmp_path / "photos" / ".hidden").write_text("not a class")
    (tmp_path / "photos" / "red" / ".hidden").write_text("not an image")
    return tmp_path / "photos"


def refused(message, path, shape):
    with pytest.raises(CnnzooError) as caught:
        find(str(path), shape)
    assert str(caught.value) == message


def test_a_folder_a_class_is_a_data_set(photos):
    dataset = find(str(photos), SHAPE)
    assert dataset.class_names == ("blue", "green", "red")
    assert sum(dataset.sizes.values()) == 30
    for split, size in dataset.sizes.items():
        images, labels = dataset.examples(split)
        assert images.shape == (size, *SHAPE)
        assert np.unique(labels).tolist() == [0, 1, 2]
        # The color of a class is the strongest channel of its images.
        assert (images.mean(axis=(1, 2)).argmax(axis=-1) == 2 - labels).all()


def test_the_split_depends_on_contents_alone_and_keeps_equal_images_together(photos):
    first = find(str(photos), SHAPE).examples("test").inputs
    for path in sorted((photos / "red").glob("[0-9]*")):
        path.rename(path.with_name(f"new{path.name}"))
    again = find(str(photos), SHAPE).examples("test").inputs
    assert sorted(map(bytes, first)) == sorted(map(bytes, again))
    for path in sorted((photos / "red").glob("new*")):
        shutil.copy(path, path.with_name(f"copy{path.name}"))
    dataset = find(str(photos), SHAPE)
    train, test = (set(map(bytes, dataset.examples(split).inputs)) for split in ("train", "test"))
    assert not train & test


def test_splits_of_ones_own_are_kept(photos):
    for split, numbers in (("train", range(7)), ("test", range(7, 10))):
        for name in ("red", "green"):
            for number in numbers:
                paint(photos / "split" / split / name / f"{number}.png", (9, 9, 9), number)
    dataset = find(str(photos / "split"), SHAPE)
    assert dataset.sizes == {"train": 14, "test": 6}
    assert dataset.class_names == ("green", "red")
    shutil.rmtree(photos / "split" / "test" / "red")
    split = photos / "split"
    refused(f"{split} must hold images of 'red' for test; got none", split, SHAPE)


def test_unreadable_files_are_counted_and_named(photos):
    for split in ("train", "test"):
        shutil.copytree(photos, photos / "split" / split, ignore=lambda *_: ["split"])
    red = photos / "split" / "train" / "red"
    (red / "cut.png").write_bytes((red / "1.png").read_bytes()[:60])
    (red / "old.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (red / "sub").mkdir()
    (red / "sub" / "stub.JPG").write_bytes(b"\xff\xd8\xff")
    dataset = find(str(photos / "split"), SHAPE)
    assert len(dataset.examples("test").inputs) == 30
    names = ("cut.png", "old.heic", "sub/stub.JPG")
    with pytest.raises(CnnzooError) as caught:
        dataset.examples("train")
    assert str(caught.value) == (
        f"images must be readable; 3 are not: {', '.join(str(red / name) for name in names)}"
    )


def test_a_class_without_examples_is_told(photos):
    (photos / "gray").mkdir()
    message = f"{photos} must hold images of 'gray' for train; got none"
    refused(message, photos, SHAPE)
    paint(photos / "gray" / "one.png", (9, 9, 9), 0)
    refused(message, photos, SHAPE)


def test_what_is_no_folder_of_classes_is_refused(photos, tmp_path):
    red = photos / "red"
    refused(f"{red} must hold a folder of images for each class; it has no folder", red, SHAPE)
    shutil.rmtree(photos / "blue")
    shutil.rmtree(photos / "green")
    message = f"{photos} must hold examples of two classes or more; got 'red' alone"
    refused(message, photos, SHAPE)


@pytest.mark.parametrize("shape", [(16_000, 1), (8, 8, 2), (4, 8, 8, 3)])
def test_what_the_network_takes_must_be_images_or_texts(photos, shape):
    refused(
        "dataset must be one of the catalog for a network that takes neither texts nor images of "
        f"1 or 3 channels; got {photos}",
        *(photos, shape),
    )


def test_a_path_without_data_is_refused(tmp_path):
    nowhere = tmp_path / "nowhere"
    refused(f"dataset '{nowhere}' is unknown; see `cnnzoo list datasets`", nowhere, SHAPE)
    refused("dataset 'sms_spm' is unknown; did you mean sms_spam?", "sms_spm", ())
    refused("dataset '' is unknown; see `cnnzoo list datasets`", "", SHAPE)
    sheet = tmp_path / "data.xlsx"
    sheet.write_bytes(b"PK")
    refused(
        "dataset must be a name of the catalog, a folder, or a .csv, .tsv, .jsonl, .ndjson, "
        f".parquet or .npz file; got {sheet}",
        *(sheet, SHAPE),
    )


def test_a_relative_path_is_kept_as_given(photos, monkeypatch):
    monkeypatch.chdir(photos.parent)
    dataset = find("photos", SHAPE)
    assert dataset.name == "photos"
    assert dataset.source == photos.resolve().as_uri()
    assert dataset.kind == "images"
    again = find(dataset.name, SHAPE)
    for split in dataset.sizes:
        for one, other in zip(dataset.examples(split), again.examples(split), strict=True):
            np.testing.assert_array_equal(one, other)
    assert dataset.examples("test") is dataset.examples("test")


def test_integer_names_of_classes_are_in_numerical_order(photos):
    for place, name in enumerate(("10", "9", "-1")):
        for number in range(2):
            paint(photos / "numbers" / name / f"{number}.png", (9, 9, 9), 2 * place + number)
    assert find(str(photos / "numbers"), SHAPE).class_names == ("-1", "9", "10")


@pytest.mark.slow
def test_the_command_line_trains_on_ones_own_images(photos, warm_command):
    done = warm_command(
        *("train", "mnist_lenet5", "--data", photos, "--json", "--set", "model=basic_cnn"),
        *("--set", "batch_size=8", "--set", "epochs=12", "--set", "augmentation=none"),
        cwd=photos.parent,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["examples"] == find(str(photos), SHAPE).sizes["test"]
    assert result["accuracy"] == 1
    assert cnnzoo.evaluate(cnnzoo.load(photos.parent / result["run"]))["accuracy"] == 1
    done = warm_command("train", "mnist_lenet5", "--data", "nowhere", cwd=photos.parent)
    assert done.returncode == 1
    assert "dataset 'nowhere' is unknown" in done.stderr
