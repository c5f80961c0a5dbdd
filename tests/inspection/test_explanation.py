"""Explanations against closed forms of small networks."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo.inspection.cams import MAPS, explainer

RNG = np.random.default_rng(5)


def test_grad_cam_of_pooled_maps_weighs_them_by_the_dense_layer():
    images = keras.Input((4, 4, 2))
    maps = keras.layers.Conv2D(3, 1, activation="relu")(images)
    logits = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(maps))
    model = keras.Model(images, logits)
    values = RNG.normal(size=(2, 4, 4, 2)).astype("float32")
    found = tf.function(explainer(model))(values)
    kernel, bias = model.layers[1].get_weights()
    expected_maps = np.maximum(values @ kernel[0, 0] + bias, 0)
    top = np.asarray(model(values)).argmax(axis=1)
    weights = model.layers[-1].get_weights()[0].T[top]  # Over the 16 places, all alike.
    heat = np.maximum((expected_maps * weights[:, None, None]).sum(axis=-1), 0)
    heat /= np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-9)
    assert np.allclose(found["heat"], heat, atol=1e-5)
    assert np.allclose(found["feature_maps"], expected_maps, atol=1e-6)
    assert np.allclose(found["logits"], np.asarray(model(values)), atol=1e-6)


def test_a_planted_object_is_found():
    images = keras.Input((32, 32, 1))
    maps = keras.layers.Conv2D(1, 3, 2, "same", kernel_initializer="ones", activation="relu")(
        images
    )
    logits = keras.layers.Dense(1, kernel_initializer="ones")(
        keras.layers.GlobalAveragePooling2D()(maps)
    )
    values = np.zeros((1, 32, 32, 1), "float32")
    values[0, 20:24, 4:8] = 1
    heat = explainer(keras.Model(images, logits))(tf.constant(values))["heat"][0].numpy()
    assert heat.shape == (32, 32)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert 19 <= row <= 24
    assert 3 <= column <= 8
    assert heat[:12].max() == 0


@pytest.mark.parametrize("trainable", [True, False])
def test_heat_of_tokens_is_the_size_of_gradient_times_embedding(trainable):
    tokens = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(9, 4, mask_zero=True, trainable=trainable)(tokens)
    logits = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(vectors))
    model = keras.Model(tokens, logits)
    values = np.array([[3, 5, 8, 0]], "int32")
    found = tf.function(explainer(model))(values)
    embeddings, (kernel, _) = model.layers[1].get_weights()[0], model.layers[-1].get_weights()
    top = int(np.asarray(model(values)).argmax())
    expected = np.abs(embeddings[values[0]] @ kernel[:, top])
    expected[3] = 0  # Padding has no part in the mean.
    assert np.allclose(found["heat"][0], expected / expected.max(), atol=1e-5)
    assert "feature_maps" not in found


def test_heat_without_convolutions_is_the_size_of_gradient_times_input():
    images = keras.Input((2, 3, 1))
    model = keras.Model(images, keras.layers.Dense(2)(keras.layers.Flatten()(images)))
    values = RNG.normal(size=(1, 2, 3, 1)).astype("float32")
    kernel = model.layers[-1].get_weights()[0]
    top = int(np.asarray(model(values)).argmax())
    expected = np.abs(values[0, ..., 0] * kernel[:, top].reshape(2, 3))
    found = explainer(model)(tf.constant(values))
    assert np.allclose(found["heat"][0], expected / expected.max(), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "shape"), [("resnet20", (32, 32, 3)), ("m5", (4_000, 1)), ("text_cnn_static", (30,))]
)
def test_networks_of_each_kind_are_explained_and_left_as_they_were(name, shape):
    model = cnnzoo.create_model(name, input_shape=shape)
    values = RNG.integers(1, 99, (2, *shape)) if len(shape) == 1 else RNG.normal(size=(2, *shape))
    values = tf.constant(values, model.inputs[0].dtype)
    found = explainer(model)(values)
    assert found["heat"].shape == (2, *shape[: max(len(shape) - 1, 1)])
    assert 0 <= found["heat"].numpy().min() <= found["heat"].numpy().max() <= 1
    if len(shape) > 1:
        assert found["feature_maps"].shape[-1] == MAPS
    assert not any("call" in vars(layer) for layer in model.layers)
