"""The test split that contents decide."""

import hashlib

import numpy as np
import pytest

from cnnzoo.pipelines.custom_data.content_split import digest, split_by_content

TEXTS = [f"text {place}" for place in range(400)]


def first_byte(text):
    return hashlib.sha256(text.encode()).digest()[0]


def test_a_fifth_is_in_the_test_split():
    chosen = split_by_content(TEXTS, ["a", "b"] * 200)
    assert chosen == [first_byte(text) < 51 for text in TEXTS]
    assert 0.15 < np.mean(chosen) < 0.25


def test_examples_stay_in_their_split_when_others_are_deleted():
    chosen = dict(zip(TEXTS, split_by_content(TEXTS, ["a"] * 400), strict=True))
    for kept in (TEXTS[::3], [text for text in TEXTS if not chosen[text]][:30] + TEXTS[-50:]):
        again = split_by_content(kept, ["a"] * len(kept))
        assert again == [chosen[text] for text in kept]


def test_each_class_has_a_test_and_a_training_example():
    none = [text for text in TEXTS if first_byte(text) >= 51][:9]
    every = [text for text in TEXTS if first_byte(text) < 51][:9]
    chosen = split_by_content(none + every, ["a"] * 9 + ["b"] * 9)
    assert chosen[:9] == [text == min(none, key=first_byte) for text in none]
    assert chosen[9:] == [text != max(every, key=first_byte) for text in every]
    # Equal contents go together, whatever their class.
    repeated = [*none, min(none, key=first_byte)] + every
    assert split_by_content(repeated, ["a"] * 9 + ["b"] * 10)[9]


@pytest.mark.parametrize("size", [0, 1, 2**14, 2**14 + 1, 100_000])
def test_a_file_has_the_digest_of_its_content(size, tmp_path):
    pixels = np.random.default_rng(size).integers(0, 256, size, np.uint8)
    (tmp_path / "file").write_bytes(pixels.tobytes())
    assert digest(tmp_path / "file") == digest(pixels)
    whole = size <= 2**14
    assert (digest(pixels) == hashlib.sha256(pixels).digest()) == whole


def test_little_of_a_large_file_is_read(tmp_path):
    (tmp_path / "large").touch()
    with (tmp_path / "large").open("r+b") as file:
        file.truncate(2**40)  # Sparse: reading all of it would never end.
        assert digest(tmp_path / "large") == digest(tmp_path / "large")
        before = digest(tmp_path / "large")
        file.seek(2**40 - 1)
        file.write(b"x")
    assert digest(tmp_path / "large") != before


def test_a_file_that_is_not_there_has_a_digest(tmp_path):
    assert digest(tmp_path / "a") != digest(tmp_path / "b")
