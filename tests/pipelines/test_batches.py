import hashlib
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest

from cnnzoo.datasets import Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import (
    CutMix,
    Cutout,
    MixUp,
    PadCrop,
    Policy,
    RandAugment,
    RandomColor,
    RandomShift,
)
from cnnzoo.pipelines.batches import eval_batches, train_batches


def numbered(count):
    """Examples whose first pixel and label tell their index; the rest lets a shift be seen."""
    images = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1)).astype(np.uint8)
    return Examples(images, np.arange(count))


def taken(dataset, count):
    return [(images.numpy(), labels.numpy()) for images, labels in dataset.take(count)]


def test_an_epoch_holds_each_example_at_most_once_in_another_order():
    examples = numbered(103)
    batches = taken(train_batches(examples, batch_size=10, seed=1), 20)
    epochs = [np.concatenate([labels for _, labels in batches[i : i + 10]]) for i in (0, 10)]
    for labels in epochs:
        assert len(set(labels)) == 100
        assert not np.array_equal(labels, np.sort(labels))
    assert not np.array_equal(*epochs)
    for images, labels in batches:
        assert np.array_equal(images, examples.inputs[labels])


def test_any_step_can_be_recomputed_alone():
    def batches(**where):
        augmentation = RandomShift(2)
        return train_batches(
            numbered(64), batch_size=10, seed=5, augmentation=augmentation, **where
        )

    expected = taken(batches(), 20)
    for start in (1, 5, 6, 7, 13):
        for one, other in zip(taken(batches(start_step=start), 4), expected[start:], strict=False):
            assert np.array_equal(one[0], other[0])
            assert np.array_equal(one[1], other[1])


UNEVEN = np.repeat([0, 1, 4], [90, 9, 21])  # Of class 2 and 3 there are none.


def test_balanced_classes_are_drawn_equally_often_and_their_examples_too():
    examples = Examples(numbered(120).inputs, UNEVEN)
    balanced = partial(train_batches, examples, batch_size=30, seed=1, balanced=True)
    taken_twice = taken(balanced(), 8)
    epochs = [taken_twice[:4], taken_twice[4:]]
    seen = []
    for epoch in epochs:
        assert np.bincount(np.concatenate([labels for _, labels in epoch])).tolist() == [
            *(40, 40, 0, 0, 40)
        ]
        images = np.concatenate([images for images, _ in epoch])
        counts = [sum(np.array_equal(one, image) for image in images) for one in examples.inputs]
        assert set(counts[:90]) == {0, 1}
        assert set(counts[90:99]) == {4, 5}  # 40 / 9.
        assert set(counts[99:]) == {1, 2}
        seen.append(counts)
        assert all(len(set(labels)) == 3 for _, labels in epoch)
    assert seen[0] != seen[1]
    for one, other in zip(taken(balanced(start_step=5), 3), taken_twice[5:], strict=True):
        assert np.array_equal(one[0], other[0])
        assert np.array_equal(one[1], other[1])


