"""SE-ResNets: ResNets of option B, whose counts test_resnet_cifar.py has, and gates."""

import math

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.models import resnet_cifar
from cnnzoo.models.se_resnet import VARIANTS

PLAIN = {"se_resnet20": "resnet20_b", "se_resnet56": "resnet56_b"}


@pytest.mark.parametrize("name", PLAIN)
def test_parameters_and_multiply_adds_are_those_of_resnet_and_of_the_gates(name):
    plain, row = resnet_cifar.VARIANTS[PLAIN[name]], VARIANTS[name]
    assert row.units == plain.units
    # Section 3.3: 2 C^2 / r weights, and here a bias per unit.
    weights = [2 * filters**2 // 16 for filters in (16, 32, 64)]
    biases = [filters // 16 + filters for filters in (16, 32, 64)]
    assert row.params == plain.params + row.units * (sum(weights) + sum(biases))
    assert row.macs == plain.macs + row.units * sum(weights)


def test_the_layers():
    model = cnnzoo.create_model("se_resnet20")
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert trained == VARIANTS["se_resnet20"].params
    for stage, filters in enumerate((16, 32, 64), 1):
        for unit in (1, 2, 3):
            place = f"stage{stage}_unit{unit}"
            assert model.get_layer(f"{place}_gate1").units == filters // 16
            assert model.get_layer(f"{place}_squeeze").input is (
                model.get_layer(f"{place}_bn2").output
            )
            assert model.get_layer(f"{place}_add").input[1] is (
                model.get_layer(f"{place}_scale").output
            )


def test_each_map_is_multiplied_by_its_gate():
    keras.utils.set_random_seed(0)
    model = cnnzoo.create_model("se_resnet20", input_shape=(6, 6, 3))
    place = "stage2_unit2"
    ends = [model.get_layer(f"{place}_{layer}").output for layer in ("bn2", "scale")]
    images = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype("float32")
    maps, scaled = map(np.asarray, keras.Model(model.input, ends)(images))
    first, second = (model.get_layer(f"{place}_gate{step}").get_weights() for step in (1, 2))
    hidden = np.maximum(maps.mean(axis=(1, 2)) @ first[0] + first[1], 0)
    gates = 1 / (1 + np.exp(-(hidden @ second[0] + second[1])))
    assert np.allclose(scaled, maps * gates[:, None, None], atol=1e-5)
