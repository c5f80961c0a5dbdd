"""Gradients against closed forms, and ways back through ReLUs against transposes in NumPy."""

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import deconvolve, integrated_gradients, saliency

RNG = np.random.default_rng(6)


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


def transposed(signal, kernel):
    """Return what a "valid" convolution with `kernel`, `[k, k, in, out]`, sends back."""
    size = len(kernel)
    rows, columns, _ = signal.shape
    back = np.zeros((rows + size - 1, columns + size - 1, kernel.shape[2]))
    for row in range(rows):
        for column in range(columns):
            back[row : row + size, column : column + size] += kernel @ signal[row, column]
    return back


def strongest(maps, unit):
    """Return `maps` with only the unit's greatest activation."""
    signal = np.zeros_like(maps)
    place = np.unravel_index(maps[..., unit].argmax(), maps.shape[:2])
    signal[(*place, unit)] = maps[(*place, unit)]
    return signal


def convolved(values, kernel):
    rows, columns = values.shape[0] - len(kernel) + 1, values.shape[1] - len(kernel) + 1
    return np.array(
        [
            [
                np.einsum("ijc,ijco->o", values[r : r + len(kernel), c : c + len(kernel)], kernel)
                for c in range(columns)
            ]
            for r in range(rows)
        ]
    )


def network(relu):
    keras.utils.set_random_seed(8)
    images = keras.Input((8, 7, 2))
    maps = keras.layers.Conv2D(4, 3, use_bias=False, name="conv1")(images)
    maps = {
        "none": lambda maps: maps,
        "layer": keras.layers.ReLU(),
        "activation": keras.layers.Activation("relu"),
        "operation": keras.ops.relu,
    }[relu](maps)
    maps = keras.layers.Conv2D(3, 2, use_bias=False, name="conv2")(maps)
    logits = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(maps))
    return keras.Model(images, logits)


def test_without_relus_it_is_the_transpose():
    model, values = network("none"), RNG.normal(size=(2, 8, 7, 2)).astype("float32")
    first, second = (model.get_layer(name).get_weights()[0] for name in ("conv1", "conv2"))
    found = deconvolve(model, values, "conv2", 1)
    for place, image in enumerate(values):
        signal = strongest(convolved(convolved(image, first), second), 1)
        assert np.allclose(found[place], transposed(transposed(signal, second), first), atol=1e-4)


@pytest.mark.parametrize("relu", ["layer", "activation", "operation"])
@pytest.mark.parametrize("guided", [False, True])
def test_relus_of_every_kind_pass_on_what_is_positive_on_the_way_back(relu, guided):
    model, values = network(relu), RNG.normal(size=(2, 8, 7, 2)).astype("float32")
    first, second = (model.get_layer(name).get_weights()[0] for name in ("conv1", "conv2"))
    found = deconvolve(model, values, "conv2", 1, guided=guided)
    for place, image in enumerate(values):
        maps = convolved(image, first)
        signal = strongest(convolved(np.maximum(maps, 0), second), 1)
        signal = np.maximum(transposed(signal, second), 0) * ((maps > 0) if guided else 1)
        assert np.allclose(found[place], transposed(signal, first), atol=1e-4)


def test_pooled_signals_go_back_to_where_the_maximum_was():
    images = keras.Input((4, 1))
    maps = keras.layers.MaxPooling1D(2, name="pool")(images)
    model = keras.Model(images, keras.layers.Flatten()(maps))
    found = deconvolve(model, np.array([[[1.0], [5], [2], [3]]]), "pool", 0)
    assert found[0, :, 0].tolist() == [0, 5, 0, 0]


def test_an_activation_within_a_convolution_and_nested_models_work_too(networks):
    images = networks.images()
    expected = deconvolve(networks.flat(), images, "conv2", 2)
    assert np.abs(expected).max() > 0
    assert np.allclose(deconvolve(networks.nested(), images, "body/conv2", 2), expected, atol=1e-6)
