"""Capsule layers against plain NumPy loops, written from the paper."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnzoo import layers
from cnnzoo.layers.capsules import squash

RNG = np.random.default_rng(4)


def squashed(vector):
    """Equation 1."""
    length = np.linalg.norm(vector)
    return length**2 / (1 + length**2) * vector / length


def routed(inputs, kernel, routings):
    """Procedure 1, for one example: `inputs` [i, 8], `kernel` [i, j, 8, 16]."""
    below, above = kernel.shape[:2]
    predictions = [[inputs[i] @ kernel[i, j] for j in range(above)] for i in range(below)]
    logits = np.zeros((below, above))
    for _ in range(routings):
        coupling = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        capsules = []
        for j in range(above):
            total = sum(coupling[i, j] * predictions[i][j] for i in range(below))
            capsules.append(squashed(total))
        for i in range(below):
            for j in range(above):
                logits[i, j] += predictions[i][j] @ capsules[j]
    return np.array(capsules)


def test_squash_keeps_the_direction_and_shortens_to_below_1():
    vectors = np.array([[3.0, 4.0], [0.06, 0.08], [0.0, 0.0]], "float32")
    # 25 / 26 and 0.01 / 1.01 along (0.6, 0.8); zero stays zero.
    expected = np.array([[25 / 26], [0.01 / 1.01], [0]]) * [0.6, 0.8]
    assert np.allclose(squash(vectors), expected, atol=1e-7)
    assert np.allclose(layers.Squash()(vectors), expected, atol=1e-7)


@pytest.mark.parametrize("routings", [1, 2, 3, 5])
def test_routed_capsules_follow_procedure_1(routings):
    inputs = RNG.normal(size=(2, 5, 8)).astype("float32")
    kernel = RNG.normal(size=(5, 3, 8, 16), scale=0.3).astype("float32")
    layer = layers.RoutedCapsules(3, 16, routings)
    layer.build(inputs.shape)
    layer.set_weights([kernel])
    expected = np.array([routed(example, kernel, routings) for example in inputs])
    assert np.allclose(layer(inputs), expected, atol=1e-5)
    assert layer.compute_output_shape(inputs.shape) == (2, 3, 16)
    assert layer.multiply_adds((2, 3, 16)) == 5 * 3 * 8 * 16


def test_gradients_flow_through_all_rounds_of_routing():
    inputs = RNG.normal(size=(1, 4, 8)).astype("float32")
    kernel = RNG.normal(size=(4, 3, 8, 16), scale=0.3)
    layer = layers.RoutedCapsules(3, 16)
    layer.build(inputs.shape)
    layer.set_weights([kernel])
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(layer(inputs)[0, 1] ** 2)
    gradient = float(tape.gradient(value, layer.kernel.value)[2, 0, 5, 7])
    # Capsule 1 depends on the matrix of capsule 0 through the coupling alone.
    shift = np.zeros_like(kernel)
    shift[2, 0, 5, 7] = 1e-5
    after, before = (
        (routed(inputs[0].astype("float64"), kernel + sign * shift, 3)[1] ** 2).sum()
        for sign in (1, -1)
    )
    assert abs(gradient) > 1e-4
    assert gradient == pytest.approx((after - before) / 2e-5, rel=1e-3)


def test_sigmoids_of_the_logits_are_the_lengths():
    lengths_before = np.array([0.01, 0.1, 1, 3, 30], "float32")
    directions = RNG.normal(size=(5, 16)).astype("float32")
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    totals = (lengths_before[:, None] * directions)[None]
    capsules = squash(totals)
    logits = np.asarray(layers.CapsuleLogits()(capsules))[0]
    assert np.allclose(logits, np.log(lengths_before**2), atol=1e-3)
    lengths = np.linalg.norm(np.asarray(capsules)[0], axis=1)
    assert np.allclose(1 / (1 + np.exp(-logits)), lengths, atol=1e-6)


def test_empty_and_endless_capsules_have_finite_logits_and_gradients():
    totals = tf.constant(np.stack([np.zeros((2, 16)), np.full((2, 16), 1e6)]), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(totals)
        logits = layers.CapsuleLogits()(squash(totals))
    assert np.isfinite(logits).all()
    assert np.isfinite(tape.gradient(logits, totals)).all()


def test_the_longest_capsule_stays_in_its_place():
    capsules = np.array([[[0.1, 0.2], [0.5, -0.5], [0.6, 0.0]]], "float32")
    expected = [[[0, 0], [0.5, -0.5], [0, 0]]]
    assert np.allclose(layers.LongestCapsule()(capsules), expected)


def test_reconstruction_loss_is_the_squared_error_only_in_training():
    pixels = RNG.integers(0, 256, size=(3, 4, 5, 2))
    pixels[:, 0, 0], pixels[:, 3, 4] = 0, 255
    reconstructions = RNG.uniform(size=pixels.shape).astype("float32")
    logits = RNG.normal(size=(3, 10)).astype("float32")
    expected = 0.25 * ((reconstructions - pixels / 255) ** 2).sum() / 3
    for scale, offset in ((1 / 255, 0), ([0.01, 0.03], [-0.4, -2])):  # Plain and standardized.
        images = (pixels * scale + np.array(offset)).astype("float32")
        layer = layers.ReconstructionLoss(0.25)
        assert np.array_equal(layer([logits, reconstructions, images]), logits)
        assert layer.losses == []
        assert np.array_equal(layer([logits, reconstructions, images], training=True), logits)
        assert float(layer.losses[0]) == pytest.approx(expected, rel=1e-5)


def test_reconstruction_loss_of_an_even_image_is_finite():
    layer = layers.ReconstructionLoss(1.0)
    reconstructions = np.full((1, 2, 2, 1), 0.5, "float32")
    layer([np.zeros((1, 3)), reconstructions, np.ones((1, 2, 2, 1))], training=True)
    assert float(layer.losses[0]) == pytest.approx(4 * 0.25)


def test_margin_loss_by_hand():
    lengths = np.array([[0.7, 0.3, 0.05], [0.95, 0.1, 0.6]])
    logits = np.log(lengths / (1 - lengths)).astype("float32")
    # 0.9 - 0.7 and half of 0.3 - 0.1 squared; then 0.9 - 0.6 and half of 0.95 - 0.1 squared.
    expected = [0.2**2 + 0.5 * 0.2**2, 0.3**2 + 0.5 * 0.85**2]
    labels = np.array([0, 2])
    losses = layers.MarginLoss(reduction=None)(labels, logits)
    assert np.allclose(losses, expected, atol=1e-6)
    assert np.allclose(layers.MarginLoss(reduction=None)(labels[:, None], logits), losses)
    assert float(layers.MarginLoss()(labels, logits)) == pytest.approx(np.mean(expected), rel=1e-5)


def test_capsules_are_computed_in_float32_under_a_float16_policy():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        layer = layers.Squash()
        # The square of 300 is beyond float16.
        capsules = layer(np.array([[300.0, 0.0]], "float16"))
    finally:
        keras.config.set_dtype_policy(before)
    assert np.allclose(capsules, [[90_000 / 90_001, 0]])


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Squash(name="squash"),
        lambda: layers.RoutedCapsules(3, 4, 2, name="routed"),
        lambda: layers.CapsuleLogits(name="logits"),
        lambda: layers.LongestCapsule(name="longest"),
        lambda: layers.ReconstructionLoss(0.1, name="loss"),
        lambda: layers.MarginLoss(name="margin"),
    ],
)
def test_configurations_survive_a_round_trip(layer):
    first = layer()
    serialize, deserialize = (
        keras.saving.serialize_keras_object,
        keras.saving.deserialize_keras_object,
    )
    assert deserialize(serialize(first)).get_config() == first.get_config()
    assert first.get_config()["name"] == first.name
