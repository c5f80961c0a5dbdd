"""Filters, waves and boxes, against SciPy and arithmetic; elastic deformation, too."""

import numpy as np
import pytest
from scipy import ndimage

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import (
    RandomConvolution,
    RandomElastic,
    RandomErasing,
    RandomWaves,
)

RNG = np.random.default_rng(1)
IMAGES = RNG.integers(1, 255, (40, 16, 19, 2)).astype(np.uint8)
LAYERS = [RandomConvolution, RandomErasing, RandomWaves]


def noise_for(layer, count=40):
    return np.random.default_rng(2).random((count, layer.noise_size), np.float32)


@pytest.mark.parametrize("layer", LAYERS)
def test_images_are_changed_by_chance(layer):
    noise = noise_for(layer())
    for chance in (0, 0.3, 1):
        found = np.asarray(layer(chance=chance).transform(IMAGES, noise))
        changed, drawn = (found != IMAGES).any(axis=(1, 2, 3)), noise[:, 0] < chance
        assert not changed[~drawn].any()
        assert not chance or changed[drawn].mean() > 0.8  # A small box may round to nothing.
    with pytest.raises(CnnzooError, match="chance must be a number from 0 to 1; got 2"):
        layer(chance=2)


def test_filters_are_correlations_stretched_to_a_range_of_grays():
    layer = RandomConvolution(1)
    noise = noise_for(layer)
    found = np.asarray(layer.transform(IMAGES.astype(np.float32), noise))
    kinds = set()
    for image, row, one in zip(
        IMAGES.astype(float), noise[:, 1:].astype(float), found, strict=True
    ):
        large, edges, low, span, inverted, share = row[:6]
        kernel = np.sqrt(-2 * np.log(1 - row[6:15])) * np.cos(2 * np.pi * row[15:24])
        kernel = kernel.reshape(3, 3)
        if large >= 0.5:
            kernel = kernel[1:2, 1:2]
        elif edges < 0.5:
            kernel = kernel - kernel.mean()
        filtered = np.stack(
            [
                ndimage.correlate(channel, kernel, mode="constant")
                for channel in image.transpose(2, 0, 1)
            ],
            axis=2,
        )
        if large < 0.5 and edges < 0.5:
            filtered = np.abs(filtered)
        kinds.add((large < 0.5, edges < 0.5))
        stretched = (filtered - filtered.min()) / np.ptp(filtered)
        stretched = 1 - stretched if inverted < 0.5 else stretched
        span = 0.3 + 0.7 * span
        gray = 255 * (low * (1 - span) + span * stretched)
        np.testing.assert_allclose(one, (1 - share) * image + share * gray, atol=0.05)
    assert len(kinds) == 4


def test_one_wave_has_the_length_and_direction_that_are_drawn():
    images = np.zeros((1, 32, 32, 1), np.float32)
    layer = RandomWaves(waves=1, most=1, chance=1)
    # The chance; length, direction, phase and size of the wave; the share of the pattern.
    for angle, peak in ((0, (8, 0)), (0.25, (0, 8))):
        length = np.log(16) / np.log(32)  # 0.5 * 32 ** length is 8 waves per side.
        noise = np.array([[0, length, angle, 0, 0.7, 0.5]], np.float32)
        pattern = np.asarray(layer.transform(images, noise))[0, :, :, 0]
        assert pattern.min() >= 0
        assert pattern.max() == pytest.approx(0.5 * 255, rel=0.05)
        spectrum = np.abs(np.fft.fft2(pattern - pattern.mean()))[:17, :17]
        assert np.unravel_index(spectrum.argmax(), spectrum.shape) == peak


def test_erased_boxes_have_one_gray_and_the_area_that_is_drawn():
    images = np.zeros((300, 40, 40, 1), np.float32)
    layer = RandomErasing(most=0.2, aspect=4, chance=1)
    noise = noise_for(layer, 300)
    found = np.asarray(layer.transform(images, noise))[..., 0]
    aspects = []
    for image, row in zip(found, noise, strict=True):
        rows, columns = np.nonzero(image)
        if not len(rows):
            continue
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert len(rows) == height * width  # All of the box.
        assert np.all(image[rows, columns] == np.float32(255) * row[5])
        assert height * width / 1600 == pytest.approx(0.2 * row[1], abs=0.035)
        aspects.append(width / height)
    assert len(aspects) > 250
    assert 0.15 < np.min(aspects) < 0.5 < 2 < np.max(aspects) < 8


def test_equal_vectors_move_an_image_and_none_leave_it():
    layer = RandomElastic(pixels=1.5, grid=3)
    noise = np.zeros((40, layer.noise_size), np.float32)
    assert np.array_equal(np.asarray(layer.transform(IMAGES, noise)), IMAGES)
    noise[:, :18] = 1 - np.exp(-2)  # A normal number of 2: the vectors are of 3 pixels.
    moved = np.asarray(layer.transform(IMAGES, noise))
    assert np.array_equal(moved[:, :-3, :-3], IMAGES[:, 3:, 3:])
    assert not moved[:, -3:].any()


def test_a_field_is_its_vectors_on_the_grid_and_smooth_between():
    layer = RandomElastic(pixels=1, grid=3)
    noise = noise_for(layer)
    ramp = np.broadcast_to(10 * np.arange(17, dtype=np.float32)[:, None, None], (40, 17, 17, 1))
    found = np.asarray(layer.transform(ramp, noise))[..., 0]
    drawn = np.sqrt(-2 * np.log(1 - noise[:, :18])) * np.cos(2 * np.pi * noise[:, 18:])
    down = drawn.reshape(40, 2, 3, 3)[:, 0]
    inside = found[:, 8, 8] / 10 - 8  # Of a ramp, values tell the places that they come from.
    np.testing.assert_allclose(inside, down[:, 1, 1], atol=1e-3)
    between = found[:, 8, 4] / 10 - 8
    # The interpolation is half and half between two points; some sources lie to the left.
    across = drawn.reshape(40, 2, 3, 3)[:, 1, 1, :2].mean(axis=1)
    kept = across > -4
    np.testing.assert_allclose(between[kept], down[kept, 1, :2].mean(axis=1), atol=1e-3)
