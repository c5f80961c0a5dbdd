"""The operations are compared with Pillow, which the papers' code used."""

import keras
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import RandAugment, TrivialAugment
from cnnzoo.pipelines.augmentation.operations import OPERATIONS

RNG = np.random.default_rng(1)
# Not all levels occur, and some often, so that there is something to stretch and to equalize.
IMAGES = (RNG.random((40, 17, 14, 3)) ** 3 * 200 + 20).astype(np.uint8)
SIGNED = np.linspace(-1, 1, 40).astype(np.float32)


def applied(name, strength, fill=0, images=IMAGES):
    _, operation = OPERATIONS[name]
    return np.asarray(operation(images, strength, fill))


def by_pillow(change, strength):
    return np.stack(
        [
            np.asarray(change(Image.fromarray(image), float(one)))
            for image, one in zip(IMAGES, strength, strict=True)
        ]
    )


def warped(image, across, down, fill):
    return image.transform(image.size, Image.AFFINE, (*across, *down), fillcolor=(fill,) * 3)


@pytest.mark.parametrize(
    ("name", "strength", "change"),
    [
        ("identity", SIGNED, lambda image, by: image),
        ("auto_contrast", SIGNED, lambda image, by: ImageOps.autocontrast(image)),
        ("equalize", SIGNED, lambda image, by: ImageOps.equalize(image)),
        (
            "solarize",
            np.round(SIGNED * 256),
            lambda image, by: ImageOps.solarize(image, 256 - abs(int(by))),
        ),
        (
            "posterize",
            np.round(SIGNED * 6),
            lambda image, by: ImageOps.posterize(image, 8 - abs(int(by))),
        ),
        ("color", SIGNED, lambda image, by: ImageEnhance.Color(image).enhance(1 + by)),
        ("contrast", SIGNED, lambda image, by: ImageEnhance.Contrast(image).enhance(1 + by)),
        ("brightness", SIGNED, lambda image, by: ImageEnhance.Brightness(image).enhance(1 + by)),
        ("sharpness", SIGNED, lambda image, by: ImageEnhance.Sharpness(image).enhance(1 + by)),
        ("shear_x", SIGNED * 0.99, lambda image, by: warped(image, (1, by, 0), (0, 1, 0), 7)),
        ("shear_y", SIGNED * 0.99, lambda image, by: warped(image, (1, 0, 0), (by, 1, 0), 7)),
        ("translate_x", SIGNED * 32, lambda image, by: warped(image, (1, 0, by), (0, 1, 0), 7)),
        ("translate_y", SIGNED * 32, lambda image, by: warped(image, (1, 0, 0), (0, 1, by), 7)),
        (
            "rotate",
            SIGNED * 135,
            lambda image, by: image.rotate(by, fillcolor=(7,) * 3),
        ),
    ],
)
def test_operations_do_what_pillow_does(name, strength, change):
    strength = strength.astype(np.float32)
    differences = np.abs(applied(name, strength, 7).astype(int) - by_pillow(change, strength))
    if name in ("color", "contrast", "brightness", "sharpness", "auto_contrast"):
        # Pillow rounds grays, means and smoothed images on the way, and cuts the end result off.
        assert differences.max() <= 2
    elif name in ("identity", "equalize", "solarize", "posterize"):
        assert differences.max() == 0
    else:
        assert (differences > 0).mean() < 0.004  # Pixels whose source lies between two.


@pytest.mark.parametrize("layer", [RandAugment(1, 17), TrivialAugment()])
def test_each_image_gets_the_operation_that_it_draws(layer):
    noise = np.random.default_rng(3).random((40, 3), np.float32)
    changed = np.asarray(layer.transform(IMAGES, noise))
    drawn = set()
    for place, (which, level, sign) in enumerate(noise):
        name = list(OPERATIONS)[int(which * 14)]
        kind, _ = OPERATIONS[name]
        strength = 17 if isinstance(layer, RandAugment) else np.floor(level * 31)
        signed = np.float32((-1 if sign < 0.5 else 1) * strength / 30 * layer.ranges.get(kind, 1))
        alone = applied(name, signed[None], layer.fill, IMAGES[place : place + 1])
        differences = np.abs(alone[0].astype(int) - changed[place])
        assert (differences > 1).mean() < 0.01
        drawn.add(name)
    assert len(drawn) > 10


def test_the_operations_are_the_papers():
    assert len(OPERATIONS) == 14
    for layer in (RandAugment, TrivialAugment):
        kinds = {kind for kind, _ in OPERATIONS.values()} - {None}
        assert set(layer.ranges) == kinds


def test_operations_follow_each_other():
    noise = np.random.default_rng(4).random((40, 6), np.float32)
    once = RandAugment(1, 12)
    expected = once.transform(once.transform(IMAGES, noise[:, :3]), noise[:, 3:])
    assert np.array_equal(np.asarray(RandAugment(2, 12).transform(IMAGES, noise)), expected)


def test_strength_zero_changes_little():
    noise = np.random.default_rng(5).random((40, 3), np.float32)
    changed = np.asarray(RandAugment(1, 0).transform(IMAGES, noise))
    names = np.array(list(OPERATIONS))[(noise[:, 0] * 14).astype(int)]
    fixed = ~np.isin(names, ("auto_contrast", "equalize"))
    assert np.array_equal(changed[fixed], IMAGES[fixed])


def test_other_backends_compute_the_same(monkeypatch):
    noise = np.random.default_rng(6).random((40, 9), np.float32)
    expected = np.asarray(RandAugment().transform(IMAGES, noise))
    monkeypatch.setattr(keras.backend, "backend", lambda: "another")
    assert np.array_equal(np.asarray(RandAugment().transform(IMAGES, noise)), expected)


def test_floats_are_rounded_to_whole_levels():
    noise = np.random.default_rng(7).random((40, 3), np.float32)
    expected = np.asarray(TrivialAugment().transform(IMAGES, noise))
    changed = np.asarray(TrivialAugment().transform(IMAGES + np.float32(0.3), noise))
    assert changed.dtype == np.float32
    assert np.array_equal(changed, expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 5), "operations must be a whole number of at least 1; got 0"),
        ((1, 31), "magnitude must be a number from 0 to 30; got 31"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(CnnzooError, match=message):
        RandAugment(*arguments)
