import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import RandomShift, policy

RNG = np.random.default_rng(1)
IMAGES = RNG.integers(1, 256, (50, 7, 5, 3)).astype(np.uint8)
NOISE = RNG.random((50, 2), np.float32)


def shifted(images, noise, pixels):
    """The same by slicing, an image at a time."""
    moved = np.zeros_like(images)
    for place, (image, numbers) in enumerate(zip(images, noise, strict=True)):
        down, right = (np.floor(numbers * (2 * pixels + 1)) - pixels).astype(int)
        padded = np.pad(image, ((pixels, pixels), (pixels, pixels), (0, 0)))
        row, column = pixels + down, pixels + right
        moved[place] = padded[row : row + image.shape[0], column : column + image.shape[1]]
    return moved


@pytest.mark.parametrize("pixels", [1, 2, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_shift_equals_slicing(pixels, dtype):
    images = IMAGES.astype(dtype)
    moved = np.asarray(RandomShift(pixels).transform(images, NOISE))
    assert moved.dtype == dtype
    assert np.array_equal(moved, shifted(images, NOISE, pixels))


def test_each_image_moves_by_its_own_numbers():
    moved = np.asarray(RandomShift(2).transform(IMAGES, NOISE))
    for place in range(len(IMAGES)):
        alone = RandomShift(2).transform(IMAGES[place : place + 1], NOISE[place : place + 1])
        assert np.array_equal(moved[place], np.asarray(alone)[0])


def test_eager_map_and_model_agree():
    layer = RandomShift(2)
    eager = np.asarray(layer.transform(IMAGES, NOISE))
    mapped = tf.data.Dataset.from_tensors((IMAGES, NOISE)).map(layer.transform)
    assert np.array_equal(next(iter(mapped)).numpy(), eager)
    images, noise = keras.Input(IMAGES.shape[1:], dtype="uint8"), keras.Input((2,))

    class InModel(keras.layers.Layer):
        def call(self, images, noise):
            return layer.transform(images, noise)

    model = keras.Model([images, noise], InModel(dtype="uint8", autocast=False)(images, noise))
    assert np.array_equal(np.asarray(model([IMAGES, NOISE])), eager)


def test_off_at_inference_on_in_training():
    layer = RandomShift(2, seed=3)
    images = IMAGES.astype("float32")
    assert np.array_equal(np.asarray(layer(images)), images)
    assert not np.array_equal(np.asarray(layer(images, training=True)), images)


def test_config_round_trip_and_names():
    assert RandomShift.from_config(RandomShift(3).get_config()).pixels == 3
    assert policy("shift2").pixels == 2
    with pytest.raises(CnnzooError, match="augmentation 'shfit2' is unknown; did you mean shift2"):
        policy("shfit2")
