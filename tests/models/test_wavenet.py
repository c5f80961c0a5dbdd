"""The stack of dilated convolutions against sections 2 and 3.4 of WaveNet's paper."""

import math

import keras
import numpy as np

import cnnzoo
from cnnzoo.models.wavenet import VARIANTS


def small_network(samples=1_280):
    keras.utils.set_random_seed(3)
    return cnnzoo.create_model("wavenet_10", input_shape=(samples, 1))


def test_parameters_and_multiply_adds():
    first, gated, one_by_one, skip = 2 * 16, 2 * 2 * 16 * 16, 16 * 16, 16 * 32
    frames = 2 * 3 * 32 * 32
    kernels = first + 10 * (gated + skip) + 9 * one_by_one  # The last unit has no residual.
    biases = 16 + 10 * (2 * 16 + 32) + 9 * 16 + 2 * 32
    params = kernels + frames + biases + 32 * 10 + 10
    assert VARIANTS["wavenet_10"].params == params == 25_034
    macs = 8_000 * kernels + 100 * frames + 32 * 10
    assert VARIANTS["wavenet_10"].macs == macs == 142_182_720


def test_the_stack_sees_1025_samples_and_none_to_come():
    model = small_network()
    skips = keras.Model(model.input, model.get_layer("skip_sum").output)
    sound = np.random.default_rng(0).normal(size=(1, 1_280, 1)).astype("float32")
    before = np.asarray(skips(sound))[0]
    changed = sound.copy()
    changed[0, 100] += 1
    differs = np.any(np.asarray(skips(changed))[0] != before, axis=-1)
    assert not differs[:100].any()
    assert differs[100]
    assert np.flatnonzero(differs).max() == 100 + 1_024
    assert [model.get_layer(f"unit{unit}_gate").dilation_rate for unit in range(1, 11)] == [
        (2**power,) for power in range(10)
    ]


def test_a_unit_is_equation_2_with_residual_and_skip():
    model = small_network()
    ends = ["unit2_add", "unit3_gated", "unit3_add"]
    inner = keras.Model(model.input, [model.get_layer(name).output for name in ends])
    sound = np.random.default_rng(0).normal(size=(1, 1_280, 1)).astype("float32")
    seen, gated, summed = (np.asarray(one)[0] for one in inner(sound))
    late = np.concatenate([np.zeros((4, 16)), seen[:-4]])  # Dilation 4.
    parts = []
    for role in ("filter", "gate"):
        kernel, bias = model.get_layer(f"unit3_{role}").get_weights()
        parts.append(late @ kernel[0] + seen @ kernel[1] + bias)
    expected = np.tanh(parts[0]) / (1 + np.exp(-parts[1]))
    assert np.allclose(gated, expected, atol=1e-5)
    kernel, bias = model.get_layer("unit3_residual").get_weights()
    assert np.allclose(summed, seen + gated @ kernel[0] + bias, atol=1e-5)


def test_the_layers():
    model = cnnzoo.create_model("wavenet_10")
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert trained == VARIANTS["wavenet_10"].params
    assert model.get_layer("frames").output.shape == (None, 100, 32)
    skips = [model.get_layer(f"unit{unit}_skip").output for unit in range(1, 11)]
    summed = model.get_layer("skip_sum").input
    assert len(summed) == 10
    assert all(one is other for one, other in zip(summed, skips, strict=True))
