"""Every set of the catalog: its facts, and its reading from TFDS, real or mocked."""

import dataclasses
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow_datasets as tfds

import cnnzoo
from cnnzoo.datasets import DATASETS, Dataset, sms_spam, sources
from cnnzoo.errors import CnnzooError

FROM_TFDS = [
    name
    for name, dataset in sorted(DATASETS.items())
    # Images of several sizes are read from files, which a mock has not; see test_prepared.
    if isinstance(dataset.read, sources.TFDS) and len(dataset.read.shape) != 3
]


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_facts_are_complete(name):
    dataset = DATASETS[name]
    assert dataset.name == name
    assert len(set(dataset.class_names)) == len(dataset.class_names) >= 2
    assert {"train", "test"} <= set(dataset.sizes) <= {"train", "validation", "test"}
    assert min(dataset.sizes.values()) > 0
    assert dataset.source.startswith("http")
    assert dataset.citation
    assert dataset.license
    assert len(dataset.mean) == len(dataset.std)
    assert len(dataset.mean) in (0, *dataset.input_shape[-1:])
    assert (dataset.sample_rate > 0) == (dataset.kind == "sounds")


@pytest.mark.parametrize("name", FROM_TFDS)
def test_the_feature_spec_of_tfds_is_read(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    dataset = DATASETS[name]
    small = dataclasses.replace(dataset, sizes={"train": 5, "test": 5})
    policy = tfds.testing.MockPolicy.USE_CODE
    with tfds.testing.mock_data(num_examples=5, policy=policy):
        # No file of the mock has a name that belongs to a test split.
        for split in ("train",) if dataset.read.belongs else ("train", "test"):
            inputs, labels = small.examples(split)
            assert labels.shape == (5,)
            assert labels.dtype == np.int64
            assert inputs.shape == (5, *dataset.input_shape)
            if dataset.kind == "texts":
                assert all(isinstance(text, str) for text in inputs)
            else:
                assert inputs.dtype == {"images": np.uint8, "sounds": np.int16}[dataset.kind]


def test_the_slices_of_quick_draw_have_the_stated_sizes():
    # As TFDS states the size of its one split.
    for split, size in DATASETS["quickdraw_bitmap"].sizes.items():
        spec = DATASETS["quickdraw_bitmap"].read.splits[split]
        sizes = {"train": SimpleNamespace(num_examples=50_426_266)}
        (found,) = tfds.core.ReadInstruction.from_spec(spec).to_absolute(sizes)
        assert (found.to or 50_426_266) - (found.from_ or 0) == size


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("quickdraw_bitmap", "datasets/quickdraw_bitmap/labels.txt"),
        ("imagenette", "image_classification/imagenette_labels.txt"),
    ],
)
def test_class_names_stand_in_the_order_of_tfds(name, labels):
    expected = tfds.core.tfds_path(labels).read_text().splitlines()
    if name == "imagenette":  # TFDS has WordNet's numbers; ImageNet's list gives their names.
        wordnet = {
            "n01440764": "tench",
            "n02102040": "English springer",
            "n02979186": "cassette player",
            "n03000684": "chain saw",
            "n03028079": "church",
            "n03394916": "French horn",
            "n03417042": "garbage truck",
            "n03425413": "gas pump",
            "n03445777": "golf ball",
            "n03888257": "parachute",
        }
        expected = [wordnet[number] for number in expected]
    assert list(DATASETS[name].class_names) == expected


def small_set(**changes):
    def read(split):
        return cnnzoo.datasets.Examples(np.zeros((3, 2, 2, 1), np.uint8), np.array([0, 1, 2]))

    facts = {
        "name": "small",
        "class_names": ("a", "b", "c"),
        "sizes": {"train": 3},
        "source": "",
        "citation": "",
        "license": "",
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


@pytest.mark.parametrize("labels", [[0.5, 1.0, 2.0], [0.0, 1.0, 2.0]])
def test_labels_that_are_no_integers_are_refused(labels):
    def read(split):
        return cnnzoo.datasets.Examples(np.zeros((3, 2, 2, 1), np.uint8), np.array(labels))

    message = rf"^labels of small must be integers; got float64 values, such as {labels[0]}$"
    with pytest.raises(CnnzooError, match=message):
        small_set(read=read).examples("train")


def test_a_split_without_examples_is_refused():
    def read(split):
        return cnnzoo.datasets.Examples(np.zeros((0, 2, 2, 1), np.uint8), np.zeros(0, np.int64))

    with pytest.raises(CnnzooError, match=r"^small must have examples in 'train'; got none$"):
        small_set(read=read, sizes={"train": 0}).examples("train")


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


def test_license_has_its_earlier_spelling_too():
    fields = {one.name: getattr(DATASETS["mnist"], one.name) for one in dataclasses.fields(Dataset)}
    fields["licence"] = fields.pop("license")
    with pytest.warns(FutureWarning, match="licence= is now license="):
        assert Dataset(**fields) == DATASETS["mnist"]
