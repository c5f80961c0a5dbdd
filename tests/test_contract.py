"""What every registered network must do.

The table is checked for each variant; behavior for the lightest variant of each family; gradients
and round trips for the lightest of each other kind too, in slow tests. Inputs are no larger than a
network needs.
"""

import importlib.util
import inspect
import math
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo import registry
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.cost import describe
from cnnzoo.keras_internals import flatten_layers
from cnnzoo.models import MODELS

AFFORDABLE = 2e8  # Multiply-adds beyond which behavior is that of a smaller relative.


def lightest(module):
    return min(module.VARIANTS, key=lambda name: module.VARIANTS[name].macs)


def kind(variant):
    """In what `variant` differs from others of its family beside numbers of layers and units."""
    numbers = (int, float, tuple, type(None))
    return tuple(
        value for value in variant if isinstance(value, bool) or not isinstance(value, numbers)
    ) + getattr(variant, "channels", ())


def cases():
    seen = set()
    for name, module in sorted(MODELS.items(), key=lambda item: item[1].VARIANTS[item[0]].macs):
        variant = module.VARIANTS[name]
        if name == lightest(module):
            yield name
        elif (module, kind(variant)) not in seen and variant.macs < AFFORDABLE:
            yield pytest.param(name, marks=pytest.mark.slow)
        seen.add((module, kind(variant)))


FAMILIES = sorted({lightest(module) for module in MODELS.values()})

every_model = pytest.mark.parametrize("name", sorted(MODELS))
every_family = pytest.mark.parametrize("name", FAMILIES)


def small_shape(name, channels=None):
    """The published shape, with sides as small as the network allows."""
    variant = MODELS[name].VARIANTS[name]
    if len(variant.input_shape) == 1:
        return (min(variant.input_shape[0], max(variant.smallest, 40)),)
    sides = tuple(min(side, variant.smallest + 3) for side in variant.input_shape[:-1])
    return (*sides, channels or variant.input_shape[-1])


def small_model(name, channels=None, **arguments):
    keras.utils.set_random_seed(1)
    shape = small_shape(name, channels)
    return cnnzoo.create_model(name, input_shape=shape, **arguments)


def batch(model, size=2):
    shape = (size, *model.input_shape[1:])
    rng = np.random.default_rng(0)
    if "int" in model.inputs[0].dtype:
        return rng.integers(1, 60, shape).astype("int32")
    return rng.normal(size=shape).astype("float32")


@pytest.fixture(scope="module", params=list(cases()))
def network(request):
    """The lightest network of a kind; tests may change its statistics, but no weight."""
    return small_model(request.param)


@every_model
def test_the_table_holds(name):
    variant = MODELS[name].VARIANTS[name]
    facts = describe(name)
    assert facts["params"] == variant.params
    assert facts["macs"] == variant.macs
    assert tuple(facts["input_shape"]) == variant.input_shape
    assert facts["num_classes"] == variant.num_classes
    names = [layer["name"] for layer in facts["layers"]]
    assert len(set(names)) == len(names)


@every_family
def test_the_docstring_names_source_and_departures(name):
    assert "http" in registry.paragraph(MODELS[name], "Source")
    assert registry.paragraph(MODELS[name], "Departures")
    assert inspect.getdoc(MODELS[name].build)


def test_logits_are_finite_whatever_the_classes_and_the_channels(network):
    classes = MODELS[network.name].VARIANTS[network.name].num_classes
    other = small_model(network.name, num_classes=1, channels=2)
    for model, count in ((network, classes), (other, 1)):
        logits = np.asarray(model(batch(model)))
        assert logits.shape == (2, count)
        assert np.isfinite(logits).all()
        assert logits.std() > 0
        assert model.name == network.name


def test_names_of_layers_and_weights_are_the_same_each_time(network):
    again = small_model(network.name)
    assert [layer.name for layer in network.layers] == [layer.name for layer in again.layers]
    paths = [weight.path for weight in network.weights]
    assert paths == [weight.path for weight in again.weights]
    assert len(set(paths)) == len(paths)


