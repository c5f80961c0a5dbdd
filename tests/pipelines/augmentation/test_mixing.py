import math

import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import CutMix, MixUp, PadCrop, Policy

RNG = np.random.default_rng(1)
IMAGES = RNG.integers(0, 256, (50, 7, 6, 3)).astype(np.uint8)
LABELS = np.eye(50, dtype=np.float32)  # Each example a class of its own.
NOISE = RNG.random((50, 3), np.float32)


def test_mixup_blends_with_the_next_example():
    images, labels = map(np.asarray, MixUp().mix(IMAGES, LABELS, NOISE[:, :1]))
    assert images.dtype == np.uint8
    for place, own in enumerate(NOISE[:, 0].astype(float)):
        other = (place + 1) % 50
        blend = own * IMAGES[place] + (1 - own) * IMAGES[other]
        assert np.abs(images[place] - blend).max() < 0.501
        assert labels[place, place] == pytest.approx(own, abs=1e-5)
        assert labels[place, other] == pytest.approx(1 - own, abs=1e-5)


def test_cutmix_pastes_a_box_of_the_next_example():
    images, labels = map(np.asarray, CutMix().mix(IMAGES, LABELS, NOISE))
    for place, (own, down, right) in enumerate(NOISE):
        other = (place + 1) % 50
        sides = [math.floor(math.sqrt(1 - own) * length) for length in (7, 6)]
        top = math.floor(down * 7) - sides[0] // 2
        left = math.floor(right * 6) - sides[1] // 2
        rows = slice(max(top, 0), max(top + sides[0], 0))
        columns = slice(max(left, 0), max(left + sides[1], 0))
        expected, pasted = IMAGES[place].copy(), np.zeros((7, 6))
        expected[rows, columns] = IMAGES[other][rows, columns]
        pasted[rows, columns] = 1
        assert np.array_equal(images[place], expected)
        assert labels[place, other] == pytest.approx(pasted.mean(), abs=1e-6)


@pytest.mark.parametrize("layer", [MixUp(0.2), CutMix(), Policy([MixUp(), CutMix(0.5)])])
def test_labels_sum_to_one(layer):
    noise = RNG.random((50, layer.noise_size), np.float32)
    _, labels = layer.mix(IMAGES, LABELS, noise)
    assert np.abs(np.asarray(labels).sum(axis=1) - 1).max() < 1e-6
    assert np.asarray(labels).min() >= 0


@pytest.mark.parametrize(
    ("alpha", "distribution"),
    [
        (1, lambda x: x),
        (2, lambda x: 3 * x**2 - 2 * x**3),
        (0.5, lambda x: 2 / math.pi * np.arcsin(np.sqrt(x))),
        (3, lambda x: 10 * x**3 - 15 * x**4 + 6 * x**5),
    ],
)
def test_weights_follow_the_beta_distribution(alpha, distribution):
    noise = np.linspace(0, 1, 4001, endpoint=False).astype(np.float32)
    weights = np.asarray(MixUp(alpha).weights(noise)).astype(float)
    assert np.all(np.diff(weights) >= -1e-6)
    assert np.abs(distribution(np.clip(weights, 0, 1)) - noise).max() < 1e-3


@pytest.mark.parametrize("alpha", [0.05, 0.2, 10])
def test_weights_have_the_moments_of_the_beta_distribution(alpha):
    weights = np.asarray(MixUp(alpha).weights(np.random.default_rng(0).random(200_000, np.float32)))
    assert weights.min() >= 0
    assert weights.max() <= 1
    assert weights.mean() == pytest.approx(0.5, abs=0.003)
    assert weights.var() == pytest.approx(0.25 / (2 * alpha + 1), rel=0.02)


def test_a_policy_mixes_what_was_cropped():
    layer = Policy([PadCrop(2), MixUp()])
    images, _ = layer.mix(IMAGES, LABELS, NOISE)
    cropped = PadCrop(2).transform(IMAGES, NOISE[:, :2])
    expected, _ = MixUp().mix(cropped, LABELS, NOISE[:, 2:])
    assert np.array_equal(np.asarray(images), np.asarray(expected))


@pytest.mark.parametrize("alpha", [0, -1, 11, "1", None])
def test_wrong_alpha(alpha):
    with pytest.raises(CnnzooError, match="alpha must be a number above 0, at most 10; got"):
        CutMix(alpha)
