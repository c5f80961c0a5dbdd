"""Feature maps against a run by hand, layer by layer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo.inspection import feature_maps
from cnnzoo.inspection.activations import run_to_logits


@pytest.mark.parametrize("sides", [(12,), (8, 9), (5, 6, 7)])
def test_maps_are_those_of_a_run_by_hand(networks, sides):
    model, images = networks.flat(sides), networks.images(sides=sides)
    maps = images
    for name in ("conv1", "relu1", "norm", "conv2"):  # Dropout does nothing at inference.
        maps = np.asarray(
            model.get_layer(name)(maps, **({"training": False} if name == "norm" else {}))
        )
        assert np.allclose(feature_maps(model, images, name), maps, atol=1e-5), name


def test_nested_models_give_the_maps_of_the_flat_one(networks):
    images = networks.images()
    for name in ("relu1", "conv2"):
        found = feature_maps(networks.nested(), images, f"body/{name}")
        assert np.allclose(found, feature_maps(networks.flat(), images, name), atol=1e-6)
    whole = feature_maps(networks.nested(), images, "body")
    assert np.allclose(whole, feature_maps(networks.flat(), images, "conv2"), atol=1e-6)


def test_a_shared_layer_gives_the_maps_of_its_last_call():
    images = keras.Input((4, 4, 1))
    double = keras.layers.Conv2D(
        1, 1, kernel_initializer=keras.initializers.Constant(2.0), use_bias=False, name="double"
    )
    logits = keras.layers.Flatten()(double(double(images)))
    values = np.ones((1, 4, 4, 1), "float32")
    assert (feature_maps(keras.Model(images, logits), values, "double") == 4).all()


def test_batches_are_joined_in_order(networks):
    model, images = networks.sequential(), networks.images(300)
    found = feature_maps(model, images, "conv1")
    assert np.allclose(found[[0, 150, 299]], feature_maps(model, images[[0, 150, 299]], "conv1"))


def test_operations_and_layers_over_texts_have_maps_too(networks):
    images = keras.Input((4, 4, 1))
    model = keras.Model(images, keras.layers.Flatten()(keras.ops.relu(images)))
    values = networks.images(2, (4, 4), 1)
    operation = model.operations[1].name
    assert (feature_maps(model, values, operation) == np.maximum(values, 0)).all()
    found = feature_maps(networks.texts(), np.array([[1, 2, 3, 0]]), "embedding")
    assert found.shape == (1, 4, 4)


def test_layers_are_left_as_they_were(networks):
    model = networks.sequential()
    before = {layer.name: dict(vars(layer)) for layer in model.layers}
    feature_maps(model, networks.images(), "conv1")
    run_to_logits(model, tf.constant(networks.images()))
    for layer in model.layers:
        assert "call" not in vars(layer)
        assert getattr(layer, "activation", None) is before[layer.name].get("activation")


@pytest.mark.parametrize("end", ["dense", "layer", "activation", "operation"])
def test_the_softmax_at_the_end_can_be_left_out(networks, end):
    model, images = networks.flat(end=end), networks.images()
    logits = run_to_logits(model, tf.constant(images)).output.numpy()
    expected = networks.flat(end="logits")(images).numpy()  # Of the same seed.
    assert np.allclose(logits, expected, atol=1e-6)
    assert np.allclose(model(images).numpy().sum(axis=1), 1)
    scores = feature_maps(model, images, model.operations[-1].name)
    assert np.allclose(scores.sum(axis=1), 1)


def test_the_maps_of_a_trained_network(digits):
    classifier = cnnzoo.load("mnist_lenet5")
    found = feature_maps(classifier.network, classifier.prepare(digits), "logits")
    scores = np.exp(found / classifier.card["calibration"]["temperature"])
    scores /= scores.sum(axis=1, keepdims=True)
    assert np.allclose(scores, classifier.scores(digits), atol=1e-5)
