"""Occlusion in closed form."""

import keras
import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import occlusion

RNG = np.random.default_rng(3)


def linear(sides):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((*sides, 2))
    logits = keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, logits, name="linear")
    return model, model.layers[-1].get_weights()[0].reshape(*sides, 2, 3)


@pytest.mark.parametrize("sides", [(7,), (4, 5), (3, 4, 3)])
def test_single_positions_of_a_linear_model(sides):
    model, weights = linear(sides)
    values = RNG.normal(size=(2, *sides, 2)).astype("float32")
    found = occlusion(model, values, [0, 2], window=1, stride=1, fill=0.5)
    expected = [
        ((one - 0.5) * weights[..., k]).sum(-1) for one, k in zip(values, (0, 2), strict=True)
    ]
    assert np.allclose(found, expected, atol=1e-5)


def test_windows_of_a_linear_model_are_averaged_where_they_overlap():
    model, weights = linear((6,))
    values, fill = RNG.normal(size=(1, 6, 2)).astype("float32"), RNG.normal(size=(6, 2))
    parts = ((values[0] - fill) * weights[..., 1]).sum(axis=-1)
    # Windows of 4 at 0, and at 2, where the side ends.
    first, last = parts[:4].sum(), parts[2:].sum()
    expected = [first, first, (first + last) / 2, (first + last) / 2, last, last]
    found = occlusion(model, values, 1, window=4, stride=3, fill=fill)
    assert np.allclose(found[0], expected, atol=1e-5)


def test_more_windows_than_a_batch_takes(monkeypatch):
    model, weights = linear((30, 30))
    values = RNG.normal(size=(1, 30, 30, 2)).astype("float32")
    found = occlusion(model, values, 0, window=1, stride=1)  # 900 windows.
    assert np.allclose(found[0], (values[0] * weights[..., 0]).sum(-1), atol=1e-4)


def test_a_planted_object_is_found(planted):
    model, values, place = planted
    heat = occlusion(model, values)[0]
    assert heat.shape == (32, 32)
    assert heat[place].min() > 0.4 * heat.max()
    far = heat.copy()
    far[12:, :16] = 0
    assert far.max() == pytest.approx(0, abs=1e-6)


def test_what_does_not_fit_is_refused(networks):
    model, images = networks.flat(), networks.images()
    with pytest.raises(CnnzooError, match="^window must be 1 to 8, the positions there are; got 9"):
        occlusion(model, images, 0, window=9)
    with pytest.raises(
        CnnzooError, match="^stride must be 1 to 3, the steps of a window there are"
    ):
        occlusion(model, images, 0, window=3, stride=4)
    with pytest.raises(CnnzooError, match="^fill must be a number, or an array like one of the"):
        occlusion(model, images, 0, fill=np.zeros(3))
    rows = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)], name="rows")
    with pytest.raises(
        CnnzooError,
        match=r"^model must take images or sounds, \[batch, \*sides, channels\]; rows takes",
    ):
        occlusion(rows, np.zeros((1, 4)))
