"""AugMix, against the paper's algorithm 1 with Pillow's operations."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import AugMix

RNG = np.random.default_rng(1)
IMAGES = (RNG.random((60, 16, 19, 3)) ** 3 * 200 + 20).astype(np.uint8)
NAMES = (
    *("auto_contrast", "equalize", "posterize", "rotate", "solarize"),
    *("shear_x", "shear_y", "translate_x", "translate_y"),
)


def warped(image, across, down):
    return image.transform(image.size, Image.AFFINE, (*across, *down))


def applied(name, image, level):
    """Change an image of Pillow by an operation of the signed severity `level`, up to 10."""
    share = level / 10
    return {
        "auto_contrast": lambda: ImageOps.autocontrast(image),
        "equalize": lambda: ImageOps.equalize(image),
        "posterize": lambda: ImageOps.posterize(image, 8 - round(abs(4 * share))),
        "rotate": lambda: image.rotate(30 * share),
        "solarize": lambda: ImageOps.solarize(image, 256 - round(abs(256 * share))),
        "shear_x": lambda: warped(image, (1, 0.3 * share, 0), (0, 1, 0)),
        "shear_y": lambda: warped(image, (1, 0, 0), (0.3 * share, 1, 0)),
        "translate_x": lambda: warped(image, (1, 0, 32 / 3 * share), (0, 1, 0)),
        "translate_y": lambda: warped(image, (1, 0, 0), (0, 1, 32 / 3 * share)),
    }[name]()


def by_the_paper(image, noise, severity, width, depth):
    """Algorithm 1: x_augmix = m x_orig + (1 - m) sum of w_i chain_i(x_orig)."""
    draws = iter(noise.astype(float))
    own = next(draws)
    weights, chains = [], []
    for _ in range(width):
        weights.append(-np.log(1 - next(draws)))
        length = 1 + int(next(draws) * depth)
        changed = Image.fromarray(image)
        for place in range(depth):
            which, level, sign = next(draws), next(draws), next(draws)
            if place < length:
                level = 0.1 + level * (severity - 0.1)
                name = NAMES[int(which * len(NAMES))]
                changed = applied(name, changed, -level if sign < 0.5 else level)
        chains.append(np.asarray(changed, float))
    mixture = sum(one * chain for one, chain in zip(weights, chains, strict=True)) / sum(weights)
    return own * image + (1 - own) * mixture


@pytest.mark.parametrize(("severity", "width", "depth"), [(3, 3, 3), (10, 2, 4), (5, 1, 1)])
def test_it_is_algorithm_1(severity, width, depth):
    layer = AugMix(severity, width, depth)
    noise = RNG.random((len(IMAGES), layer.noise_size), np.float32)
    found = np.asarray(layer.transform(IMAGES, noise))
    expected = [
        by_the_paper(image, row, severity, width, depth)
        for image, row in zip(IMAGES, noise, strict=True)
    ]
    far = np.abs(found - np.stack(expected))
    assert np.mean(far > 2.5) < 0.01  # Pixels whose source lies between two.
    assert np.mean(np.abs(found.astype(int) - IMAGES)) > 5


def test_wrong_arguments_are_refused():
    for arguments, message in (
        ({"severity": 11}, "severity must be a number from 0 to 10; got 11"),
        ({"width": 0}, "width must be a whole number of at least 1; got 0"),
        ({"depth": 1.5}, "depth must be a whole number of at least 1; got 1.5"),
    ):
        with pytest.raises(CnnzooError, match=message):
            AugMix(**arguments)
