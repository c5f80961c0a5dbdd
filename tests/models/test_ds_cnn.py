"""DS-CNN against MLPerf Tiny's sizes."""

import math

import cnnzoo
from cnnzoo.models.ds_cnn import VARIANTS


def test_parameters_and_multiply_adds():
    stem = 10 * 4 * 64 + 64 + 2 * 64
    unit = (9 * 64 + 64 + 2 * 64) + (64 * 64 + 64 + 2 * 64)
    assert stem + 4 * unit + 64 * 12 + 12 == VARIANTS["ds_cnn"].params == 23_756
    slides = 25 * 5 * (10 * 4 * 64 + 4 * (9 * 64 + 64 * 64))
    assert slides + 64 * 12 == VARIANTS["ds_cnn"].macs == 2_656_768


def test_the_layers():
    model = cnnzoo.create_model("ds_cnn")
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert trained == VARIANTS["ds_cnn"].params
    assert model.count_params() == 24_908  # With two statistics for each of 576 maps.
    assert model.get_layer("stem_conv").kernel.shape == (10, 4, 1, 64)
    assert model.get_layer("unit4_pointwise_relu").output.shape == (None, 25, 5, 64)
    assert [model.get_layer(name).rate for name in ("stem_dropout", "dropout")] == [0.2, 0.4]
