"""What the program has set of Keras for the whole process leaves a run as it is."""

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo import training
from cnnzoo.errors import CnnzooError


@pytest.fixture(params=["mixed_bfloat16", "channels_first", "float16"])
def setting(request):
    before = keras.config.dtype_policy(), keras.config.image_data_format(), keras.config.floatx()
    setters = {
        "mixed_bfloat16": keras.config.set_dtype_policy,
        "channels_first": keras.config.set_image_data_format,
        "float16": keras.config.set_floatx,
    }
    setters[request.param](request.param)
    yield
    for setter, value in zip(setters.values(), before, strict=True):
        setter(value)


def test_a_run_is_what_its_recipe_says(setting, small, finished_run, tmp_path):
    expected = [np.asarray(one) for one in cnnzoo.load(finished_run.path).model.weights]
    stood = (
        keras.config.dtype_policy().name,
        keras.config.image_data_format(),
        keras.config.floatx(),
    )
    run = cnnzoo.train("mnist_lenet5", out=tmp_path / "run", **small)
    model = cnnzoo.load(run.path).model
    for one, other in zip(model.weights, expected, strict=True):
        assert np.array_equal(np.asarray(one), other)
    layers = model.get_layer("lenet5").layers[1:]  # The first is the input, which computes nothing.
    assert {layer.compute_dtype for layer in layers} == {"float32"}
    now = keras.config.dtype_policy().name, keras.config.image_data_format(), keras.config.floatx()
    assert now == stood


def test_another_backend_ends_a_command_at_once(command, tmp_path):
    for words in (["train", "mnist_lenet5"], ["reproduce", "mnist_lenet5"]):
        done = command(*words, cwd=tmp_path, KERAS_BACKEND="jax")
        assert done.returncode == 1
        rule = "KERAS_BACKEND must be tensorflow, on which cnnzoo trains; got jax"
        assert done.stderr == f"cnnzoo: {rule}\n"
        assert not list(tmp_path.iterdir())


def test_another_backend_is_refused(monkeypatch, small, tmp_path):
    monkeypatch.setattr("keras.config.backend", lambda: "jax")
    with pytest.raises(CnnzooError, match="KERAS_BACKEND must be tensorflow, .* got jax"):
        training.require_tensorflow()
    with pytest.raises(CnnzooError, match="KERAS_BACKEND must be tensorflow, .* got jax"):
        cnnzoo.train("mnist_lenet5", out=tmp_path / "run", **small)
    with pytest.raises(CnnzooError, match="KERAS_BACKEND must be tensorflow, .* got jax"):
        cnnzoo.find_learning_rate("mnist_lenet5", **small)
