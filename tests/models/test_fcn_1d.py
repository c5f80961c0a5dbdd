"""The fully convolutional network for series against section II.B of its paper."""

import math

import cnnzoo
from cnnzoo.models.fcn_1d import VARIANTS


def test_parameters_and_multiply_adds():
    kernels = 8 * 1 * 128, 5 * 128 * 256, 3 * 256 * 128
    filters = 128 + 256 + 128
    params = sum(kernels) + 3 * filters + 128 * 10 + 10  # A bias, a scale and an offset a map.
    assert VARIANTS["fcn_1d"].params == params == 265_994
    assert VARIANTS["fcn_1d"].macs == 128 * sum(kernels) + 128 * 10 == 33_686_784


def test_the_layers_keep_the_length():
    model = cnnzoo.create_model("fcn_1d", input_shape=(61, 2), num_classes=4)
    for place, (filters, length) in enumerate(((128, 8), (256, 5), (128, 3)), 1):
        layer = model.get_layer(f"conv{place}")
        assert layer.kernel.shape[0] == length
        assert layer.output.shape == (None, 61, filters)
        assert model.get_layer(f"conv{place}_bn").input is layer.output
    published = cnnzoo.create_model("fcn_1d")
    trained = sum(math.prod(weight.shape) for weight in published.trainable_weights)
    assert trained == VARIANTS["fcn_1d"].params
