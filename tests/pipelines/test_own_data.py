import json
import shutil

import numpy as np
import pytest
from PIL import Image

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.own_data import find, from_folder

SHAPE = (8, 8, 3)


def paint(path, colour, noise):
    """Write an image of nearly one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(noise).integers(-20, 20, (10, 12, 3)) + colour
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def photos(tmp_path):
    """Ten images each of three classes, as PNG and JPEG."""
    for name, colour in (("red", (200, 30, 30)), ("green", (30, 200, 30)), ("blue", (30, 30, 200))):
        for number in range(10):
            kind = "png" if number % 2 else "jpg"
            paint(tmp_path / "photos" / name / f"{number}.{kind}", colour, number)
    (tmp_path / "photos" / ".hidden").write_text("not a class")
    (tmp_path / "photos" / "red" / ".hidden").write_text("not an image")
    return tmp_path / "photos"


def test_a_folder_a_class_is_a_data_set(photos):
    dataset = find(str(photos), SHAPE)
    assert dataset.class_names == ("blue", "green", "red")
    assert dataset.sizes == {"train": 24, "test": 6}
    images, labels = dataset.examples("train")
    assert images.shape == (24, *SHAPE)
    assert np.bincount(labels).tolist() == [8, 8, 8]
    # The colour of a class is the strongest channel of its images.
    assert (images.mean(axis=(1, 2)).argmax(axis=-1) == 2 - labels).all()
    assert np.bincount(dataset.examples("test").labels).tolist() == [2, 2, 2]


def test_the_split_depends_on_contents_alone_and_keeps_equal_images_together(photos):
    first = from_folder(photos, SHAPE).examples("test").inputs
    for path in sorted((photos / "red").glob("[0-9]*")):
        path.rename(path.with_name(f"new{path.name}"))
    again = from_folder(photos, SHAPE).examples("test").inputs
    assert sorted(map(bytes, first)) == sorted(map(bytes, again))
    for path in sorted((photos / "red").glob("new*")):
        shutil.copy(path, path.with_name(f"copy{path.name}"))
    dataset = from_folder(photos, SHAPE)
    train, test = (set(map(bytes, dataset.examples(split).inputs)) for split in ("train", "test"))
    assert not train & test


def test_splits_of_ones_own_are_kept(photos):
    for split, numbers in (("train", range(7)), ("test", range(7, 10))):
        for name in ("red", "green"):
            for number in numbers:
                paint(photos / "split" / split / name / f"{number}.png", (9, 9, 9), number)
    dataset = from_folder(photos / "split", SHAPE)
    assert dataset.sizes == {"train": 14, "test": 6}
    assert dataset.class_names == ("green", "red")
    shutil.rmtree(photos / "split" / "test" / "red")
    with pytest.raises(CnnzooError, match="must have the same classes in train and test"):
        from_folder(photos / "split", SHAPE)


def test_unreadable_files_are_counted_and_named(photos):
    (photos / "red" / "cut.png").write_bytes((photos / "red" / "1.png").read_bytes()[:60])
    (photos / "red" / "notes.txt").write_text("notes")
    dataset = from_folder(photos, SHAPE)
    with pytest.raises(CnnzooError, match="readable PNG or JPEG files; [12] are not: .*/red/"):
        [dataset.examples(split) for split in dataset.sizes]


def test_a_class_without_examples_is_told(photos):
    (photos / "grey").mkdir()
    with pytest.raises(CnnzooError, match="must hold images of 'grey' for train; got none"):
        from_folder(photos, SHAPE)
    paint(photos / "grey" / "one.png", (9, 9, 9), 0)
    with pytest.raises(CnnzooError, match="must hold images of 'grey' for train; got none"):
        from_folder(photos, SHAPE)


def test_what_is_no_folder_of_classes_is_refused(photos, tmp_path):
    with pytest.raises(CnnzooError, match="must hold a folder for each of two classes or more"):
        from_folder(photos / "red", SHAPE)
    with pytest.raises(CnnzooError, match="dataset must hold what the network takes; .* images"):
        from_folder(photos, (56,))
    with pytest.raises(CnnzooError, match="dataset '.*nowhere' is unknown"):
        find(str(tmp_path / "nowhere"), SHAPE)


def test_the_command_line_trains_on_ones_own_images(photos, command):
    done = command(
        *("train", "mnist_lenet5", "--data", photos, "--json", "--set", "model=basic_cnn"),
        *("--set", "batch_size=8", "--set", "epochs=12", "--set", "augmentation=none"),
        cwd=photos.parent,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["examples"] == 6
    assert result["accuracy"] == 1
    assert cnnzoo.evaluate(cnnzoo.load(photos.parent / result["run"]))["accuracy"] == 1
    done = command("train", "mnist_lenet5", "--data", "nowhere", cwd=photos.parent)
    assert done.returncode == 1
    assert "data must be a folder with a folder of images a class; got nowhere" in done.stderr
