"""Expected values are the published ones of the IDX files, not what this package reads."""

import hashlib
import struct

import numpy as np
import pytest

import cnnzoo
from cnnzoo.datasets import DATASETS, mnist, sources
from cnnzoo.errors import CnnzooError

# MD5 of the four uncompressed IDX files, as they circulate.
IDX_MD5 = {
    ("train", "images"): "6bbc9ace898e44ae57da46a324031adb",
    ("train", "labels"): "a25bea736e30d166cdddb491f175f624",
    ("test", "images"): "2646ac647ad5339dbf082846283269ea",
    ("test", "labels"): "27ae3e4e09519cfbb04c329615203637",
}


@pytest.mark.parametrize(("split", "count"), [("train", 60_000), ("test", 10_000)])
def test_the_idx_files_are_there_byte_for_byte(split, count):
    images, labels = mnist.read(split)
    assert images.shape == (count, 28, 28, 1)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    images_idx = struct.pack(">IIII", 2051, count, 28, 28) + images.tobytes()
    labels_idx = struct.pack(">II", 2049, count) + labels.astype(np.uint8).tobytes()
    assert hashlib.md5(images_idx).hexdigest() == IDX_MD5[split, "images"]
    assert hashlib.md5(labels_idx).hexdigest() == IDX_MD5[split, "labels"]


def test_mean_and_std_are_those_of_all_training_pixels():
    pixels = mnist.read("train").inputs / 255
    assert mnist.DATASET.mean[0] == pytest.approx(pixels.mean(), abs=5e-5)
    assert mnist.DATASET.std[0] == pytest.approx(pixels.std(), abs=5e-5)


def test_the_embedded_files_stay_under_11_mb():
    folder = mnist.Path(mnist.__file__).parent
    assert sum(path.stat().st_size for path in folder.glob("mnist_*.xz")) < 11e6


@pytest.mark.parametrize("place", [7, 100, 700_000, -20])
def test_a_flipped_byte_is_refused_with_the_path(place, tmp_path, monkeypatch):
    content = bytearray(mnist.Path(mnist.__file__).with_name("mnist_test.xz").read_bytes())
    content[place] ^= 0x10
    path = tmp_path / "mnist_test.xz"
    path.write_bytes(content)
    monkeypatch.setattr(mnist, "__file__", str(tmp_path / "mnist.py"))
    with pytest.raises(CnnzooError, match=f"{path} is damaged"):
        mnist.read("test")


def test_a_missing_file_is_reported_with_its_path(tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "__file__", str(tmp_path / "mnist.py"))
    with pytest.raises(CnnzooError, match="mnist_test.xz is damaged .*install cnnzoo again"):
        mnist.read("test")


def test_unknown_names_and_splits_are_reported():
    with pytest.raises(CnnzooError, match="dataset 'mnits' is unknown; did you mean mnist"):
        cnnzoo.load_dataset("mnits")
    with pytest.raises(CnnzooError, match="split of mnist 'tset' is unknown; did you mean test"):
        cnnzoo.load_dataset("mnist", split="tset")
    assert cnnzoo.list_datasets("mn*") == ["mnist"]
    assert DATASETS["mnist"].summary.startswith("60,000 train, 10,000 test images of 28x28x1")


@pytest.mark.data
@pytest.mark.parametrize("split", ["train", "test"])
def test_tfds_gives_identical_bytes(split):
    from tensorflow_datasets.core import hashing

    assert sources.prepared_by_tfds("mnist", "3.0.1"), "mnist is not prepared"
    theirs, ours = sources.TFDS("mnist", "3.0.1")(split), mnist.read(split)
    # TFDS stores examples by a hash of their key, which for MNIST is the place in the IDX file.
    hasher = hashing.Hasher(split)
    order = sorted(range(len(ours.labels)), key=lambda place: hasher.hash_key(place))
    assert ours.inputs[order].tobytes() == theirs.inputs.tobytes()
    assert ours.labels[order].tobytes() == theirs.labels.tobytes()
