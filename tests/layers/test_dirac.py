"""Kernels that start by passing on what they see."""

import keras
import numpy as np
import pytest

from cnnzoo import layers


@pytest.mark.parametrize(("seen", "filters"), [(3, 8), (4, 4), (6, 2)])
def test_the_first_filters_pass_on_their_inputs(seen, filters):
    convolution = keras.layers.Conv2D(
        filters, 3, padding="same", use_bias=False, kernel_initializer=layers.Dirac(seed=1)
    )
    images = np.random.default_rng(0).normal(size=(2, 5, 4, seen)).astype("float32")
    maps = np.asarray(convolution(images))
    passed = min(seen, filters)
    assert np.allclose(maps[..., :passed], images[..., :passed], atol=1e-6)


def test_the_others_are_uniform_within_the_root_of_the_fan_in():
    kernel = np.asarray(layers.Dirac(seed=2)((3, 3, 4, 200), "float32"))
    others, limit = kernel[..., 4:], 1 / np.sqrt(9 * 4)
    assert np.abs(others).max() <= limit
    assert others.std() == pytest.approx(limit / np.sqrt(3), rel=0.03)
    assert others.mean() == pytest.approx(0, abs=limit / 20)


def test_it_is_saved_as_its_seed():
    given = layers.Dirac(seed=7)
    again = keras.initializers.deserialize(keras.initializers.serialize(given))
    assert isinstance(again, layers.Dirac)
    kernels = [np.asarray(one((3, 3, 2, 5), "float32")) for one in (given, again)]
    assert np.array_equal(*kernels)
