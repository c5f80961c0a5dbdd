import math

import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import Cutout, PadCrop, RandomAffine, RandomFlip, RandomShift

RNG = np.random.default_rng(1)
IMAGES = RNG.integers(1, 256, (50, 7, 6, 3)).astype(np.uint8)
NOISE = RNG.random((50, 3), np.float32)


def windows(images, noise, pixels, mode="constant"):
    """The same by padding and slicing, an image at a time."""
    moved = np.zeros_like(images)
    for place, (image, numbers) in enumerate(zip(images, noise, strict=True)):
        row, column = np.floor(numbers[:2] * (2 * pixels + 1)).astype(int)
        padded = np.pad(image, ((pixels, pixels), (pixels, pixels), (0, 0)), mode)
        moved[place] = padded[row : row + image.shape[0], column : column + image.shape[1]]
    return moved


@pytest.mark.parametrize("pixels", [0, 1, 2, 4, 9])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_shift_equals_slicing(pixels, dtype):
    images = IMAGES.astype(dtype)
    moved = np.asarray(RandomShift(pixels).transform(images, NOISE[:, :2]))
    assert moved.dtype == dtype
    assert np.array_equal(moved, windows(images, NOISE, pixels))


@pytest.mark.parametrize(("reflect", "mode"), [(False, "constant"), (True, "reflect")])
def test_pad_crop_flip_equals_slicing(reflect, mode):
    changed = np.asarray(PadCrop(4, flip=True, reflect=reflect).transform(IMAGES, NOISE))
    for image, numbers, result in zip(IMAGES, NOISE, changed, strict=True):
        expected = windows(image[None], numbers[None], 4, mode)[0]
        assert np.array_equal(result, expected[:, ::-1] if numbers[2] < 0.5 else expected)


def test_every_window_is_as_likely():
    images = np.broadcast_to(np.arange(1, 50, dtype=np.uint8).reshape(1, 7, 7, 1), (9000, 7, 7, 1))
    noise = np.random.default_rng(0).random((9000, 2), np.float32)
    centers = np.asarray(PadCrop(1).transform(images, noise))[:, 3, 3, 0]
    values, counts = np.unique(centers, return_counts=True)
    assert set(values) == {17, 18, 19, 24, 25, 26, 31, 32, 33}
    assert counts.min() > 850


def test_flip_mirrors_where_noise_is_below_a_half():
    flipped = np.asarray(RandomFlip().transform(IMAGES, NOISE[:, :1]))
    for image, number, result in zip(IMAGES, NOISE[:, 0], flipped, strict=True):
        assert np.array_equal(result, image[:, ::-1] if number < 0.5 else image)


def bilinear(image, x, y):
    """The value at (x, y); outside is 0."""
    total = np.zeros(image.shape[2])
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
                total += image[row, column] * ((1 - abs(y - row)) * (1 - abs(x - column)))
    return total


def test_affine_equals_bilinear_sampling():
    changed = np.asarray(RandomAffine(40, 0.3).transform(IMAGES, NOISE[:, :2])).astype(int)
    for image, (turn, zoom), result in zip(IMAGES, 2 * NOISE[:, :2] - 1, changed, strict=True):
        angle, size = math.radians(40) * turn, 1 + 0.3 * zoom
        for row in range(7):
            for column in range(6):
                x, y = column - 2.5, row - 3
                source_x = (math.cos(angle) * x - math.sin(angle) * y) / size + 2.5
                source_y = (math.sin(angle) * x + math.cos(angle) * y) / size + 3
                expected = bilinear(image, source_x, source_y)
                assert np.abs(result[row, column] - expected).max() < 0.51


def test_zoom_above_one_enlarges():
    square = np.zeros((1, 21, 21, 1), np.uint8)
    square[:, 7:14, 7:14] = 255
    middle = np.float32([[0.5, 0.0]]), np.float32([[0.5, 0.999]])
    small, large = (np.asarray(RandomAffine(0, 0.5).transform(square, noise)) for noise in middle)
    assert small.astype(int).sum() < square.astype(int).sum() < large.astype(int).sum()


@pytest.mark.parametrize("size", [1, 4, 5, 20])
def test_cutout_equals_slicing(size):
    covered = np.asarray(Cutout(size, fill=9).transform(IMAGES, NOISE[:, :2]))
    for image, (down, right), result in zip(IMAGES, NOISE[:, :2], covered, strict=True):
        expected = image.copy()
        top, left = math.floor(down * 7) - size // 2, math.floor(right * 6) - size // 2
        expected[max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = 9
        assert np.array_equal(result, expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomShift(-1), "pixels must be a whole number of at least 0; got -1"),
        (lambda: PadCrop(1.5), "padding must be a whole number of at least 0; got 1.5"),
        (lambda: RandomAffine(200), "degrees must be a number from 0 to 180; got 200"),
        (lambda: RandomAffine(zoom=1), "zoom must be less than 1; got 1"),
        (lambda: RandomAffine(zoom="1"), "zoom must be a number of at least 0; got '1'"),
        (lambda: Cutout(0), "size must be a whole number of at least 1; got 0"),
        (lambda: Cutout(4, fill=256), "fill must be a number from 0 to 255; got 256"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(CnnzooError, match=message):
        make()
