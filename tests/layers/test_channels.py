"""Halves and shuffles of channels against plain NumPy."""

import keras
import numpy as np
import pytest

from cnnzoo import layers
from cnnzoo.errors import CnnzooError

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("shape", [(2, 3, 4, 6), (2, 5, 6)])
def test_halves_are_the_channels_in_order(shape):
    maps = RNG.normal(size=shape).astype("float32")
    for second in (False, True):
        layer = layers.ChannelHalf(second)
        assert np.array_equal(np.asarray(layer(maps)), np.split(maps, 2, axis=-1)[second])
        assert layer.compute_output_shape(shape) == (*shape[:-1], 3)


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_a_shuffle_takes_one_channel_of_each_group_in_turn(groups):
    maps = RNG.normal(size=(2, 3, 4, 6)).astype("float32")
    size = 6 // groups
    order = [group * size + place for place in range(size) for group in range(groups)]
    layer = layers.ChannelShuffle(groups)
    assert np.array_equal(np.asarray(layer(maps)), maps[..., order])
    assert layer.compute_output_shape(maps.shape) == maps.shape


@pytest.mark.parametrize("layer", [layers.ChannelHalf(), layers.ChannelShuffle(2)])
def test_channels_that_do_not_divide_are_refused(layer):
    with pytest.raises(CnnzooError, match="channels must divide into 2 equal groups; got 5"):
        layer(np.zeros((1, 4, 4, 5), "float32"))


def test_a_saved_and_loaded_layer_computes_the_same(tmp_path):
    images = keras.Input((5, 6, 4))
    half = layers.ChannelHalf(second=True)(layers.ChannelShuffle(2)(images))
    model = keras.Model(images, half)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    values = RNG.normal(size=(3, 5, 6, 4)).astype("float32")
    assert np.array_equal(np.asarray(loaded(values)), np.asarray(model(values)))
    assert np.array_equal(np.asarray(model(values)), values[..., [1, 3]])
