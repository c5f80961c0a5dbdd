import hashlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo.config.recipe import Recipe
from cnnzoo.training.fused_kernels import fused
from cnnzoo.training.optimizers import optimizer

RECIPE = Recipe(
    model="lenet5",
    dataset="mnist",
    epochs=1,
    batch_size=1,
    learning_rate=0.1,
    optimizer="nesterov",
    l2=0.01,
)
DRAW = np.random.default_rng(0)


def compiled(network, recipe=RECIPE):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    made = optimizer(recipe, network.trainable_variables, steps=1)
    network.compile(made, loss, jit_compile=False)
    return network


def batch(network, size=16):
    images = DRAW.normal(size=(size, *network.input_shape[1:])).astype("float32")
    return images, DRAW.integers(0, network.output_shape[-1], size)


@pytest.mark.parametrize(
    ("name", "options"),
    [("lenet5", {}), ("resnet20", {}), ("vgg11_bn_small", {"dropout": 0.0})],
)
def test_a_step_is_as_near_to_that_in_float64_as_keras_own(name, options):
    exact, stock, fast = copies(name, ("float64", "float32", "float32"), **options)
    start = exact.get_weights()
    images, labels = batch(exact)
    for model in (exact, stock):
        model.train_on_batch(images, labels)
    with fused(fast):
        fast.train_on_batch(images, labels)
    own, found = (distance(model.get_weights(), exact.get_weights()) for model in (stock, fast))
    assert found < 3 * own
    assert found < 1e-4 * distance(start, exact.get_weights())
    wanted = [np.asarray(one) for one in exact.optimizer.variables[2:]]
    momentums = [np.asarray(one) for one in fast.optimizer.variables[2:]]
    assert distance(momentums, wanted) < 1e-4 * distance(map(np.zeros_like, wanted), wanted)


def copies(name, policies, **options):
    """Networks of the same weights that compute in `policies`."""
    made = []
    for policy in policies:
        keras.config.set_dtype_policy(policy)
        try:
            network = cnnzoo.create_model(name, **options)
            made.append(keras.models.clone_model(network, clone_function=smooth))
        finally:
            keras.config.set_dtype_policy("float32")
        made[-1].set_weights(made[0].get_weights())
        half = policy == "mixed_float16"
        compiled(made[-1], RECIPE.replace(precision="float16" if half else "float32"))
    return made


def smooth(layer):
    """A layer without kinks: which side of one a value is on can depend on its rounding."""
    if isinstance(layer, keras.layers.ReLU):
        return keras.layers.Activation("softplus", name=layer.name)
    if isinstance(layer, keras.layers.MaxPooling2D):
        return keras.layers.AveragePooling2D(2, name=layer.name)
    config = layer.get_config()
    if config.get("activation") == "relu":
        config["activation"] = "softplus"
    return type(layer).from_config(config)


def distance(first, second):
    pairs = zip(first, second, strict=True)
    return sum(float(np.square(one.astype("float64") - other).sum()) for one, other in pairs) ** 0.5


@pytest.mark.parametrize(
    ("recipe", "kernel"),
    [
        (RECIPE, "ResourceApplyKerasMomentum"),
        (RECIPE.replace(precision="float16"), "ResourceApplyKerasMomentum"),
        (RECIPE.replace(optimizer="adamw", weight_decay=0.1), "ResourceApplyAdam"),
    ],
)
def test_kernels_are_fused(recipe, kernel):
    network = compiled(cnnzoo.create_model("basic_cnn_small"), recipe)
    images, labels = batch(network)

    def operations():
        step = tf.function(network.train_step).get_concrete_function((images, labels))
        graph = step.graph.as_graph_def()
        nodes = [*graph.node, *(node for one in graph.library.function for node in one.node_def)]
        return {node.op for node in nodes}

    kernels = {"FusedBatchNormV3", kernel}
    with fused(network):
        assert kernels <= operations()
    assert not kernels & operations()


