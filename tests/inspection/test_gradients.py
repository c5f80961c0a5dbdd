"""Gradients against closed forms, and integrated gradients' completeness."""

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import integrated_gradients, saliency


def linear(end="linear"):
    keras.utils.set_random_seed(3)
    images = keras.Input((4, 5, 2))
    logits = keras.layers.Dense(3, activation=end)(keras.layers.Flatten()(images))
    return keras.Model(images, logits, name="linear")


def weights_of(model, class_id):
    return model.layers[-1].get_weights()[0][:, class_id].reshape(4, 5, 2)


@pytest.mark.parametrize("end", ["linear", "softmax", "sigmoid"])
def test_saliency_of_a_linear_model_is_its_weights(networks, end):
    model, images = linear(end), networks.images(3, (4, 5))
    assert np.allclose(saliency(model, images, 1), weights_of(model, 1), atol=1e-6)
    found = saliency(model, images, [0, 1, 2])
    assert np.allclose(found, [weights_of(model, one) for one in range(3)], atol=1e-6)
    # The gradient of a linear model is the same everywhere.
    smooth = saliency(model, images, 1, copies=5, noise=0.2)
    assert np.allclose(smooth, weights_of(model, 1), atol=1e-6)


def test_smoothed_gradients_are_means_over_noisy_copies(networks):
    images = keras.Input((3, 3, 1))
    model = keras.Model(images, keras.layers.Flatten()(images**3))
    values = networks.images(2, (3, 3), 1)
    found = saliency(model, values, 4, copies=4_000, noise=0.1)[:, 1, 1, 0]
    spread = 0.1 * np.ptp(values, axis=(1, 2, 3))
    assert np.allclose(found, 3 * (values[:, 1, 1, 0] ** 2 + spread**2), rtol=0.1)
    again = saliency(model, values, 4, copies=4_000, noise=0.1)[:, 1, 1, 0]
    assert (found == again).all()
    other = saliency(model, values, 4, copies=4_000, noise=0.1, seed=1)[:, 1, 1, 0]
    assert (found != other).all()


@pytest.mark.parametrize("baseline", [None, 0.5, np.full((4, 5, 2), -1)])
def test_integrated_gradients_of_a_linear_model_are_exact(networks, baseline):
    model, images = linear("softmax"), networks.images(2, (4, 5))
    away = images - (0 if baseline is None else baseline)
    found = integrated_gradients(model, images, 2, baseline, steps=3)
    assert np.allclose(found, away * weights_of(model, 2), atol=1e-5)


def test_integrated_gradients_follow_the_line():
    pair = keras.Input((1, 2))
    product = keras.layers.Flatten()(pair)
    model = keras.Model(pair, keras.ops.prod(product, axis=1, keepdims=True))
    # Of f = a b from (0, 0): each has the integral of a b t, half of f.
    found = integrated_gradients(model, np.array([[[3.0, 4.0]]]), 0)
    assert np.allclose(found, [[[6, 6]]], atol=1e-5)


def test_integrated_gradients_of_a_trained_network_are_complete(digits):
    classifier = cnnzoo.load("mnist_lenet5")
    network, images = classifier.network, classifier.prepare(digits)
    black = images.min()
    logits, bare = network(images).numpy(), network(np.full_like(images, black)).numpy()
    top = logits.argmax(axis=1)
    gained = (logits - bare)[range(len(images)), top]
    for steps in (64, 4):  # Four are too few, and are doubled.
        found = integrated_gradients(network, images, None, black, steps)
        assert (np.abs(found.sum(axis=(1, 2, 3)) - gained) < 0.0101 * np.abs(gained)).all()


def test_a_planted_object_is_found(planted):
    model, values, place = planted
    found = integrated_gradients(model, values, 0)[0, ..., 0]
    assert found[place].sum() == pytest.approx(found.sum())
    assert found[place].min() > 0


def test_nested_models_have_the_gradient_of_the_flat_one(networks):
    images = networks.images()
    found = saliency(networks.nested(), images, 1)
    assert np.allclose(found, saliency(networks.flat(), images, 1), atol=1e-6)


def test_what_does_not_fit_is_refused(networks):
    model, images = networks.flat(), networks.images()
    with pytest.raises(CnnzooError, match="^baseline must be a number, or an array like one of"):
        integrated_gradients(model, images, 0, np.zeros((7, 8, 2)))
    with pytest.raises(CnnzooError, match="^steps must be at least 1; got 0$"):
        integrated_gradients(model, images, 0, steps=0)
    with pytest.raises(CnnzooError, match="^copies must be at least 1; got 0$"):
        saliency(model, images, 0, copies=0)
    with pytest.raises(CnnzooError, match="^class_id must be 0 to 2 for flat; got 3$"):
        saliency(model, images, 3)
