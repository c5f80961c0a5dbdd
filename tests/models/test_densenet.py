"""DenseNets against the paper's table 2 and arithmetic from section 3."""

import math

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.models.densenet import VARIANTS

# Depth, growth rate, whether BC; and table 2, in millions.
PAPER = {"densenet_40_12": (40, 12, False, 1.0), "densenet_bc_100_12": (100, 12, True, 0.8)}
every_variant = pytest.mark.parametrize("name", PAPER)


def counts(name):
    """Return parameters and multiply-adds."""
    depth, growth, compressed, _ = PAPER[name]
    per_layer = 2 if compressed else 1
    layers = (depth - 4) // 3 // per_layer
    maps = 2 * growth if compressed else 16
    params, macs = 27 * maps, 27 * maps * 32**2
    for block, side in enumerate((32, 16, 8)):
        for _ in range(layers):
            inner = 4 * growth if compressed else maps
            first = maps * inner if compressed else 0
            normalized = maps + (inner if compressed else 0)
            params += first + 9 * inner * growth + 2 * normalized
            macs += (first + 9 * inner * growth) * side**2
            maps += growth
        if block < 2:
            kept = maps // 2 if compressed else maps
            params += maps * kept + 2 * maps
            macs += maps * kept * side**2
            maps = kept
    return params + 2 * maps + maps * 10 + 10, macs + maps * 10


@every_variant
def test_the_table_follows_from_depth_and_growth(name):
    row = VARIANTS[name]
    assert (row.params, row.macs) == counts(name)
    assert round(row.params / 1e6, 1) == PAPER[name][-1]


@every_variant
def test_the_name_counts_the_layers_with_weights(name):
    model = cnnzoo.create_model(name, input_shape=(8, 8, 3))
    weighted = [layer for layer in model.layers if hasattr(layer, "kernel")]
    assert len(weighted) == PAPER[name][0]


def test_every_layer_sees_all_before_it_in_its_block():
    model = cnnzoo.create_model("densenet_bc_100_12", input_shape=(8, 8, 3))
    assert model.get_layer("block1_layer1_bottleneck_bn").input.shape[-1] == 24
    assert model.get_layer("block1_layer16_concat").output.shape == (None, 8, 8, 24 + 16 * 12)
    assert model.get_layer("transition1_pool").output.shape == (None, 4, 4, 108)
    assert model.get_layer("transition2_pool").output.shape == (None, 2, 2, 150)
    assert model.get_layer("final_relu").output.shape == (None, 2, 2, 342)
    assert model.get_layer("block2_layer3_bottleneck_conv").filters == 48
    kept, added = model.get_layer("block2_layer3_concat").input
    assert kept is model.get_layer("block2_layer2_concat").output
    assert added is model.get_layer("block2_layer3_conv").output


def test_dropout_follows_every_convolution_but_the_first():
    model = cnnzoo.create_model("densenet_40_12", input_shape=(4, 4, 3), dropout=0.2)
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.rate for layer in dropouts] == [0.2] * (36 + 2)
    plain = cnnzoo.create_model("densenet_40_12", input_shape=(4, 4, 3))
    assert not [layer for layer in plain.layers if isinstance(layer, keras.layers.Dropout)]
    assert [np.prod(w.shape) for w in plain.trainable_weights] == [
        math.prod(w.shape) for w in model.trainable_weights
    ]
