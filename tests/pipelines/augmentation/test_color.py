import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import RandomColor

RNG = np.random.default_rng(1)
NOISE = RNG.random((50, 3), np.float32)
AMOUNTS = (0.3, 0.7, 1.0)


def gray_of(image):
    if image.shape[-1] == 3:
        return 0.299 * image[..., 0] + 0.587 * image[..., 1] + 0.114 * image[..., 2]
    return image.mean(axis=-1)


def recolored(image, numbers):
    """One change after the other, in float64."""
    brightness, contrast, saturation = 1 + (2.0 * numbers - 1) * AMOUNTS
    image = brightness * image
    image = contrast * image + (1 - contrast) * gray_of(image).mean()
    image = saturation * image + (1 - saturation) * gray_of(image)[..., None]
    return np.clip(image, 0, 255)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_color_equals_one_change_after_the_other(channels, dtype):
    images = RNG.integers(0, 256, (50, 7, 6, channels)).astype(dtype)
    changed = np.asarray(RandomColor(*AMOUNTS).transform(images, NOISE))
    assert changed.dtype == dtype
    slack = 0.501 if dtype == np.uint8 else 1e-3
    for image, numbers, result in zip(images, NOISE, changed, strict=True):
        assert np.abs(result - recolored(image.astype(float), numbers)).max() < slack


def test_no_amount_changes_nothing():
    images = RNG.integers(0, 256, (50, 7, 6, 3)).astype(np.uint8)
    assert np.array_equal(np.asarray(RandomColor().transform(images, NOISE)), images)


def test_saturation_leaves_gray_images():
    images = RNG.integers(0, 256, (50, 7, 6, 1)).astype(np.uint8)
    assert np.array_equal(np.asarray(RandomColor(saturation=1).transform(images, NOISE)), images)


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
@pytest.mark.parametrize("amount", [-0.1, 1.1, "1", True])
def test_wrong_amounts(name, amount):
    with pytest.raises(CnnzooError, match=f"{name} must be a number from 0 to 1; got {amount!r}"):
        RandomColor(**{name: amount})
