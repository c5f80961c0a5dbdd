"""Maximized inputs and dreams against closed forms."""

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import deep_dream, feature_maps, maximize

PLAIN = {"blur": 0.0, "jitter": 0}


def linear():
    keras.utils.set_random_seed(3)
    images = keras.Input((5, 6, 2))
    scores = keras.layers.Dense(3, activation="softmax", name="scores")
    return keras.Model(images, scores(keras.layers.Flatten()(images)), name="linear")


def test_a_linear_unit_is_maximized_by_its_weights():
    model = linear()
    found = maximize(model, None, 1, steps=60, **PLAIN)
    weights = model.layers[-1].get_weights()[0][:, 1]
    cosine = found.ravel() @ weights / np.linalg.norm(found) / np.linalg.norm(weights)
    assert cosine > 0.99
    assert (found == maximize(model, "scores", 1, steps=60, **PLAIN)).all()
    # Where decay takes what a step adds: (1 - d) (x + s g) = x.
    still = maximize(model, None, 1, steps=400, decay=0.05, **PLAIN)
    rms = weights.reshape(5, 6, 2) / np.sqrt(np.mean(weights**2))
    assert np.allclose(still, 0.95 / 0.05 * 0.1 * rms, atol=1e-3)


def test_several_units_are_those_alone_but_for_their_noise():
    model = linear()
    found = maximize(model, None, [2, 0], steps=20, seed=5)
    for place, unit in enumerate((2, 0)):
        assert np.allclose(found[place], maximize(model, None, unit, steps=20, seed=5), atol=1e-5)
    other = maximize(model, None, 2, steps=20, seed=6)
    assert not np.allclose(found[0], other)


def test_blur_mixes_neighbors():
    images = keras.Input((3, 1))
    still = keras.layers.Dense(1, kernel_initializer="zeros")(keras.layers.Flatten()(images))
    start = np.array([[0.0], [4.0], [0.0]])
    model = keras.Model(images, still)  # No gradient, so that only the blur works.
    found = maximize(model, None, 0, steps=1, blur=0.5, decay=0, jitter=0, start=start)
    # Neighbors' means are (0 + 4) / 2, 0 and (4 + 0) / 2; edges are their own beyond.
    assert np.allclose(found[:, 0], [1, 2, 1])


@pytest.mark.parametrize(("layer", "unit"), [("conv2", 3), ("conv2", 5), ("logits", 7), (None, 2)])
def test_units_of_a_trained_network_respond_more_than_to_any_digit(digits, layer, unit):
    network = cnnzoo.load("mnist_lenet5").network
    images = cnnzoo.load("mnist_lenet5").prepare(digits)
    found = maximize(network, layer, unit, steps=40)

    def mean(values):
        maps = feature_maps(network, values, layer or "logits")[..., unit]
        return maps.reshape(len(values), -1).mean(axis=1)

    assert mean(found[None])[0] > 2 * max(mean(images).max(), 0.1)


def test_a_sleeping_unit_is_woken():
    images = keras.Input((4, 4, 1))
    maps = keras.layers.Conv2D(
        1, 1, activation="relu", bias_initializer=keras.initializers.Constant(-0.5), name="conv"
    )(images)
    model = keras.Model(images, keras.layers.Flatten()(maps))
    model.get_layer("conv").kernel.assign([[[[2.0]]]])
    found = maximize(model, "conv", 0, start=np.zeros((4, 4, 1)), steps=30)
    assert feature_maps(model, found[None], "conv").min() > 0


def test_a_dream_raises_what_a_layer_gives_and_keeps_the_range(networks):
    model, image = networks.flat((8, 8)), networks.images(1, (20, 13))[0]
    dream = deep_dream(model, image, "relu1", octaves=2, seed=1)
    assert dream.shape == image.shape
    assert image.min() <= dream.min() <= dream.max() <= image.max()

    def response(values):
        crops = [values[row : row + 8, left : left + 8] for row in (0, 8) for left in (0, 5)]
        return (feature_maps(model, np.stack(crops), "relu1") ** 2).mean()

    assert response(dream) > 1.5 * response(image)
    assert (dream == deep_dream(model, image, "relu1", octaves=2, seed=1)).all()
    assert (dream != deep_dream(model, image, "relu1", octaves=2, seed=2)).any()  # Other tiles.


def test_a_dream_follows_the_gradient_of_the_mean_square():
    images = keras.Input((4, 1))
    double = keras.layers.Conv1D(
        1, 1, kernel_initializer=keras.initializers.Constant(2.0), use_bias=False, name="double"
    )
    model = keras.Model(images, keras.layers.Flatten()(double(images)))
    image = np.array([[-9.0], [1], [2], [3], [-1], [4], [5], [9]])  # Two tiles.
    dream = deep_dream(model, image, "double", octaves=1, steps=1, step_size=0.1)
    # The gradient of the mean of (2 x)^2 is x but for a factor, which the step's size replaces.
    expected = image * (1 + 0.1 / np.sqrt(np.mean(image**2)))
    assert np.allclose(dream, expected.clip(-9, 9), atol=1e-5)


def test_models_of_any_size_are_given_a_start():
    images = keras.Input((None, None, 1))
    maps = keras.layers.Conv2D(2, 3, name="conv")(images)
    model = keras.Model(images, keras.layers.GlobalAveragePooling2D()(maps), name="free")
    with pytest.raises(CnnzooError, match="^start must be given, since free takes inputs of any"):
        maximize(model, "conv", 0)
    assert maximize(model, "conv", 0, start=np.zeros((6, 7, 1)), steps=2).shape == (6, 7, 1)
    assert deep_dream(model, np.ones((9, 7, 1)), "conv", octaves=2, steps=1).shape == (9, 7, 1)


def test_what_does_not_fit_is_refused(networks):
    model = networks.flat()
    with pytest.raises(CnnzooError, match="^unit must be 0 to 4 for layer 'conv2'; got 5$"):
        maximize(model, "conv2", [1, 5])
    with pytest.raises(CnnzooError, match="^blur must be 0 to 1; got 2$"):
        maximize(model, "conv2", 1, blur=2)
    with pytest.raises(CnnzooError, match="^jitter must be at least 0; got -1$"):
        maximize(model, "conv2", 1, jitter=-1)
    with pytest.raises(CnnzooError, match=r"^image must be numbers \[any, any, 2\], as flat takes"):
        deep_dream(model, np.zeros((8, 8, 3)), "conv2")
    with pytest.raises(CnnzooError, match="^scale must be more than 1; got 1$"):
        deep_dream(model, np.zeros((8, 8, 2)), "conv2", scale=1)
    with pytest.raises(CnnzooError, match="^model must take floats, for which there are gradients"):
        maximize(networks.texts(), "conv1", 0, start=np.array([1, 2]))
