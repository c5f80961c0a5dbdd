"""Images that stay in TFDS's files or in folders, against the same images in memory."""

import os

import numpy as np
import pytest
import tensorflow_datasets as tfds

from cnnzoo.datasets import encoded, sources
from cnnzoo.datasets.dataset import Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import MixUp, Policy, RandomFlip, RandomResizedCrop
from cnnzoo.pipelines.batches import eval_batches, train_batches


@pytest.fixture
def streamed(small_set, monkeypatch):
    read, folder = small_set
    in_memory = read("train")
    monkeypatch.setattr(encoded, "MAX_BYTES", 0)
    monkeypatch.setattr(sources, "MAX_BYTES", 0)
    return in_memory, read, folder


def test_images_in_shards_are_those_in_memory(streamed):
    in_memory, read, folder = streamed
    for _ in range(2):  # Indexed, then with the index that was kept.
        images, labels = read("train")
        assert isinstance(images, encoded.EncodedImages)
        assert np.array_equal(labels, in_memory.labels)
        assert np.array_equal(images[:], in_memory.inputs)
        assert (folder / "cnnzoo_train.npz").is_file()
    assert np.array_equal(images[7], in_memory.inputs[7])
    assert np.array_equal(images.select(np.array([5, 3]))[1:], in_memory.inputs[[3]])


def test_shards_hold_no_files_open(streamed):
    _, read, _ = streamed
    images = read("train").inputs
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        assert len(read("train").inputs[:50]) == len(images[:50])
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_forked_process_has_threads_of_its_own():
    images = encoded.EncodedImages(
        lambda place: (np.full((4, 4, 3), place, np.uint8), ""), np.arange(9), (4, 4, 3)
    )
    images[:]
    child = os.fork()
    if child == 0:
        os._exit(int(images[:].max()))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 8


def test_slices_of_a_split_are_read_from_where_they_stand(streamed):
    in_memory, _, _ = streamed
    part = sources.TFDS("small", "1.0.0", splits={"train": "train[100:-50]"})
    assert np.array_equal(part("train").inputs[:], in_memory.inputs[100:-50])
    assert np.array_equal(part("train").labels, in_memory.labels[100:-50])


def test_array_records_are_read_by_their_own_index(root, prepare, color, monkeypatch):
    images = [np.full((4, 4, 3), color(i), np.uint8) for i in range(40)]
    feature = tfds.features.Image(shape=(4, 4, 3), encoding_format="png")
    features = tfds.features.FeaturesDict(
        {"image": feature, "label": tfds.features.ClassLabel(num_classes=43)}
    )
    tfds.dataset_builders.store_as_tfds_dataset(
        name="records",
        version="1.0.0",
        features=features,
        split_datasets={"train": [(i, {"image": one, "label": i}) for i, one in enumerate(images)]},
        data_dir=root,
        file_format="array_record",
    )
    monkeypatch.setattr(sources, "MAX_BYTES", 0)
    monkeypatch.setattr(encoded, "MAX_BYTES", 0)
    found, labels = sources.TFDS("records", "1.0.0")("train")
    assert sorted(labels.tolist()) == list(range(40))
    assert (found[:] == np.array([color(i) for i in labels])[:, None, None]).all()


def test_another_content_is_indexed_anew_and_a_damaged_file_is_named(streamed):
    in_memory, read, folder = streamed
    read("train")
    (shard,) = folder.glob("*.tfrecord*")
    shard.write_bytes(shard.read_bytes()[:-3_000])
    with pytest.raises(CnnzooError, match=f"{shard.name} is damaged"):
        read("train")


def test_batches_are_those_of_images_in_memory(streamed):
    in_memory, read, _ = streamed
    flips = {"batch_size": 50, "seed": 3, "augmentation": RandomFlip(), "start_step": 11}
    pairs = zip(
        train_batches(read("train"), **flips), train_batches(in_memory, **flips), strict=False
    )
    for step, (ours, theirs) in enumerate(pairs):
        assert all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))
        if step == 14:
            break
    whole = [images for images, _ in eval_batches(read("train"), batch_size=256)]
    assert np.array_equal(np.concatenate(whole), in_memory.inputs)


def test_a_crop_is_a_function_of_seed_epoch_and_index_and_of_the_full_picture():
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (40, 60, 3), np.uint8) for _ in range(8)]
    images = encoded.EncodedImages(
        lambda place: (pictures[place], str(place)), np.arange(8), (16, 16, 3)
    )
    examples = Examples(images, np.arange(8))

    def batches(start, augmentation):
        return iter(
            train_batches(
                examples, batch_size=4, seed=1, augmentation=augmentation, start_step=start
            )
        )

    whole = batches(0, Policy([RandomResizedCrop(), RandomFlip()]))
    seen = [next(whole) for _ in range(6)]
    resumed = batches(3, Policy([RandomResizedCrop(), RandomFlip()]))
    for images_then, labels_then in seen[3:]:
        images_now, labels_now = next(resumed)
        assert np.array_equal(images_now, images_then)
        assert np.array_equal(labels_now, labels_then)
    # Noise at full size: a crop of it has more contrast than one of the resized picture.
    small = Examples(images[:], np.arange(8))
    flat = next(iter(train_batches(small, batch_size=4, seed=1, augmentation=RandomResizedCrop())))
    sharp = next(batches(0, RandomResizedCrop()))
    assert np.array_equal(flat[1], sharp[1])
    assert np.std(sharp[0]) > 1.2 * np.std(flat[0])


def test_a_machine_reads_only_its_own_rows():
    read = []

    def fetch(place):
        read.append(place)
        return np.full((4, 4, 3), place, np.uint8), str(place)

    images = encoded.EncodedImages(fetch, np.arange(64), (4, 4, 3))
    examples = Examples(images, np.arange(64))
    whole = next(iter(train_batches(examples, batch_size=64, seed=0)))
    read.clear()
    part = train_batches(examples, batch_size=64, seed=0, rows=slice(16, 32))
    images_of_part, labels = next(iter(part.take(1)))
    assert np.array_equal(labels, whole[1])
    assert np.array_equal(images_of_part[16:32], whole[0][16:32])
    assert not np.any(images_of_part[:16])
    assert set(labels[16:32].numpy()) <= set(read)
    mixed = train_batches(
        examples, batch_size=64, seed=0, rows=slice(0, 1), augmentation=MixUp(), num_classes=64
    )
    assert np.all(np.any(next(iter(mixed))[0], axis=(1, 2, 3)))


def test_unreadable_images_are_found():
    contents = [np.zeros((4, 4, 3), np.uint8), b"none", np.zeros((4, 4, 3), np.uint8), b""]
    images = encoded.EncodedImages(lambda i: (contents[i], f"x{i}"), np.arange(4), (4, 4, 3))
    assert images.unreadable().tolist() == [1, 3]
    with pytest.raises(CnnzooError, match="2 are not: x1, x3"):
        images.in_memory()
