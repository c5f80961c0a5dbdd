"""SqueezeNet 1.1 against the authors' network."""

import math

import numpy as np
import pytest

import cnnzoo
from cnnzoo.models.squeezenet import VARIANTS

# (side, maps seen, squeezed, expanded by each) of the fire modules 2 to 9.
FIRES = (
    *((55, 64, 16, 64), (55, 128, 16, 64)),
    *((27, 128, 32, 128), (27, 256, 32, 128)),
    *((13, 256, 48, 192), (13, 384, 48, 192), (13, 384, 64, 256), (13, 512, 64, 256)),
)


def test_parameters_and_multiply_adds():
    params, macs = 27 * 64 + 64, 27 * 64 * 111**2
    for side, seen, squeezed, expanded in FIRES:
        kernels = seen * squeezed + (1 + 9) * squeezed * expanded
        params += kernels + squeezed + 2 * expanded
        macs += kernels * side**2
    params += 512 * 1000 + 1000
    macs += 512 * 1000 * 13**2
    row = VARIANTS["squeezenet_1_1"]
    assert (row.params, row.macs) == (params, macs) == (1_235_496, 349_151_936)


def test_the_layers():
    model = cnnzoo.create_model("squeezenet_1_1")
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert trained == VARIANTS["squeezenet_1_1"].params
    for module, (side, seen, squeezed, expanded) in enumerate(FIRES, 2):
        assert model.get_layer(f"fire{module}_squeeze").input.shape[1:] == (side, side, seen)
        assert model.get_layer(f"fire{module}_squeeze").filters == squeezed
        joined = model.get_layer(f"fire{module}_concat").output
        assert joined.shape[1:] == (side, side, 2 * expanded)


@pytest.mark.parametrize("side", [8, 9])
def test_poolings_are_those_of_caffe(side):
    model = cnnzoo.create_model("squeezenet_1_1", input_shape=(2 * side + 1, 2 * side + 9, 3))
    maps = np.random.default_rng(0).random(size=(1, side, side + 4, 64)).astype("float32")
    padded = model.get_layer("pool1_pad")(maps)
    pooled = np.asarray(model.get_layer("pool1")(padded))[0]
    rows, columns = (math.ceil((one - 3) / 2) + 1 for one in maps.shape[1:3])
    assert pooled.shape == (rows, columns, 64)
    for row in range(rows):
        for column in range(columns):
            window = maps[0, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
            assert np.array_equal(pooled[row, column], window.max(axis=(0, 1)))
