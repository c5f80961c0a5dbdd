"""Reconstructions of changed capsules against a decoder that is linear."""

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo import inspection, layers
from cnnzoo.errors import CnnzooError

RNG = np.random.default_rng(7)


def linear():
    """Return a network of two capsules of three dimensions whose decoder is one dense layer."""
    images = keras.Input((2, 2, 1))
    capsules = keras.layers.Dense(6)(keras.layers.Flatten()(images))
    capsules = layers.Squash()(keras.layers.Reshape((2, 3))(capsules))
    drawn = keras.layers.Flatten()(layers.LongestCapsule()(capsules))
    drawn = keras.layers.Reshape((2, 2, 1))(keras.layers.Dense(4, name="decoder")(drawn))
    logits = layers.CapsuleLogits()(capsules)
    logits = layers.ReconstructionLoss(0.1)([logits, drawn, images])
    return keras.Model(images, logits), keras.Model(images, capsules)


def test_each_dimension_moves_a_linear_decoder_by_its_row():
    model, capsules_of = linear()
    images = RNG.normal(size=(3, 2, 2, 1)).astype("float32")
    kernel, bias = model.get_layer("decoder").get_weights()
    classes = [1, 0, 1]
    found = inspection.capsule_reconstructions(model, images, classes)
    assert found.shape == (3, 3, 11, 2, 2, 1)
    capsules = np.asarray(capsules_of(images))
    changes = np.linspace(-0.25, 0.25, 11)
    for image, place in enumerate(classes):
        rows = kernel[3 * place : 3 * place + 3]
        plain = capsules[image, place] @ rows + bias
        expected = plain + changes[None, :, None] * rows[:, None]
        assert np.allclose(found[image].reshape(3, 11, 4), expected, atol=1e-5)


def test_the_longest_capsule_is_taken_by_default():
    model, capsules_of = linear()
    images = RNG.normal(size=(6, 2, 2, 1)).astype("float32")
    longest = np.linalg.norm(capsules_of(images), axis=-1).argmax(axis=-1)
    assert len(set(longest)) == 2
    expected = inspection.capsule_reconstructions(model, images, longest)
    assert np.array_equal(inspection.capsule_reconstructions(model, images), expected)


def test_the_middle_is_the_reconstruction_of_capsnet():
    model = cnnzoo.create_model("capsnet", input_shape=(17, 17, 1), num_classes=3)
    images = RNG.normal(size=(1, 17, 17, 1)).astype("float32")
    own = keras.Model(model.input, model.get_layer("reconstruction").output)(images)
    found = inspection.capsule_reconstructions(model, images)
    assert found.shape == (1, 16, 11, 17, 17, 1)
    assert np.allclose(found[0, :, 5], own, atol=1e-6)


def test_mistakes_are_told():
    model, _ = linear()
    with pytest.raises(CnnzooError, match="class_id must be 0 to 1"):
        inspection.capsule_reconstructions(model, np.zeros((1, 2, 2, 1)), 2)
    with pytest.raises(CnnzooError, match="inputs must be"):
        inspection.capsule_reconstructions(model, np.zeros((1, 3, 3, 1)))
    for name in ("capsnet_no_decoder", "lenet5"):
        with pytest.raises(CnnzooError, match="model must be a capsule network with a decoder"):
            inspection.capsule_reconstructions(cnnzoo.create_model(name), np.zeros((1, 28, 28, 1)))