def test_every_weight_has_a_gradient(network):
    inputs = batch(network, 8)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    labels = np.arange(8) % network.output_shape[-1]
    with tf.GradientTape() as tape:
        value = loss(labels, network(inputs, training=True)) + sum(network.losses)
    gradients = tape.gradient(value, [weight.value for weight in network.trainable_weights])
    for weight, gradient in zip(network.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.any(np.asarray(tf.convert_to_tensor(gradient)) != 0), weight.path


def test_a_saved_model_gives_equal_logits(network, tmp_path):
    inputs = batch(network)
    network.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(np.asarray(again(inputs)), np.asarray(network(inputs)))


@every_family
@pytest.mark.parametrize("policy", ["mixed_float16", "bfloat16"])
def test_low_precision_gives_finite_logits(name, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = small_model(name)
        logits = keras.ops.convert_to_numpy(keras.ops.cast(model(batch(model)), "float32"))
    finally:
        keras.config.set_dtype_policy(before)
    assert np.isfinite(logits).all()


@every_family
@pytest.mark.parametrize("wrong", [0, -1, 2.5, "10", True])
def test_wrong_class_counts_are_refused(name, wrong):
    message = f"num_classes must be an integer of at least 1; got {wrong!r}"
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.create_model(name, num_classes=wrong)


@every_family
def test_wrong_shapes_are_refused(name):
    shape = MODELS[name].VARIANTS[name].input_shape
    texts = len(shape) == 1
    rule = "one positive integer" if texts else f"{len(shape)} positive integers, channels last"
    for wrong in (shape[:-1], (*shape, 1), (0, *shape[1:]), (28.5, *shape[1:]), ("9", *shape[1:])):
        with pytest.raises(CnnzooError, match=f"input_shape must be {rule}; got "):
            cnnzoo.create_model(name, input_shape=wrong)


@every_family
@pytest.mark.parametrize("channels", [1, 3])
def test_channels_first_are_refused(name, channels):
    sides = MODELS[name].VARIANTS[name].input_shape[:-1]
    if len(sides) > 1:
        message = f"input_shape must have channels last, as in .*; got .{channels}, {sides[0]}"
        with pytest.raises(CnnzooError, match=message):
            cnnzoo.create_model(name, input_shape=(channels, *sides))


@every_family
def test_the_smallest_shape_is_the_smallest(name):
    variant = MODELS[name].VARIANTS[name]
    channels = variant.input_shape[len(variant.input_shape[1:]) or 1 :]
    sides = len(variant.input_shape) - len(channels)
    model = cnnzoo.create_model(name, input_shape=(variant.smallest,) * sides + channels)
    assert all(math.prod(layer.output.shape[1:]) for layer in model.layers)
    with pytest.raises(CnnzooError, match="input_shape must be "):
        cnnzoo.create_model(name, input_shape=(variant.smallest - 1,) * sides + channels)


@every_family
def test_an_unknown_option_is_refused(name):
    with pytest.raises(CnnzooError, match=f"option of {name} 'color' is unknown"):
        cnnzoo.create_model(name, color=3)


ON_ANOTHER_BACKEND = """
import sys
import keras, numpy as np
import cnnzoo

folder, names = sys.argv[1], sys.argv[2:]
for name in names:
    given = np.load(f"{folder}/{name}.npz")
    model = cnnzoo.create_model(name, input_shape=tuple(given["shape"].tolist()))
    model.set_weights([given[f"weight{place}"] for place in range(len(model.weights))])
    logits = keras.ops.convert_to_numpy(model(given["inputs"]))
    np.save(f"{folder}/{name}_{keras.backend.backend()}.npy", logits)
"""


def own_layers(model):
    """The classes of layers and initializers of `model` that are not Keras's."""
    found = {type(layer) for layer in flatten_layers(model)}
    found |= {type(getattr(layer, "kernel_initializer", None)) for layer in flatten_layers(model)}
    return {one.__name__ for one in found if one.__module__.startswith("cnnzoo")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Inputs, weights and TensorFlow's logits of the lightest networks with each layer of ours.

    Keras's own layers are the same on every backend; that is Keras's to test.
    """
    folder, seen = tmp_path_factory.mktemp("logits"), set()
    for name in sorted(FAMILIES, key=lambda name: MODELS[name].VARIANTS[name].macs):
        model = small_model(name)
        if own_layers(model) <= seen:
            continue
        seen |= own_layers(model)
        inputs = batch(model)
        weights = {f"weight{place}": value for place, value in enumerate(model.get_weights())}
        np.savez(folder / f"{name}.npz", shape=small_shape(name), inputs=inputs, **weights)
        np.save(folder / f"{name}_tensorflow.npy", keras.ops.convert_to_numpy(model(inputs)))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_logits_are_those_of_tensorflow(backend, folder):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    names = [path.stem for path in folder.glob("*.npz")]
    assert "airbench93" in names
    done = subprocess.run(
        [sys.executable, "-c", ON_ANOTHER_BACKEND, str(folder), *names],
        # Each operation runs once: compiling it well takes longer than running it.
        env={**os.environ, "KERAS_BACKEND": backend, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in names:
        ours, others = (
            np.load(folder / f"{name}_{which}.npy") for which in ("tensorflow", backend)
        )
        assert np.abs(ours - others).max() <= 1e-4 * max(1, np.abs(ours).max()), name
