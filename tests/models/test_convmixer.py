"""ConvMixer-256/8 against figure 2 of its paper."""

import math

import keras
import numpy as np

import cnnzoo
from cnnzoo.models.convmixer import VARIANTS


def test_parameters_and_multiply_adds():
    row, width, norm = VARIANTS["convmixer_256_8"], 256, 2 * 256
    patches = 2 * 2 * 3 * width + width + norm
    unit = (5 * 5 * width + width + norm) + (width * width + width + norm)
    assert row.params == patches + 8 * unit + width * 10 + 10 == 594_186
    positions = 16**2
    macs = positions * (12 * width + 8 * (25 * width + width * width)) + width * 10
    assert row.macs == macs == 148_113_920


def test_the_layers():
    model = cnnzoo.create_model("convmixer_256_8")
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert trained == VARIANTS["convmixer_256_8"].params
    for unit in range(1, 9):
        shortcut, mixed = model.get_layer(f"unit{unit}_add").input
        before = f"unit{unit - 1}_pointwise_bn" if unit > 1 else "patches_bn"
        assert shortcut is model.get_layer(before).output
        assert mixed is model.get_layer(f"unit{unit}_depthwise_bn").output
        assert mixed.shape == (None, 16, 16, 256)
        # The activation comes before the normalization.
        assert model.get_layer(f"unit{unit}_depthwise_gelu").input is (
            model.get_layer(f"unit{unit}_depthwise").output
        )


def test_gelu_is_the_exact_one():
    model = cnnzoo.create_model("convmixer_256_8", input_shape=(4, 4, 3))
    values = np.linspace(-4, 4, 256, dtype="float32").reshape(1, 1, 1, 256)
    phi = [0.5 * (1 + math.erf(value / math.sqrt(2))) for value in values.ravel()]
    found = keras.ops.convert_to_numpy(model.get_layer("patches_gelu")(values))
    assert np.allclose(found.ravel(), values.ravel() * phi, atol=1e-6)
