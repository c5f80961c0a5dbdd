"""Local response normalization against plain loops, written from the paper's section 3.3."""

import keras
import numpy as np
import pytest

from cnnzoo import layers
from cnnzoo.errors import CnnzooError

RNG = np.random.default_rng(4)


def normalized(values, n, k, alpha, beta):
    """The formula of the paper, value by value."""
    result = np.zeros(values.shape)
    channels = values.shape[-1]
    for place in np.ndindex(values.shape):
        *spot, i = place
        first, last = max(0, i - n // 2), min(channels - 1, i + n // 2)
        total = sum(float(values[(*spot, j)]) ** 2 for j in range(first, last + 1))
        result[place] = values[place] / (k + alpha * total) ** beta
    return result


@pytest.mark.parametrize("channels", [1, 2, 7])  # Fewer than a sum has, and more.
def test_neighboring_channels_divide_each_value(channels):
    maps = RNG.normal(size=(2, 3, 2, channels)).astype("float32")
    layer = layers.LocalResponseNormalization(size=5, k=1.5, alpha=0.3, beta=0.6)
    assert np.allclose(layer(maps), normalized(maps, 5, 1.5, 0.3, 0.6), rtol=1e-5)
    assert layer.compute_output_shape(maps.shape) == maps.shape
    assert not layer.weights


def test_the_constants_of_the_paper_are_the_defaults():
    maps = 100 * RNG.normal(size=(2, 2, 2, 9)).astype("float32")
    expected = normalized(maps, 5, 2, 1e-4, 0.75)
    assert np.allclose(layers.LocalResponseNormalization()(maps), expected, rtol=1e-5)


@pytest.mark.parametrize(("dtype", "precision"), [("float16", 1e-3), ("bfloat16", 1e-2)])
def test_large_values_in_half_precision(dtype, precision):
    maps = np.full((1, 1, 1, 5), 3000.0)  # Its square is beyond float16.
    layer = layers.LocalResponseNormalization(dtype=dtype)
    values = layer(keras.ops.convert_to_tensor(maps, dtype))
    assert keras.backend.standardize_dtype(values.dtype) == dtype
    expected = normalized(maps, 5, 2, 1e-4, 0.75)
    values = keras.ops.convert_to_numpy(keras.ops.cast(values, "float32"))
    assert np.allclose(values, expected, rtol=precision)


@pytest.mark.parametrize("wrong", [0, -1, 4, 2.5, "5"])
def test_the_sum_has_a_middle(wrong):
    with pytest.raises(CnnzooError, match=f"size must be an odd positive integer; got {wrong!r}"):
        layers.LocalResponseNormalization(wrong)


def test_a_saved_and_loaded_layer_computes_the_same(tmp_path):
    images = keras.Input((4, 4, 6))
    layer = layers.LocalResponseNormalization(3, k=1.0, alpha=0.5, beta=0.5)
    model = keras.Model(images, layer(images))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    values = RNG.normal(size=(2, 4, 4, 6)).astype("float32")
    assert np.array_equal(np.asarray(model(values)), np.asarray(loaded(values)))
    assert np.allclose(loaded(values), normalized(values, 3, 1.0, 0.5, 0.5), rtol=1e-5)