@pytest.mark.parametrize("shape", [(12, 3), (4, 5, 3), (4, 5, 6, 3), (2, 3, 4, 5, 3)])
@pytest.mark.parametrize("affine", [True, False])
def test_statistics_are_of_the_batch(shape, affine):
    inputs = DRAW.normal(2.0, 3.0, shape).astype("float32")
    layer = keras.layers.BatchNormalization(
        momentum=0.75, epsilon=0.01, center=affine, scale=affine, gamma_initializer="ones"
    )
    outputs = called(layer, inputs)
    axes = tuple(range(len(shape) - 1))
    mean, variance = inputs.mean(axes, dtype="float64"), inputs.var(axes, dtype="float64")
    assert outputs == pytest.approx((inputs - mean) / np.sqrt(variance + 0.01), abs=1e-5)
    assert np.asarray(layer.moving_mean) == pytest.approx(0.25 * mean, rel=1e-5)
    assert np.asarray(layer.moving_variance) == pytest.approx(0.75 + 0.25 * variance, rel=1e-5)


def called(layer, inputs, fast=True, **arguments):
    """What `layer` gives in a model that trains with fused kernels, as an array."""
    tokens = keras.Input(inputs.shape[1:], dtype=layer.dtype)
    model = keras.Model(tokens, layer(tokens))
    model.compile(keras.optimizers.SGD())
    arguments = {"training": True, **arguments}
    if not fast:
        return np.asarray(layer(inputs, **arguments))
    with fused(model):
        return np.asarray(layer(inputs, **arguments))


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({"axis": 1}, {}),
        ({"renorm": True}, {}),
        ({"trainable": False}, {}),
        ({"dtype": "float64"}, {}),
        ({}, {"training": False}),
        ({}, {"mask": np.arange(20).reshape(4, 5) % 3 > 0}),
    ],
    ids=["axis", "renorm", "frozen", "float64", "inference", "mask"],
)
def test_other_cases_are_left_to_keras(options, arguments):
    inputs = DRAW.normal(2.0, 3.0, (4, 5, 3))
    layers = [keras.layers.BatchNormalization(**options) for _ in range(2)]
    wanted, found = (
        called(layer, inputs, fast, **arguments)
        for layer, fast in zip(layers, (False, True), strict=True)
    )
    assert np.array_equal(found, wanted)
    for one, other in zip(*(layer.weights for layer in layers), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_is_normalized_in_float32(precision):
    inputs = DRAW.normal(2.0, 3.0, (8, 6, 6, 4)).astype("float32")
    layers = [keras.layers.BatchNormalization(dtype=precision) for _ in range(2)]
    wanted, found = (
        called(layer, inputs, fast) for layer, fast in zip(layers, (False, True), strict=True)
    )
    assert found.dtype.name == precision.removeprefix("mixed_")
    # Beyond 1 the next number of bfloat16 is 1/128 of it away.
    assert found.astype("float32") == pytest.approx(wanted.astype("float32"), abs=1e-6, rel=1 / 128)
    for one, other in zip(*(layer.weights for layer in layers), strict=True):
        assert np.asarray(one) == pytest.approx(np.asarray(other), rel=1e-5, abs=1e-6)


def test_float16_steps_are_those_of_keras():
    stock, fast = copies("lenet5", ("mixed_float16",) * 2)
    start = stock.get_weights()
    images, labels = batch(stock)
    stock.train_on_batch(images, labels)
    with fused(fast):
        fast.train_on_batch(images, labels)
    moved = distance(start, stock.get_weights())
    assert distance(fast.get_weights(), stock.get_weights()) < 1e-5 * moved


def test_adam_is_that_of_the_paper_for_words_that_stand_twice():
    words = keras.layers.Embedding(4, 2, embeddings_initializer="zeros")
    model = keras.Sequential([keras.Input((3,), dtype="int32"), words])
    model.compile(keras.optimizers.Adam(0.1, epsilon=0.5), keras.losses.MeanSquaredError("sum"))
    with fused(model):
        for _ in range(3):
            model.train_on_batch(np.array([[1, 1, 2]]), np.array([[[1.0, 0.0]] * 3]))
    weights, first, second = np.zeros((4, 2)), np.zeros((4, 2)), np.zeros((4, 2))
    counts, target = np.array([[0], [2], [1], [0]]), np.array([1.0, 0.0])
    for step in (1, 2, 3):
        gradient = counts * 2 * (weights - target) / 2  # Of the mean over the two coordinates.
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        rate = 0.1 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        weights = weights - rate * first / (np.sqrt(second) + 0.5)
    assert np.asarray(words.embeddings) == pytest.approx(weights, rel=1e-5)
    assert np.abs(weights).max() > 1e-4


class Signed(keras.optimizers.SGD):
    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, learning_rate * keras.ops.sign(gradient))


