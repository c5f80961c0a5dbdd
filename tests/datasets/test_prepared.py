"""Reading what TFDS has prepared, on small sets that are generated and prepared here."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from cnnzoo.datasets import DATASETS
from cnnzoo.pipelines.tf_decoding import decode

PEAK = """
import resource
import tensorflow, tensorflow_datasets, cnnzoo
peaks = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]
held = [cnnzoo.load_dataset("cifar10", split) for split in ("train", "test")]
peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print((peaks[1] - peaks[0]) * 1024 / sum(inputs.nbytes for inputs, _ in held))
"""


def test_examples_come_in_the_order_of_tfds(small_set, color):
    read, folder = small_set
    images, labels = read("train")
    builder = tfds.builder_from_directory(folder)
    assert labels.tolist() == [int(one["label"]) for one in builder.as_dataset(split="train")]
    assert sorted(labels.tolist()) == sorted(i % 43 for i in range(600))
    assert (images == np.array([color(i) for i in labels])[:, None, None]).all()
    assert labels.dtype == np.int64


def test_images_of_several_sizes_are_brought_to_one(root, prepare, color):
    sizes = [(96, 48), (32, 32), (17, 70), (8, 8)]
    rng = np.random.default_rng(0)
    plain = [np.full((*sides, 3), color(place), np.uint8) for place, sides in enumerate(sizes)]
    noisy = [rng.integers(0, 256, (*sides, 3), np.uint8) for sides in sizes]
    splits = {
        "train": [(image, place, {}) for place, image in enumerate(plain)],
        "validation": [(image, place, {}) for place, image in enumerate(noisy)],
    }
    feature = tfds.features.Image(shape=(None, None, 3), encoding_format="png")
    prepare(root, "visual_domain_decathlon/gtsrb", feature, splits, version="1.2.0")
    # The border has the color of the image, and so have the margins.
    images, labels = DATASETS["gtsrb"].read("train")
    assert images.shape == (4, 32, 32, 3)
    assert (images == np.array([color(i) for i in labels])[:, None, None]).all()
    # What is served decodes a PNG file of the same pixels.
    images, labels = DATASETS["gtsrb"].read("test")
    for image, label in zip(images, labels, strict=True):
        served = decode(tf.io.encode_png(noisy[label]), (32, 32, 3), light_on_dark=False)
        assert np.array_equal(image, served)


@pytest.fixture
def digits(root, prepare):
    """Constant sound, seven times of two digits by two speakers each, and an extreme one."""
    recordings = [
        (np.full(7_990 + 5 * index, 1 + index), digit, {"audio/filename": f"{digit}_{who}.wav"})
        for digit in range(2)
        for index in range(7)
        for who in [f"theo_{index}", f"_0_{index}"]
    ]
    recordings.append((np.array([-(2**15), 2**15 - 1]), 9, {"audio/filename": "9_theo_14.wav"}))
    audio = tfds.features.Audio(file_format="wav", sample_rate=8_000)
    name = {"audio/filename": tfds.features.Text()}
    splits = {"train": recordings}
    prepare(root, "spoken_digit", audio, splits, version="1.0.9", key="audio", **name)


def test_sounds_are_split_by_file_and_cut_or_filled_up(digits):
    sounds, labels = DATASETS["spoken_digit"].read("test")
    # Recordings 0 to 4 of two digits and two speakers have 7,990 to 8,010 samples.
    assert sounds.shape == (20, 8_000, 1)
    assert sounds.dtype == np.int16
    assert np.bincount(labels).tolist() == [10, 10]
    lengths = [(sound != 0).sum() for sound in sounds]
    assert sorted(lengths) == [7_990] * 4 + [7_995] * 4 + [8_000] * 12
    assert all(
        len(np.unique(sound[:length])) == 1 for sound, length in zip(sounds, lengths, strict=True)
    )
    sounds, labels = DATASETS["spoken_digit"].read("train")
    assert np.bincount(labels).tolist() == [4, 4, 0, 0, 0, 0, 0, 0, 0, 1]
    (extreme,) = sounds[labels == 9]
    assert extreme[:3, 0].tolist() == [-(2**15), 2**15 - 1, 0]


@pytest.mark.data
@pytest.mark.slow
def test_reading_takes_hardly_more_memory_than_the_images():
    command = [sys.executable, "-c", PEAK]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(process.stdout) < 1.3
