"""Single corruptions against SciPy, Pillow, colorsys and arithmetic."""

import colorsys
import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage, stats

from cnnzoo.evaluation.corruptions import corrupt
from cnnzoo.evaluation.corruptions import noise as blurs
from cnnzoo.evaluation.corruptions.draws import Draws
from cnnzoo.evaluation.corruptions.pixels import clouds, gaussian, sampled, warped, zoomed

RNG = np.random.default_rng(1)
IMAGES = RNG.integers(0, 256, (5, 21, 26, 3)).astype(np.uint8)
FLOATS = IMAGES.astype(np.float32) / 255


def draws(count, name="test"):
    return Draws(0, name, np.arange(count))


def by_scipy(change, images=FLOATS):
    """Return what `change` makes of each channel of each image."""
    return np.moveaxis(
        [[change(one) for one in np.moveaxis(image, 2, 0)] for image in images], 1, 3
    )


def test_draws_have_the_distributions_that_they_name():
    drawn = draws(200)
    assert stats.kstest(drawn.uniform(50).ravel(), "uniform").pvalue > 0.01
    assert stats.kstest(drawn.normal(50).ravel(), "norm").pvalue > 0.01
    assert (
        stats.chisquare(np.unique(drawn.integers(-2, 3, 50), return_counts=True)[1]).pvalue > 0.01
    )
    assert not np.array_equal(drawn.uniform(9), drawn.uniform(9))
    assert not np.array_equal(draws(1).uniform(9), draws(1, "other").uniform(9))
    assert abs(np.corrcoef(draws(2).uniform(5_000))[0, 1]) < 0.05


@pytest.mark.parametrize("rate", [3, 60, 500])
@pytest.mark.parametrize("level", [0, 40, 255])
def test_poisson_counts_have_the_mean_and_variance_of_their_rate(rate, level):
    counts = draws(100).poisson(np.full((100, 400), level, np.uint8), rate)
    mean = rate * level / 255
    assert counts.mean() == pytest.approx(mean, abs=5 * (mean / counts.size) ** 0.5)
    assert counts.var() == pytest.approx(mean, rel=0.05)


@pytest.mark.parametrize("sigma", [0.4, 1.5])
def test_gaussian_blur_is_that_of_scipy(sigma):
    expected = by_scipy(lambda one: ndimage.gaussian_filter(one, sigma, mode="nearest"))
    np.testing.assert_allclose(gaussian(FLOATS, sigma), expected, atol=1e-5)


@pytest.mark.parametrize(("mirror", "mode"), [(False, "grid-constant"), (True, "mirror")])
def test_sampling_is_that_of_scipy(mirror, mode):
    rows, columns = RNG.uniform(-4, 24, (5, 21, 26)), RNG.uniform(-4, 29, (5, 21, 26))
    expected = np.stack(
        [
            by_scipy(
                lambda one, n=n: ndimage.map_coordinates(
                    one, [rows[n], columns[n]], order=1, mode=mode
                ),
                FLOATS[n : n + 1],
            )[0]
            for n in range(5)
        ]
    )
    np.testing.assert_allclose(sampled(FLOATS, rows, columns, mirror), expected, atol=1e-5)


def test_affine_maps_are_those_of_scipy():
    matrix = np.array([[0.9, 0.3], [-0.2, 1.1]])
    middle = np.array([10, 12.5])
    offset = middle - matrix @ middle + [1, 2]
    expected = by_scipy(
        lambda one: ndimage.affine_transform(one, matrix, offset, order=1, mode="grid-constant")
    )
    np.testing.assert_allclose(warped(FLOATS, matrix, [1, 2]), expected, atol=1e-5)


def test_zoom_is_about_the_center():
    middle = np.array([10, 12.5])
    expected = by_scipy(
        lambda one: ndimage.affine_transform(
            one, np.eye(2) / 1.2, middle - middle / 1.2, order=1, mode="nearest"
        )
    )
    np.testing.assert_allclose(zoomed(FLOATS, 1.2), expected, atol=1e-5)


def test_rotation_turns_either_way_by_the_angle_of_its_strength():
    found = corrupt(IMAGES, "rotate", 5)
    for image, one in zip(IMAGES, found, strict=True):
        turned = [
            by_scipy(
                lambda channel, by=by: ndimage.rotate(
                    channel, by, reshape=False, order=1, mode="grid-constant"
                ),
                image[None] / 255,
            )[0]
            for by in (np.degrees(0.4), -np.degrees(0.4))
        ]
        assert min(np.abs(255 * other - one).max() for other in turned) < 1


