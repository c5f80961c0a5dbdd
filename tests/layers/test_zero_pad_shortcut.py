"""The shortcut without weights against plain NumPy."""

import keras
import numpy as np
import pytest

from cnnzoo import layers
from cnnzoo.errors import CnnzooError

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("sides", [(6, 5), (1, 2), (7, 9)])
def test_rows_and_columns_are_skipped_and_zeros_follow_the_channels(sides, strides):
    images = RNG.normal(size=(2, *sides, 3)).astype("float32")
    rows, columns = (range(0, side, strides) for side in sides)
    expected = np.zeros((2, len(rows), len(columns), 8))
    for to_row, row in enumerate(rows):
        for to_column, column in enumerate(columns):
            for channel in range(3):
                expected[:, to_row, to_column, channel] = images[:, row, column, channel]
    layer = layers.ZeroPadShortcut(8, strides)
    assert np.array_equal(np.asarray(layer(images)), expected)
    assert layer.compute_output_shape(images.shape) == expected.shape
    assert layer.compute_output_shape((None, None, None, 3)) == (None, None, None, 8)
    assert not layer.weights


def test_a_saved_and_loaded_layer_computes_the_same(tmp_path):
    images = keras.Input((5, 6, 3))
    model = keras.Model(images, layers.ZeroPadShortcut(4, 2)(images))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    values = RNG.normal(size=(2, 5, 6, 3)).astype("float32")
    assert loaded.output_shape == (None, 3, 3, 4)
    assert np.array_equal(np.asarray(model(values)), np.asarray(loaded(values)))


def test_channels_are_never_dropped():
    with pytest.raises(CnnzooError, match="filters must be at least 3; got 2"):
        layers.ZeroPadShortcut(2)(np.zeros((1, 4, 4, 3), "float32"))
