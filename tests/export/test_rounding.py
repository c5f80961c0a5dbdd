"""Networks that round as their int8 files do."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from cnnzoo.export import litert
from cnnzoo.export.folding import folded
from cnnzoo.export.rounding import ranges_of, rounded
from cnnzoo.export.runtime import LiteRT

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (200, 12, 12, 3), np.uint8)


def residual():
    """A network with a shortcut, whose maps have other ranges than the sum."""
    maps = inputs = keras.Input((12, 12, 3))
    shortcut = keras.layers.Conv2D(8, 1, name="shortcut")(maps)
    maps = keras.layers.Conv2D(8, 3, padding="same", use_bias=False, name="conv1")(maps)
    maps = keras.layers.ReLU(name="relu1")(keras.layers.BatchNormalization(name="bn1")(maps))
    maps = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="conv2")(maps)
    maps = keras.layers.BatchNormalization(name="bn2")(maps)
    maps = keras.layers.ReLU(name="relu2")(keras.layers.Add(name="add")([maps, shortcut]))
    maps = keras.layers.MaxPooling2D(name="pool")(maps)
    vector = keras.layers.GlobalAveragePooling2D(name="means")(maps)
    return keras.Model(inputs, keras.layers.Dense(10, name="logits")(vector), name="residual")


@pytest.fixture
def network():
    keras.utils.set_random_seed(0)
    found = residual()
    for layer in found.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
            layer.beta.assign(RNG.uniform(-1, 1, layer.beta.shape))
    found(IMAGES / 255.0, training=True)
    return found


def with_input(network):
    raw = keras.Input((12, 12, 3), dtype="uint8", name="raw")
    values = keras.layers.Rescaling([0.00391, 0.00517, 0.00333], [0.0, -0.313, 0.107])(raw)
    return keras.Model(raw, keras.layers.Softmax(name="scores")(network(values)))


def test_it_rounds_as_the_file_does(network):
    model = folded(with_input(network))
    scores, *_ = LiteRT(litert.int8(model, IMAGES))(IMAGES)
    values = model.layers[1](IMAGES)
    with rounded(model.layers[2], ranges_of(model.layers[2], [values])):
        expected = np.asarray(model(IMAGES))
    floats = np.asarray(model(IMAGES))
    assert (np.abs(scores - expected) < 1e-5).mean() > 0.99
    assert (np.abs(scores - floats) < 1e-5).mean() < 0.5  # Rounding does make a difference.


def test_ranges_are_of_what_is_stored(network):
    values = tf.constant(IMAGES / 255, tf.float32)
    ranges = ranges_of(network, [values[:50], values[50:]])
    assert set(ranges) == {"input", "shortcut", "relu1", "bn2", "relu2", "means", "logits"}
    assert ranges["input"] == (0.0, 1.0)
    shortcut = np.asarray(keras.Model(network.input, network.get_layer("shortcut").output)(values))
    assert ranges["shortcut"] == pytest.approx((shortcut.min(), shortcut.max()))


def test_kernels_have_a_step_for_each_output_channel_by_hand():
    layer = keras.layers.Dense(2, name="logits")
    inputs = keras.Input((2,))
    network = keras.Model(inputs, layer(inputs))
    layer.set_weights([np.array([[1.27, 100.0], [0.014, -127.0]], np.float32), np.zeros(2)])
    with rounded(network):
        assert np.asarray(layer.kernel) == pytest.approx(np.array([[1.27, 100], [0.01, -127]]))
    with rounded(network, {"input": (0.0, 25.5), "logits": (-255.0, 255.0)}):  # In whole numbers.
        assert np.asarray(layer.kernel).tolist() == [[127, 100], [1, -127]]
        # 3.14 is 31 steps of 0.1, and 3.1 * 1.27, or 3.937, is 2 steps of 2.
        assert np.asarray(network(np.array([[3.14, 0.0]])))[0, 0] == pytest.approx(4.0)
    assert np.asarray(layer.kernel)[1, 0] == pytest.approx(0.014)


def test_batch_normalization_keeps_its_statistics_and_learns_its_scale(network):
    norm = network.get_layer("bn1")
    before = np.asarray(norm.moving_mean)
    with rounded(network), tf.GradientTape() as tape:
        loss = tf.reduce_sum(network(IMAGES / 255.0, training=True) ** 2)
    assert (np.asarray(norm.moving_mean) == before).all()
    kernel = network.get_layer("conv1").trainable_weights[0]
    gradients = tape.gradient(loss, [norm.gamma.value, kernel.value])
    assert all(np.abs(one).max() > 0 for one in gradients)


def test_layers_are_stock_again_afterwards(network):
    kinds, expected = [type(one) for one in network.layers], np.asarray(network(IMAGES / 255.0))
    with rounded(network):
        changed = np.asarray(network(IMAGES / 255.0))
    assert [type(one) for one in network.layers] == kinds
    assert (np.asarray(network(IMAGES / 255.0)) == expected).all()
    assert np.abs(changed - expected).max() > 1e-4


def shared_relu(inputs):
    relu = keras.layers.ReLU()
    maps = relu(keras.layers.Conv2D(8, 3)(inputs))
    return relu(keras.layers.Conv2D(8, 3)(maps))


def with_operations(inputs):
    maps = keras.layers.Conv2D(8, 3)(2.0 * inputs - 1.0)
    return keras.ops.relu(maps + keras.layers.Conv2D(8, 3)(inputs))


def merged_with_the_input(inputs):
    maps = keras.layers.Conv2D(3, 3, padding="same", activation="swish")(inputs)
    return keras.layers.Concatenate()([keras.layers.Add()([maps, inputs]), inputs])


def with_a_nested_network(inputs):
    inner = keras.Input((12, 12, 3))
    nested = keras.Model(inner, keras.layers.ReLU(max_value=2.0)(keras.layers.Conv2D(8, 3)(inner)))
    return nested(inputs)


@pytest.mark.parametrize(
    "body", [shared_relu, with_operations, merged_with_the_input, with_a_nested_network]
)
def test_other_networks_are_quantized_whole_and_answer_alike(body):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((12, 12, 3))
    logits = keras.layers.Dense(10, name="logits")(keras.layers.Flatten()(body(inputs)))
    model = folded(with_input(keras.Model(inputs, logits, name="other")))
    content = litert.int8(model, IMAGES)
    expected = np.asarray(model(IMAGES))
    assert (
        np.abs(LiteRT(content)(IMAGES)[0] - expected).max() < 0.2 * np.ptp(expected, axis=0).max()
    )
    details = Interpreter(model_content=content).get_tensor_details()
    kernels = [one for one in details if len(one["shape"]) == 4 and one["shape"][0] in (3, 8)]
    assert kernels
    assert all(one["dtype"] == np.int8 for one in kernels)