@pytest.mark.parametrize(
    "made",
    [
        keras.optimizers.SGD(0.1),
        Signed(0.1, 0.9),
        keras.optimizers.Adam(0.1, amsgrad=True),
        keras.optimizers.RMSprop(0.1),
    ],
    ids=lambda made: made.name,
)
def test_other_optimizers_are_left_to_keras(made):
    kernel, gradient = np.array([3.0, -4.0], "float32"), np.array([1.0, 2.0], "float32")
    copy = type(made).from_config(made.get_config())
    wanted, found = keras.Variable(kernel), keras.Variable(kernel)
    copy.apply([gradient], [wanted])
    model = keras.Sequential([keras.Input((1,))])
    model.compile(made)
    with fused(model):
        made.apply([gradient], [found])
    assert np.array_equal(found, wanted)
    assert not np.array_equal(found, kernel)


LOAD = """
import sys, keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
assert "cnnzoo" not in sys.modules
np.save(sys.argv[3], model(np.load(sys.argv[2])))
"""


def test_what_is_saved_while_training_is_plain_keras(tmp_path):
    network = compiled(cnnzoo.create_model("basic_cnn_small"), RECIPE.replace(l2=0.0))
    before = network.to_json()
    images, labels = batch(network)
    with fused(network):
        network.train_on_batch(images, labels)
        network.save(tmp_path / "model.keras")
        assert network.to_json() == before
    np.save(tmp_path / "images.npy", images)
    files = [str(tmp_path / name) for name in ("model.keras", "images.npy", "logits.npy")]
    subprocess.run([sys.executable, "-c", LOAD, *files], check=True, cwd=tmp_path)
    logits = np.load(tmp_path / "logits.npy")
    assert logits == pytest.approx(np.asarray(network(images, training=False)), abs=1e-5)
    kinds = {type(layer) for layer in network.layers}
    assert kinds == {getattr(keras.layers, kind.__name__) for kind in kinds}
    assert type(network.optimizer) is keras.optimizers.SGD


TRAIN = """
import hashlib, sys, keras, numpy as np, cnnzoo
from cnnzoo.training.fused_kernels import fused
keras.utils.set_random_seed(0)
draw = np.random.default_rng(0)
network = cnnzoo.create_model("resnet8")
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
network.compile(keras.optimizers.SGD(0.1, 0.9), loss, jit_compile=False)
images, labels = draw.normal(size=(256, 32, 32, 3)).astype("float32"), draw.integers(0, 10, 256)
with fused(network):
    network.fit(images, labels, batch_size=64, epochs=2, shuffle=False, verbose=0)
values = b"".join(weight.tobytes() for weight in network.get_weights())
print(hashlib.sha256(values).hexdigest())
"""


@pytest.mark.slow
def test_two_processes_end_with_the_same_bits():
    runs = [
        subprocess.Popen([sys.executable, "-c", TRAIN], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    first, second = (run.communicate()[0].strip() for run in runs)
    assert first == second
    assert len(first) == len(hashlib.sha256().hexdigest())