def test_an_example_that_recurs_is_augmented_anew():
    examples = Examples(numbered(40).inputs, np.arange(40) // 39)  # One of 40 in a class alone.
    batches = train_batches(
        examples, batch_size=40, seed=1, balanced=True, augmentation=RandomShift(2)
    )
    ((images, labels),) = taken(batches, 1)
    assert (labels == 1).sum() == 20
    assert len({image.tobytes() for image in images[labels == 1]}) > 5


def test_augmentation_depends_on_seed_epoch_and_index_not_on_the_batch():
    def by_index(batch_size, seed=5):
        dataset = train_batches(
            numbered(60), batch_size=batch_size, seed=seed, augmentation=RandomShift(2)
        )
        return [
            {
                label: image.tobytes()
                for images, labels in taken(dataset, 2 * (60 // batch_size))[part]
                for image, label in zip(images, labels, strict=True)
            }
            for part in (slice(0, 60 // batch_size), slice(60 // batch_size, None))
        ]

    assert by_index(10) == by_index(20)
    first, second = by_index(10)
    assert first != second  # Another epoch, other shifts.
    assert first != by_index(10, seed=6)[0]


@pytest.mark.parametrize("within", [False, True])
def test_alternating_flips_mirror_each_image_in_every_second_epoch(within):
    images = np.zeros((60, 4, 4, 1), np.uint8)
    images[:, :, 0] = 255  # So that a column says whether an image is mirrored.
    examples = Examples(images, np.arange(60))
    layer = PadCrop(0, flip=True, alternate=True)
    layer = Policy([Cutout(1), layer]) if within else layer
    batches = train_batches(examples, batch_size=20, seed=3, augmentation=layer)
    mirrored = np.zeros((4, 60), bool)
    for step, (pixels, labels) in enumerate(batches.take(12)):
        mirrored[step // 3, labels] = np.asarray(pixels)[:, :, -1].max(axis=(1, 2)) == 255
    assert 15 < mirrored[0].sum() < 45
    assert np.array_equal(mirrored[1], ~mirrored[0])
    assert np.array_equal(mirrored[2], mirrored[0])
    assert np.array_equal(mirrored[3], mirrored[1])


def full_policy():
    """A policy with a layer of Keras, one that draws operations, one that mixes labels."""
    turn = keras.layers.RandomRotation(0.1)
    return Policy([PadCrop(2, flip=True), turn, RandomColor(0.2, 0.2), RandAugment(2), CutMix()])


def test_any_step_of_a_full_policy_can_be_recomputed_alone():
    def batches(start):
        return train_batches(
            numbered(40),
            batch_size=10,
            seed=5,
            augmentation=full_policy(),
            num_classes=40,
            start_step=start,
        )

    expected = taken(batches(0), 9)
    for start in (3, 6):
        for one, other in zip(taken(batches(start), 3), expected[start:], strict=False):
            assert np.array_equal(one[0], other[0])
            assert np.array_equal(one[1], other[1])
    assert not any(np.array_equal(expected[0][0], images) for images, _ in expected[1:])


@pytest.mark.parametrize("augmentation", [MixUp(), CutMix(), Policy([RandomShift(1), MixUp(0.4)])])
def test_mixing_gives_labels_that_sum_to_one(augmentation):
    batches = train_batches(
        numbered(40), batch_size=10, seed=5, augmentation=augmentation, num_classes=40
    )
    for images, labels in taken(batches, 8):
        assert images.dtype == np.uint8
        assert labels.dtype == np.float32
        assert labels.shape == (10, 40)
        assert np.abs(labels.sum(axis=1) - 1).max() < 1e-6
        assert ((labels > 0).sum(axis=1) <= 2).all()


def digest():
    content = b""
    for augmentation in (RandomShift(2), full_policy()):
        dataset = train_batches(
            numbered(64), batch_size=8, seed=3, augmentation=augmentation, num_classes=64
        )
        parts = [part.tobytes() for batch in taken(dataset, 20) for part in batch]
        content += b"".join(parts)
    return hashlib.sha256(content).hexdigest()


def test_two_processes_give_identical_batches():
    code = f"import runpy; print(runpy.run_path({__file__!r})['digest']())"
    environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == digest()


def test_evaluation_yields_every_example_once_in_order():
    examples = numbered(23)
    batches = taken(eval_batches(examples, batch_size=10), -1)
    assert [len(labels) for _, labels in batches] == [10, 10, 3]
    assert np.array_equal(np.concatenate([images for images, _ in batches]), examples.inputs)
    assert np.array_equal(np.concatenate([labels for _, labels in batches]), examples.labels)


@pytest.mark.parametrize("size", [0, -1, 24])
def test_a_batch_must_fit_the_data(size):
    with pytest.raises(CnnzooError, match=f"batch_size must be from 1 to the 23 .*; got {size}"):
        train_batches(numbered(23), batch_size=size, seed=0)


@pytest.mark.parametrize(
    ("inputs", "augmentation", "message"),
    [
        (np.zeros((9, 4, 4, 1), np.uint8), MixUp(), "num_classes must be a number of classes for"),
        (np.zeros((9, 30)), RandomShift(2), "augmentation must be none where .* of 2 axes"),
    ],
)
def test_the_augmentation_must_fit_the_data(inputs, augmentation, message):
    with pytest.raises(CnnzooError, match=message):
        train_batches(
            Examples(inputs, np.arange(9)), batch_size=3, seed=0, augmentation=augmentation
        )


@pytest.mark.parametrize("batches", [eval_batches, partial(train_batches, seed=0)])
def test_no_tuner_outlives_the_last_batch(batches):
    # Its thread sleeps up to 5 seconds at a time, and whoever drops the iterator waits for it.
    assert batches(numbered(20), batch_size=10).options().autotune.enabled is False


MEMORY = """
import numpy as np, tensorflow as tf
from cnnzoo.datasets import Examples
from cnnzoo.datasets.encoded import aligned
from cnnzoo.pipelines.augmentation import policy
from cnnzoo.pipelines.batches import eval_batches, train_batches

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

warm = Examples(np.zeros((256, 32, 32, 3), np.uint8), np.zeros(256, np.int64))
flip = policy("pad_crop_flip")
next(iter(train_batches(warm, batch_size=128, seed=0, augmentation=flip)))
before = resident()
images = aligned((50_000, 32, 32, 3), np.dtype("uint8"))
images[:] = 1
examples = Examples(images, np.zeros(50_000, np.int64))
batches = iter(train_batches(examples, batch_size=128, seed=0, augmentation=flip))
for _ in range(500):
    next(batches)
for _ in eval_batches(examples, batch_size=500):
    pass
print((resident() - before) / images.nbytes)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc to read memory from")
def test_batches_of_cifar10_take_no_second_copy_of_the_images():
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    )
    assert 1.0 <= float(done.stdout) <= 1.3
