"""Numbers of CapsNet from the paper, section 4, layer by layer."""

import math

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo import layers
from cnnzoo.errors import CnnzooError

IMAGES = np.random.default_rng(0).uniform(size=(4, 18, 19, 1)).astype("float32")


def small(name="capsnet", **options):
    keras.utils.set_random_seed(0)
    return cnnzoo.create_model(name, input_shape=IMAGES.shape[1:], **options)


def part(model, name):
    """The output of a layer for IMAGES."""
    return np.asarray(keras.Model(model.input, model.get_layer(name).output)(IMAGES))


def test_parameters_by_layer():
    model = cnnzoo.create_model("capsnet")
    weights = {
        layer.name: sum(math.prod(weight.shape) for weight in layer.trainable_weights)
        for layer in model.layers
        if layer.trainable_weights
    }
    encoder = {
        "conv1": 9 * 9 * 256 + 256,
        "primary_capsules_conv": 9 * 9 * 256 * 256 + 256,
        "class_capsules": 1152 * 10 * 8 * 16,
    }
    decoder = {
        "decoder_dense1": 160 * 512 + 512,
        "decoder_dense2": 512 * 1024 + 1024,
        "decoder_dense3": 1024 * 784 + 784,
    }
    assert weights == encoder | decoder
    assert sum(encoder.values()) == 6_804_224  # "6.8M" in the paper,
    assert sum(weights.values()) == 8_215_568  # "8.2M" with the decoder.


def test_sizes_are_those_of_figures_1_and_2():
    model = cnnzoo.create_model("capsnet")
    sizes = {
        "conv1": (20, 20, 256),
        "primary_capsules_conv": (6, 6, 32 * 8),
        "primary_capsules": (1152, 8),
        "class_capsules": (10, 16),
        "decoder_dense1": (512,),
        "decoder_dense2": (1024,),
        "reconstruction": (28, 28, 1),
    }
    assert {name: model.get_layer(name).output.shape[1:] for name in sizes} == sizes


@pytest.mark.parametrize("name", ["capsnet", "capsnet_no_decoder"])
def test_sigmoids_of_the_logits_are_the_lengths_of_the_class_capsules(name):
    model = small(name)
    layer = model.get_layer("class_capsules")
    layer.set_weights([300 * layer.kernel.numpy()])  # So that few and faint capsules are heard.
    lengths = np.linalg.norm(part(model, "class_capsules"), axis=-1)
    assert lengths.max() > 0.5
    assert np.allclose(1 / (1 + np.exp(-np.asarray(model(IMAGES)))), lengths, rtol=1e-4)


def test_a_primary_capsule_is_eight_neighboring_maps_at_one_place():
    model = small()
    maps, capsules = part(model, "primary_capsules_conv"), part(model, "primary_capsules")
    vector = maps[1, 0, 1, 8 * 5 : 8 * 6]  # The sixth of 32 capsules at the second place.
    squared = (vector**2).sum()
    assert np.allclose(capsules[1, 32 + 5], vector * np.sqrt(squared) / (1 + squared), atol=1e-6)


def test_the_reconstruction_loss_is_added_only_in_training():
    model = small()
    model(IMAGES)
    assert model.losses == []
    model(IMAGES, training=True)
    (loss,) = model.losses
    darkest, brightest = (
        bound(IMAGES, axis=(1, 2, 3), keepdims=True) for bound in (np.min, np.max)
    )
    errors = part(model, "reconstruction") - (IMAGES - darkest) / (brightest - darkest)
    assert float(loss) == pytest.approx(0.0005 * (errors**2).sum() / len(IMAGES), rel=1e-4)


def test_the_network_without_decoder_adds_no_loss():
    model = small("capsnet_no_decoder")
    model(IMAGES, training=True)
    assert model.losses == []


def test_rounds_of_routing_change_the_logits_but_not_the_weights():
    once, thrice = small(routings=1), small(routings=3)
    thrice.set_weights(once.get_weights())
    assert once.get_layer("class_capsules").routings == 1
    assert not np.array_equal(np.asarray(once(IMAGES)), np.asarray(thrice(IMAGES)))


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "3", None])
def test_wrong_routings_are_refused(wrong):
    with pytest.raises(
        CnnzooError, match=f"routings must be an integer of at least 1; got {wrong!r}"
    ):
        small(routings=wrong)


def test_initial_matrices_of_the_capsules():
    kernel = np.asarray(small().get_layer("class_capsules").kernel)
    # A normal distribution cut off at two deviations has 0.88 of its deviation left.
    assert kernel.std() == pytest.approx(0.088, rel=0.01)
    assert np.abs(kernel).max() <= 0.2


def test_margin_loss_and_decoder_learn_two_images():
    images = np.zeros((2, 17, 17, 1), "float32")
    images[0, 3:14, 8], images[1, 4:13, 4:13] = 1, 1  # A line and a square.
    keras.utils.set_random_seed(0)
    model = cnnzoo.create_model("capsnet", input_shape=images.shape[1:], num_classes=2)
    model.compile(keras.optimizers.Adam(0.001), layers.MarginLoss(), jit_compile=False)
    first, *_, last = model.fit(
        images, np.array([0, 1]), batch_size=2, epochs=25, verbose=0
    ).history["loss"]
    assert last < 0.2 * first
    assert np.asarray(model(images)).argmax(axis=1).tolist() == [0, 1]
