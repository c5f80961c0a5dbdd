"""What every registered network must do."""

import inspect
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo import registry
from cnnzoo.errors import CnnzooError
from cnnzoo.models import MODELS

every_model = pytest.mark.parametrize("name", cnnzoo.list_models())


def batch(model, size=2):
    shape = (size, *model.input_shape[1:])
    return np.random.default_rng(0).normal(size=shape).astype("float32")


@every_model
def test_the_table_holds(name):
    variant = MODELS[name].VARIANTS[name]
    model = cnnzoo.create_model(name)
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == variant.params
    assert model.input_shape == (None, *variant.input_shape)
    assert model.output_shape == (None, variant.num_classes)
    assert model.name == name


@every_model
def test_the_docstring_names_source_and_departures(name):
    assert registry.paragraph(MODELS[name], "Source")
    assert registry.paragraph(MODELS[name], "Departures")
    assert "Raises:" in inspect.getdoc(MODELS[name].build)


@every_model
def test_logits_are_finite_whatever_the_classes_and_the_shape(name):
    shape = MODELS[name].VARIANTS[name].input_shape
    larger = tuple(side + 4 for side in shape[:-1]) + (3,)
    for arguments in ({}, {"num_classes": 3}, {"input_shape": larger}):
        model = cnnzoo.create_model(name, **arguments)
        logits = np.asarray(model(batch(model)))
        assert logits.shape == (2, arguments.get("num_classes", model.output_shape[1]))
        assert np.isfinite(logits).all()
        assert logits.std() > 0


@every_model
def test_layer_names_are_unique_and_plain(name):
    names = [layer.name for layer in cnnzoo.create_model(name).layers]
    assert len(set(names)) == len(names)
    assert names == [layer.name for layer in cnnzoo.create_model(name).layers]


@every_model
def test_every_weight_has_a_gradient(name):
    model = cnnzoo.create_model(name)
    images = batch(model, 8)
    labels = np.arange(8) % model.output_shape[1]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        value = loss(labels, model(images, training=True))
    gradients = tape.gradient(value, [weight.value for weight in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.any(np.asarray(gradient) != 0), weight.path


@every_model
def test_keras_and_savedmodel_round_trips_give_equal_logits(name, tmp_path):
    model = cnnzoo.create_model(name)
    images = batch(model)
    logits = np.asarray(model(images))
    model.save(tmp_path / "model.keras")
    assert np.array_equal(
        np.asarray(keras.saving.load_model(tmp_path / "model.keras")(images)), logits
    )
    model.export(tmp_path / "saved", verbose=False)
    served = tf.saved_model.load(tmp_path / "saved")
    assert np.allclose(served.serve(tf.constant(images)), logits, atol=1e-5)


@every_model
@pytest.mark.parametrize("wrong", [0, -1, 2.5, "10", True])
def test_wrong_class_counts_are_refused(name, wrong):
    with pytest.raises(
        CnnzooError, match=f"num_classes must be an integer of at least 1; got {wrong!r}"
    ):
        cnnzoo.create_model(name, num_classes=wrong)


@every_model
@pytest.mark.parametrize("wrong", [(28, 28), (0, 28, 1), (28, 28.5, 1), (28, 28, 1, 1), ()])
def test_wrong_shapes_are_refused(name, wrong):
    with pytest.raises(CnnzooError, match="input_shape must be 3 positive integers, channels last"):
        cnnzoo.create_model(name, input_shape=wrong)
