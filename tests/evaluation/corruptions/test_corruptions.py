"""What holds for every corruption."""

import inspect

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import cnnzoo
import cnnzoo.evaluation.corruptions as package
from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.corruptions import COLOR, GRAY, STRENGTHS, corrupt, corruptions_for


def pictures(channels, count=12):
    """Pictures with edges and texture: a disk of its own place and color per image."""
    draw = np.random.default_rng(3)
    rows, columns = np.indices((32, 32))
    center, color = (
        draw.uniform(10, 20, (count, 2, 1, 1)),
        draw.uniform(60, 180, (2, count, channels)),
    )
    disk = np.hypot(rows - center[:, 0], columns - center[:, 1]) < 8
    flat = np.where(disk[..., None], color[0, :, None, None], color[1, :, None, None])
    texture = gaussian_filter(draw.normal(0, 60, flat.shape), (0, 1, 1, 0))
    return np.clip(flat + texture, 0, 255).astype(np.uint8)


def drawing(count=12):
    """Drawings like digits: images of MNIST."""
    return np.asarray(cnnzoo.load_dataset("mnist", split="test")[0][:count])


IMAGES = {1: drawing(), 3: pictures(3)}
EVERY = [(1, name) for name in GRAY] + [(3, name) for name in COLOR]


@pytest.mark.parametrize(("channels", "name"), EVERY)
def test_each_is_a_pure_function_of_seed_and_index(channels, name):
    images = IMAGES[channels]
    whole = corrupt(images, name, 4, seed=7)
    assert (whole.dtype, whole.shape) == (np.uint8, images.shape)
    some = np.array([11, 2, 5])
    assert np.array_equal(corrupt(images[some], name, 4, seed=7, indices=some), whole[some])
    assert np.array_equal(images, IMAGES[channels])
    drawn = corrupt(np.repeat(images[:1], 4, axis=0), name, 4, seed=7)
    fixed = {"scale", "brightness", "stripe", "canny_edges", "defocus_blur", "zoom_blur"}
    fixed |= {"contrast", "pixelate", "jpeg"}
    same = all(np.array_equal(one, drawn[0]) for one in drawn)
    assert same == (name in fixed)
    assert np.array_equal(corrupt(images, name, 4, seed=8), whole) == (name in fixed)


def test_images_are_the_same_however_many_are_corrupted_at_once(monkeypatch):
    whole = corrupt(IMAGES[1], "fog", 3)
    monkeypatch.setattr(package, "_PIXELS", 5 * 28 * 28)
    assert np.array_equal(corrupt(IMAGES[1], "fog", 3), whole)


@pytest.mark.parametrize(("channels", "name"), EVERY)
def test_more_strength_changes_more(channels, name):
    images = IMAGES[channels]
    changes = [
        np.abs(corrupt(images, name, strength).astype(int) - images).mean()
        for strength in STRENGTHS
    ]
    assert changes[0] > 0
    assert np.all(np.diff(changes) > 0), changes


@pytest.mark.parametrize("shape", [(2, 8, 8), (1, 45, 20), (1, 64, 66)])
def test_any_usual_size(shape):
    draw = np.random.default_rng(0)
    for channels, known in ((1, GRAY), (3, COLOR)):
        images = draw.integers(0, 256, (*shape, channels)).astype(np.uint8)
        for name in known:
            changed = corrupt(images, name, 5)
            assert changed.shape == images.shape, name
    assert corrupt(images[:0], "fog", 5).shape == (0, *shape[1:], 3)


def test_the_sets_are_those_of_the_benchmarks():
    assert set(GRAY) == {
        *("shot_noise", "impulse_noise", "glass_blur", "motion_blur", "shear", "scale", "rotate"),
        *("brightness", "translate", "stripe", "fog", "spatter", "dotted_line", "zigzag"),
        "canny_edges",
    }
    assert set(COLOR) == {
        *("gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur"),
        *("motion_blur", "zoom_blur", "snow", "frost", "fog", "brightness", "contrast"),
        *("elastic", "pixelate", "jpeg", "translate", "rotate"),
    }
    assert all(inspect.getdoc(one.change) for one in (*GRAY.values(), *COLOR.values()))


def test_wrong_requests_are_one_sentence():
    image = IMAGES[1][:1]
    with pytest.raises(CnnzooError, match="^corruption 'fogg' is unknown; did you mean fog"):
        corrupt(image, "fogg", 1)
    with pytest.raises(CnnzooError, match="^strength must be a whole number from 1 to 5; got 6"):
        corrupt(image, "fog", 6)
    with pytest.raises(CnnzooError, match="^images must be uint8 .* got float64"):
        corrupt(image / 255, "fog", 1)
    with pytest.raises(CnnzooError, match="^images must have 1 or 3 channels .* got 2"):
        corruptions_for(2)
    with pytest.raises(CnnzooError, match="^seed must be a whole number from 0 .* got -1"):
        corrupt(image, "fog", 1, seed=-1)
    for indices, got in (([0, 1], r"\[0 1\]"), ([-1], r"\[-1\]"), ([0.5], r"\[0.5\]")):
        with pytest.raises(CnnzooError, match=f"^indices must be whole .* got {got} for 1 images"):
            corrupt(image, "fog", 1, indices=indices)