def test_disks_are_convolved_as_by_scipy():
    kernel = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]]) / 5  # Radius 1, hardly blurred.
    sides = np.tile(FLOATS, (1, 2, 2, 1))[:, :32, :32]
    expected = by_scipy(lambda one: ndimage.correlate(one, kernel, mode="mirror"), sides)
    found = blurs.defocus_blur(sides, (1, 0.2), draws(5))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_motion_blur_of_a_point_is_half_a_gaussian_along_a_line():
    point = np.zeros((1, 29, 29, 1), np.float32)
    point[0, 14, 14] = 1
    found = blurs.motion_blur(point, (10, 2), draws(1))[0, :, :, 0]
    weights = np.exp(-0.5 * (np.arange(21) / 2) ** 2)
    seen = np.sort(found[found > 0])[::-1]
    np.testing.assert_allclose(seen, (weights / weights.sum())[: len(seen)], atol=1e-6)
    rows, columns = np.nonzero(found)
    assert np.all(columns <= 14)  # The line starts at the pixel that it darkens.
    assert np.all(np.abs(rows - 14) <= 14 - columns)


def test_brightness_is_added_to_the_value_of_hsv():
    image = IMAGES[:1]
    hsv = [colorsys.rgb_to_hsv(*pixel) for pixel in image.reshape(-1, 3) / 255]
    expected = [colorsys.hsv_to_rgb(hue, full, min(value + 0.3, 1)) for hue, full, value in hsv]
    expected = np.rint(255 * np.reshape(expected, image.shape))
    assert np.abs(corrupt(image, "brightness", 5) - expected).max() <= 1


def test_jpeg_and_pixelate_are_pillows():
    for strength, quality in ((1, 80), (5, 40)):
        file = io.BytesIO()
        Image.fromarray(IMAGES[0]).save(file, "JPEG", quality=quality)
        expected = np.asarray(Image.open(file))
        assert np.array_equal(corrupt(IMAGES[:1], "jpeg", strength)[0], expected)
    small = Image.fromarray(IMAGES[0]).resize((16, 13), Image.Resampling.BOX)
    expected = np.asarray(small.resize((26, 21), Image.Resampling.BOX))
    assert np.array_equal(corrupt(IMAGES[:1], "pixelate", 5)[0], expected)


def test_contrast_stripe_scale_and_impulses_by_arithmetic():
    mean = IMAGES.mean(axis=(1, 2), keepdims=True)
    expected = mean + 0.15 * (IMAGES - mean)
    assert np.abs(corrupt(IMAGES, "contrast", 5) - expected).max() <= 0.51
    gray = IMAGES[..., :1]
    striped = corrupt(gray, "stripe", 5)
    inverted = np.array([round(0.25 * 26) > place or place >= 26 - 6 for place in range(26)])
    assert np.array_equal(striped[:, :, ~inverted], gray[:, :, ~inverted])
    assert np.array_equal(striped[:, :, inverted], 255 - gray[:, :, inverted])
    square = np.zeros((1, 28, 28, 1), np.uint8)
    square[:, 4:24, 4:24] = 255
    assert corrupt(square, "scale", 5).sum() / square.sum() == pytest.approx(0.7**2, rel=0.03)
    level = np.full((50, 28, 28, 1), 100, np.uint8)
    hit = corrupt(level, "impulse_noise", 5)
    assert np.mean(hit == 0) == pytest.approx(0.085, abs=0.006)
    assert np.mean(hit == 255) == pytest.approx(0.085, abs=0.006)


def test_glass_exchanges_pixels():
    found = blurs.glass_blur(FLOATS, (0.01, 1, 2, 1.0), draws(5))  # A blur of no reach.
    assert not np.array_equal(found, FLOATS)
    for image, other in zip(found, FLOATS, strict=True):
        assert np.array_equal(
            np.sort(image.reshape(-1, 3), axis=0), np.sort(other.reshape(-1, 3), axis=0)
        )


def test_edges_of_a_square_are_its_outline():
    square = np.zeros((1, 28, 28, 1), np.uint8)
    square[:, 8:20, 8:20] = 255
    edges = corrupt(square, "canny_edges", 5)[0, :, :, 0] > 0
    rows, columns = np.nonzero(edges)
    far = np.maximum(np.abs(rows - 13.5), np.abs(columns - 13.5))  # 6 is the outline.
    assert np.all(np.abs(far - 6) <= 1)
    assert 36 <= edges.sum() <= 52


def test_clouds_are_rougher_as_they_decay_less():
    steps = [
        np.abs(np.diff(clouds(draws(8), 32, 32, decay), axis=2)).mean() for decay in (3, 2, 1.4)
    ]
    assert steps[0] < steps[1] < steps[2]
    whole = clouds(draws(8), 32, 32, 2)
    assert (whole.min(), whole.max()) == (0, 1)
