"""MobileNetV1 against table 1 of its paper and MLPerf Tiny's count."""

import math

import keras

import cnnzoo
from cnnzoo.models.mobilenet_v1 import VARIANTS

# Table 1 at a quarter of the width: (side after it, maps seen, filters) of each separable unit.
UNITS = (
    *((48, 8, 16), (24, 16, 32), (24, 32, 32), (12, 32, 64), (12, 64, 64), (6, 64, 128)),
    *([(6, 128, 128)] * 5),
    *((3, 128, 256), (3, 256, 256)),
)


def test_parameters_and_multiply_adds():
    kernels = 27 * 8 + sum(9 * seen + seen * filters for _, seen, filters in UNITS)
    normalized = 8 + sum(seen + filters for _, seen, filters in UNITS)
    params = kernels + 2 * normalized + 256 * 2 + 2
    assert VARIANTS["mobilenet_v1_025"].params == params == 213_586
    # The benchmark's 221,794 are with two statistics and the bias that normalization cancels.
    assert normalized == 2_736
    assert params + 3 * normalized == 221_794
    slides = sum((9 * seen + seen * filters) * side**2 for side, seen, filters in UNITS)
    assert VARIANTS["mobilenet_v1_025"].macs == 27 * 8 * 48**2 + slides + 256 * 2 == 7_489_664


def test_the_layers():
    model = cnnzoo.create_model("mobilenet_v1_025")
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert trained == VARIANTS["mobilenet_v1_025"].params
    found = [
        (
            model.get_layer(f"unit{unit}_pointwise").output.shape[1],
            model.get_layer(f"unit{unit}_depthwise").output.shape[-1],
            model.get_layer(f"unit{unit}_pointwise").filters,
        )
        for unit in range(1, 14)
    ]
    assert found == list(UNITS)
    norm = model.get_layer("unit5_depthwise_bn")
    assert (norm.momentum, norm.epsilon) == (0.99, 1e-3)
    relus = [layer for layer in model.layers if isinstance(layer, keras.layers.ReLU)]
    assert [layer.max_value for layer in relus] == [None] * 27
