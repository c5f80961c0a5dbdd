"""Every set of the catalogue: its facts, and its reading from TFDS, real or mocked."""

import dataclasses
import shutil

import numpy as np
import pytest
import tensorflow_datasets as tfds

import cnnzoo
from cnnzoo.datasets import DATASETS, Dataset, sms_spam, sources
from cnnzoo.errors import CnnzooError

FROM_TFDS = sorted(set(DATASETS) - {"mnist", "sms_spam"})


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_facts_are_complete(name):
    dataset = DATASETS[name]
    assert dataset.name == name
    assert len(set(dataset.class_names)) == len(dataset.class_names) >= 2
    assert set(dataset.sizes) == {"train", "test"}
    assert min(dataset.sizes.values()) > 0
    assert dataset.source.startswith("http")
    assert dataset.citation
    assert dataset.licence
    assert len(dataset.mean) == len(dataset.std)
    assert len(dataset.mean) in (0, *dataset.input_shape[-1:])


@pytest.mark.parametrize("name", FROM_TFDS)
def test_the_feature_spec_of_tfds_is_read(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    dataset = DATASETS[name]
    small = dataclasses.replace(dataset, sizes={"train": 5, "test": 5})
    policy = tfds.testing.MockPolicy.USE_CODE
    with tfds.testing.mock_data(num_examples=5, policy=policy):
        for split in ("train", "test"):
            inputs, labels = small.examples(split)
            assert labels.shape == (5,)
            assert labels.dtype == np.int64
            if dataset.input_shape:
                assert inputs.shape == (5, *dataset.input_shape)
                assert inputs.dtype == np.uint8
            else:
                assert inputs.shape == (5,)
                assert all(isinstance(text, str) for text in inputs)


def small_set(**changes):
    def read(split):
        return cnnzoo.datasets.Examples(np.zeros((3, 2, 2, 1), np.uint8), np.array([0, 1, 2]))

    facts = {
        "name": "small",
        "class_names": ("a", "b", "c"),
        "sizes": {"train": 3},
        "source": "",
        "citation": "",
        "licence": "",
        "read": read,
    }
    return Dataset(**{**facts, **changes})


def test_a_set_with_examples_missing_is_refused():
    with pytest.raises(
        CnnzooError, match=r"small must have 4 examples in 'train'; got 3: its files"
    ):
        small_set(sizes={"train": 4}).examples("train")


def test_labels_outside_the_classes_are_refused():
    with pytest.raises(CnnzooError, match="labels of small must be from 0 to 1; got 0 to 2"):
        small_set(class_names=("a", "b")).examples("train")


def test_a_set_that_cannot_be_downloaded_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))

    def offline(*_, **__):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", offline)
    with pytest.raises(
        CnnzooError, match=r"cifar10 is not in .* \(Network is unreachable\); run this"
    ):
        cnnzoo.load_dataset("cifar10")


def test_sms_spam_is_the_published_collection():
    splits = {split: sms_spam.read(split) for split in ("train", "test")}
    assert sum(len(labels) for _, labels in splits.values()) == 5_574
    assert sum(int(labels.sum()) for _, labels in splits.values()) == 747
    # The file's first and third line, each the first of its split.
    assert splits["test"].inputs[0].startswith("Go until jurong point, crazy..")
    assert splits["train"].inputs[0].startswith("Free entry in 2 a wkly comp to win FA Cup")
    assert not set(splits["train"].inputs) & set(splits["test"].inputs)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "counts"), [("fashion_mnist", [6_000] * 10), ("cifar10", [5_000] * 10)]
)
def test_real_images(name, counts):
    images, labels = cnnzoo.load_dataset(name)
    assert np.bincount(labels).tolist() == counts
    values = images.reshape(-1, images.shape[-1]) / 255
    assert DATASETS[name].mean == pytest.approx(values.mean(axis=0), abs=5e-5)
    assert DATASETS[name].std == pytest.approx(values.std(axis=0), abs=5e-5)
    assert np.bincount(cnnzoo.load_dataset(name, "test").labels).tolist() == [1_000] * 10


@pytest.mark.data
def test_real_questions():
    texts, labels = cnnzoo.load_dataset("trec")
    # As its authors count the training questions.
    expected = {"ABBR": 86, "DESC": 1_162, "ENTY": 1_250, "HUM": 1_223, "LOC": 835, "NUM": 896}
    names = DATASETS["trec"].class_names
    assert {name: int((labels == place).sum()) for place, name in enumerate(names)} == expected
    assert "How did serfdom develop in and then leave Russia ?" in texts


@pytest.mark.data
@pytest.mark.parametrize("damage", ["flipped", "cut", "cut at a record"])
def test_a_damaged_shard_is_named(damage, tmp_path, monkeypatch):
    source = sources.prepared_by_tfds("trec", "1.0.0")
    folder = tmp_path / "trec" / "1.0.0"
    shutil.copytree(source, folder)
    (shard,) = folder.glob("*test.tfrecord*")
    content = bytearray(shard.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
    elif damage == "cut":
        del content[-5:]
    else:
        length = int.from_bytes(content[:8], "little")  # A record: length, CRC, data, CRC.
        del content[: 8 + 4 + length + 4]
    shard.write_bytes(content)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    name = f"{folder} is damaged.* 499" if damage == "cut at a record" else f"{shard} is damaged"
    with pytest.raises(CnnzooError, match=name):
        cnnzoo.load_dataset("trec", "test")
