"""Arguments of `create_model`, and what Keras is set to while it builds."""

import contextlib

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.models import MODELS

# The lightest of each family; its lengths and sides are as small as the network allows.
LIGHTEST = sorted(
    {
        min(module.VARIANTS, key=lambda name, module=module: module.VARIANTS[name].macs)
        for module in MODELS.values()
    }
)


def small(name, **arguments):
    variant = MODELS[name].VARIANTS[name]
    shape = (max(variant.smallest, 40),)
    if len(variant.input_shape) > 1:
        sides = (min(side, variant.smallest + 3) for side in variant.input_shape[:-1])
        shape = (*sides, variant.input_shape[-1])
    return cnnzoo.create_model(name, input_shape=shape, **arguments)


def inputs_of(model):
    shape = (2, *model.input_shape[1:])
    random = np.random.default_rng(0)
    if "int" in model.inputs[0].dtype:
        return random.integers(1, 60, shape).astype("int32")
    return random.normal(size=shape).astype("float32")


@contextlib.contextmanager
def keras_set_to(name, value):
    before = getattr(keras.config, name.removeprefix("set_"))()
    getattr(keras.config, name)(value)
    try:
        yield
    finally:
        getattr(keras.config, name)(before)


def test_numbers_of_numpy_are_numbers():
    shape = tuple(np.array([32, 32, 3]))
    model = cnnzoo.create_model("resnet8", num_classes=np.int64(7), input_shape=shape)
    assert model.input_shape == (None, 32, 32, 3)
    assert model.output_shape == (None, 7)
    assert all(type(side) is int for side in model.input_shape[1:])
    model = cnnzoo.create_model("mlp", dropout=np.float32(0.5), input_shape=np.array([28, 28, 1]))
    assert {one.rate for one in model.layers if isinstance(one, keras.layers.Dropout)} == {0.5}


@pytest.mark.parametrize("wrong", [28, "28", 2.5, object(), {}, np.zeros(3)])
def test_a_shape_that_is_none_is_a_one_line_error(wrong):
    with pytest.raises(CnnzooError, match="input_shape must be 3 positive integers, .*; got "):
        cnnzoo.create_model("resnet20", input_shape=wrong)


@pytest.mark.parametrize("name", LIGHTEST)
def test_channels_are_last_whatever_keras_is_set_to(name):
    keras.utils.set_random_seed(1)
    expected = small(name)
    inputs = inputs_of(expected)
    with keras_set_to("set_image_data_format", "channels_first"):
        model = small(name)
        assert keras.config.image_data_format() == "channels_first"
        model.set_weights(expected.get_weights())
        clone = keras.models.clone_model(model)
        clone.set_weights(expected.get_weights())
        logits = [np.asarray(one(inputs)) for one in (model, clone)]
    assert np.array_equal(logits[0], np.asarray(expected(inputs)))
    assert np.array_equal(logits[1], logits[0])


def test_a_refused_network_leaves_the_setting():
    with keras_set_to("set_image_data_format", "channels_first"):
        with pytest.raises(CnnzooError):
            cnnzoo.create_model("resnet20", weights="nosuch")
        assert keras.config.image_data_format() == "channels_first"


@pytest.mark.parametrize("name", LIGHTEST)
def test_the_global_policy_is_that_of_the_layers(name):
    with keras_set_to("set_dtype_policy", "mixed_bfloat16"):
        model = small(name)
        logits = model(inputs_of(model))
    layers = [one for one in model.layers if one.weights]
    # Routing by agreement is computed in float32, whatever the policy.
    kept = {"bfloat16", "float32"} if name.startswith("capsnet") else {"bfloat16"}
    assert {one.compute_dtype for one in layers} == kept
    assert {one.variable_dtype for one in layers} == {"float32"}
    assert np.isfinite(np.asarray(keras.ops.cast(logits, "float32"))).all()
