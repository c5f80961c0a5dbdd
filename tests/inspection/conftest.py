"""Small networks of each kind that the tests look into."""

import types

import keras
import numpy as np
import pytest


@pytest.fixture(scope="session")
def networks():
    functions = flat, nested, sequential, texts, images
    return types.SimpleNamespace(**{function.__name__: function for function in functions})


def flat(sides=(8, 8), channels=2, end="logits"):
    """Return a Functional network; the weights are those of `keras.utils.set_random_seed(0)`."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((*sides, channels))
    outputs = _head(_body(len(sides))(inputs), end)
    return keras.Model(inputs, outputs, name="flat")


def nested(sides=(8, 8), channels=2):
    """Return the network of `flat` in which the body is a model of its own, "body"."""
    whole = flat(sides, channels)
    inner = keras.Input((*sides, channels))
    maps = inner
    for name in ("conv1", "relu1", "drop", "norm", "conv2"):
        maps = whole.get_layer(name)(maps)
    body = keras.Model(inner, maps, name="body")
    inputs = keras.Input((*sides, channels))
    values = body(inputs)
    for name in ("pool", "logits"):
        values = whole.get_layer(name)(values)
    return keras.Model(inputs, values, name="nested")


def sequential():
    """Return a Sequential network over 8x8x2 images that ends in a softmax."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            keras.layers.Conv2D(3, 3, activation="relu", name="conv1"),
            keras.layers.Flatten(),
            keras.layers.Dense(4, activation="softmax", name="scores"),
        ],
        name="sequential",
    )


def texts():
    """Return a network over tokens below 9."""
    keras.utils.set_random_seed(0)
    tokens = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(9, 4, name="embedding")(tokens)
    maps = keras.layers.Conv1D(5, 3, padding="same", name="conv1")(vectors)
    logits = keras.layers.Dense(2)(keras.layers.GlobalMaxPooling1D()(maps))
    return keras.Model(tokens, logits, name="texts")


def images(count=3, sides=(8, 8), channels=2, seed=1):
    return np.random.default_rng(seed).normal(size=(count, *sides, channels)).astype("float32")


def _body(rank):
    convolution = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}[rank]

    def body(inputs):
        maps = convolution(4, 3, name="conv1")(inputs)
        maps = keras.layers.ReLU(name="relu1")(maps)
        maps = keras.layers.Dropout(0.5, name="drop")(maps)
        maps = keras.layers.BatchNormalization(name="norm")(maps)
        return convolution(5, 3, padding="same", activation="relu", name="conv2")(maps)

    return body


def _head(maps, end):
    rank = len(maps.shape) - 2
    pools = {
        1: keras.layers.GlobalAveragePooling1D,
        2: keras.layers.GlobalAveragePooling2D,
        3: keras.layers.GlobalAveragePooling3D,
    }
    values = pools[rank](name="pool")(maps)
    if end == "dense":
        return keras.layers.Dense(3, activation="softmax", name="logits")(values)
    logits = keras.layers.Dense(3, name="logits")(values)
    ends = {
        "logits": lambda x: x,
        "layer": keras.layers.Softmax(),
        "activation": keras.layers.Activation("softmax"),
        "operation": keras.ops.softmax,
    }
    return ends[end](logits)


@pytest.fixture
def planted():
    """Return a network that sums bright pixels, an image of one square, and where that is."""
    inputs = keras.Input((32, 32, 1))
    maps = keras.layers.Conv2D(
        1, 3, 2, "same", kernel_initializer="ones", activation="relu", name="conv1"
    )(inputs)
    values = keras.layers.GlobalAveragePooling2D()(maps)
    logits = keras.layers.Dense(1, kernel_initializer="ones")(values)
    image, place = np.zeros((1, 32, 32, 1), "float32"), (slice(20, 24), slice(4, 8))
    image[0][place] = 1
    return keras.Model(inputs, logits, name="planted"), image, place
