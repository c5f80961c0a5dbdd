"""Copies that are planted are found, and others are not."""

import io

import numpy as np
import pytest
from PIL import Image

from cnnzoo.audit import image_copies, text_copies
from cnnzoo.audit.copies import Pairs, groups


def pictures(count, channels=1, seed=0):
    """Return smooth pictures, uint8 `[count, 28, 28, channels]`, that are unlike each other."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        coarse = rng.integers(40, 200, (7, 7, 3), np.uint8)
        smooth = Image.fromarray(coarse).resize((28, 28), Image.Resampling.BICUBIC)
        found.append(np.asarray(smooth)[..., :channels])
    return np.stack(found)


def jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image.squeeze()).save(file, "JPEG", quality=75)
    return np.asarray(Image.open(file)).reshape(image.shape)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "change",
    [
        np.copy,
        jpeg,
        lambda one: np.roll(one, 1, axis=1),
        lambda one: np.roll(one, (1, -1), axis=(0, 1)),
        lambda one: (one * 0.8).astype(np.uint8),
        lambda one: (one.astype(int) + 30).clip(0, 255).astype(np.uint8),
        lambda one: (one * 1.4).clip(0, 255).astype(np.uint8),
    ],
)
def test_a_changed_picture_is_a_copy_of_its_original_alone(change, channels):
    images = pictures(40, channels)
    every = np.concatenate([images, change(images[5])[None]])
    (group,) = groups(image_copies.copies(every), len(every))
    assert group.places == [5, 40]
    assert (group.similarity == 1) == (change is np.copy)


def test_blank_images_are_constant_and_no_copies():
    images = np.concatenate([pictures(3), np.full((2, 28, 28, 1), 7, np.uint8)])
    assert image_copies.constant(images).tolist() == [False] * 3 + [True] * 2
    assert groups(image_copies.copies(images), 5) == []


def test_pairs_join_into_groups():
    pairs = Pairs(np.array([4, 1, 6]), np.array([1, 0, 5]), np.array([1.0, 0.9, 1.0]))
    found = groups([pairs], 7)
    assert [group.places for group in found] == [[0, 1, 4], [5, 6]]
    assert [group.similarity for group in found] == [0.9, 1.0]


def test_texts_are_copies_if_equal_but_for_case_and_signs_or_if_they_share_most():
    texts = [
        "Free entry in 2 a weekly competition to win FA Cup final tickets 21st May 2005",
        "free entry: in 2 a weekly competition to win FA Cup final tickets, 21st May 2005!",
        "Free entry in 2 a weekly competition to win FA Cup final tickets 22nd May 2005",
        "Fine if that's the way you feel. That's the way it has to be, for all of us here",
        "...",
        "",
    ]
    (group,) = groups(text_copies.copies(texts), len(texts))
    assert group.places == [0, 1, 2]
    # Sequences of five characters that the first and the third share, by sets.
    plain = [text_copies.normalized(texts[place]) for place in (0, 2)]
    first, third = ({one[at : at + 5] for at in range(len(one) - 4)} for one in plain)
    assert group.similarity == pytest.approx(len(first & third) / len(first | third))
