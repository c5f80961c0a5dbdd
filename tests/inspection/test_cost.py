import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.cost import describe, multiply_adds, receptive_field


def test_lenet_as_taught():
    expected = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10
    assert describe("lenet5")["macs"] == expected == 416_520


def test_lenet_as_published():
    c1, c3, c5, f6 = 28 * 28 * 6 * 25, 10 * 10 * 25 * 60, 400 * 120, 120 * 84
    s2, s4, rbf = 14 * 14 * 6, 5 * 5 * 16, 10 * 84
    facts = describe("lenet5_1998")
    assert facts["macs"] == c1 + s2 + c3 + s4 + c5 + f6 + rbf
    assert facts["params"] == 60_000
    # The paper counts 340,908 connections: biases too, and four inputs a unit in S2 and S4.
    biases = 28 * 28 * 6 + 14 * 14 * 6 + 10 * 10 * 16 + 5 * 5 * 16 + 120 + 84
    assert facts["macs"] + biases + 3 * (s2 + s4) == 340_908


def small(*layers, shape=(30, 24, 2)):
    return keras.Sequential([keras.Input(shape), *layers])


def test_convolutions_of_every_kind():
    model = small(
        keras.layers.Conv2D(4, (3, 5), strides=2, padding="same"),  # 15x12
        keras.layers.BatchNormalization(),
        keras.layers.Conv2D(8, 3, groups=2, dilation_rate=2),  # 11x8
        keras.layers.DepthwiseConv2D(3, padding="same"),
        keras.layers.Conv2DTranspose(3, 2, strides=2),  # 22x16
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(5),
    )
    expected = 15 * 12 * 4 * 15 * 2 + 11 * 8 * 8 * 9 * 2 + 11 * 8 * 8 * 9 + 11 * 8 * 4 * 3 * 8 + 15
    assert multiply_adds(model) == expected


def test_an_unknown_layer_with_weights_is_refused():
    with pytest.raises(CnnzooError, match=r"'lstm' \(LSTM\) has none"):
        multiply_adds(small(keras.layers.LSTM(3, name="lstm"), shape=(4, 2)))


def measured_field(model, layer):
    """Return how far from each other the inputs are that move the middle unit of `layer`."""
    part = keras.Model(model.inputs, layer.output)
    rng = np.random.default_rng(0)
    for weight in part.weights:
        weight.assign(rng.uniform(0.005, 0.01, weight.shape))  # No tanh may saturate.
    images = tf.constant(rng.uniform(0.1, 1, (1, *model.input_shape[1:])).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(images)
        maps = part(images)
        middle = maps[0, maps.shape[1] // 2, maps.shape[2] // 2, 0]
    moved = np.argwhere(np.abs(tape.gradient(middle, images).numpy()[0]).sum(axis=-1))
    return list(np.ptp(moved, axis=0) + 1)


def test_the_field_equals_the_one_measured_by_gradient():
    images = keras.Input((64, 64, 1))
    maps = keras.layers.Conv2D(3, 3, padding="same")(images)
    short = keras.layers.AveragePooling2D(2)(maps)
    long = keras.layers.Conv2D(3, (5, 3), strides=2, padding="same")(maps)
    maps = keras.layers.Add()([short, long])
    maps = keras.layers.Conv2D(2, 3, dilation_rate=2)(maps)
    units = keras.layers.GlobalAveragePooling2D()(maps)
    model = keras.Model(images, keras.layers.Dense(3)(units))
    assert receptive_field(model) == measured_field(model, model.layers[-3]) == [15, 13]


def test_the_field_of_the_published_lenet_is_measured_too():
    model = cnnzoo.create_model("lenet5_1998", input_shape=(64, 64, 1))
    assert receptive_field(model) == measured_field(model, model.get_layer("c5")) == [32, 32]
    # 5x5, 2x2, 5x5, 2x2: 5, 6, 14, 16.
    assert receptive_field(cnnzoo.create_model("lenet5")) == [16, 16]
