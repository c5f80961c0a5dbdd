"""The very deep CNN of Conneau et al. 2017, from its figures 1 and 2 and table 2."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo import layers
from cnnzoo.errors import CnnzooError
from cnnzoo.models import vdcnn

RNG = np.random.default_rng(7)
FILTERS = (64, 128, 256, 512)
# Table 2: convolutions with 64, 128, 256 and 512 filters after the first, and parameters in
# millions.
TABLE = {
    "vdcnn9": ((2, 2, 2, 2), 2.2),
    "vdcnn17": ((4, 4, 4, 4), 4.3),
    "vdcnn29": ((10, 10, 4, 4), 4.6),
}
every_variant = pytest.mark.parametrize("name", TABLE)


def kernels(name):
    """Weights of the convolutions of each stage."""
    for channels, filters, count in zip((64, *FILTERS), FILTERS, TABLE[name][0], strict=False):
        yield 3 * channels * filters + (count - 1) * 3 * filters * filters


def network(**options):
    """A network whose batch normalization has seen texts."""
    keras.utils.set_random_seed(8)
    model = cnnzoo.create_model("vdcnn9", input_shape=(None,), **options)
    texts = np.random.default_rng(9).integers(1, 69, (8, 70))
    for _ in range(3):
        model(texts, training=True)
    return model


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shortcut"])
def model(request):
    return network(shortcut=request.param)


def logits(model, *texts):
    """Logits of `texts` as one batch, padded at the end to the longest."""
    longest = max(map(len, texts))
    tokens = [list(text) + [0] * (longest - len(text)) for text in texts]
    return np.asarray(model(np.array(tokens, "int32")))


@every_variant
def test_the_convolutions_are_those_of_table_2(name):
    model = cnnzoo.create_model(name, input_shape=(57,))
    found = [layer for layer in model.layers if isinstance(layer, layers.MaskedConv1D)]
    assert len(found) == int(name.removeprefix("vdcnn"))
    assert [layer.filters for layer in found] == [64] + [
        filters
        for filters, count in zip(FILTERS, TABLE[name][0], strict=True)
        for _ in range(count)
    ]
    weights = sum(math.prod(layer.kernel.shape) for layer in found)
    assert weights == 3 * 16 * 64 + sum(kernels(name))


@every_variant
def test_the_table_follows_from_the_paper(name):
    counts, _ = TABLE[name]
    dense = 4096 * 2048 + 2048 * 2048 + 2048 * 4
    first = 3 * 16 * 64
    norms = sum(2 * count * filters for count, filters in zip(counts, FILTERS, strict=True))
    row = vdcnn.VARIANTS[name]
    biases = 64 + 2048 + 2048 + 4
    assert row.params == 69 * 16 + first + sum(kernels(name)) + norms + dense + biases
    lengths = (1024, 512, 256, 128)
    stages = sum(length * weights for length, weights in zip(lengths, kernels(name), strict=True))
    assert row.macs == 1024 * first + stages + dense


@pytest.mark.parametrize(("fewer", "more"), [("vdcnn9", "vdcnn17"), ("vdcnn17", "vdcnn29")])
def test_depth_adds_as_many_weights_as_in_table_2(fewer, more):
    # Its totals are about 0.6 million more than the convolutions have, at every depth.
    added = (sum(kernels(more)) - sum(kernels(fewer))) / 1e6
    assert added == pytest.approx(TABLE[more][1] - TABLE[fewer][1], abs=0.1)


def test_pooling_halves_and_k_max_pooling_keeps_eight():
    model = cnnzoo.create_model("vdcnn9")
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["conv1"] == shapes["stage1_unit1_relu2"] == (1024, 64)
    assert shapes["stage2_unit1_relu2"] == (512, 128)
    assert shapes["stage3_unit1_relu2"] == (256, 256)
    assert shapes["stage4_unit1_relu2"] == (128, 512)
    assert shapes["kmax_pool"] == (8, 512)
    assert shapes["flatten"] == (4096,)
    assert shapes["dense1"] == shapes["dense2"] == (2048,)


def test_57_characters_leave_the_8_steps_that_k_max_pooling_keeps():
    for length, steps in ((57, 8), (56, 7)):
        assert math.ceil(math.ceil(math.ceil(length / 2) / 2) / 2) == steps
    model = cnnzoo.create_model("vdcnn9", input_shape=(57,))
    assert model.get_layer("stage4_unit1_relu2").output.shape == (None, 8, 512)


def test_shortcuts_add_three_1x1_convolutions():
    def count(shortcut):
        return cnnzoo.create_model("vdcnn17", input_shape=(57,), shortcut=shortcut).count_params()

    assert count(True) - count(False) == 64 * 128 + 128 * 256 + 256 * 512


def test_a_block_with_a_shortcut_adds_its_input():
    model = network(shortcut=True)
    for half in (1, 2):
        for weight in model.get_layer(f"stage1_unit1_conv{half}").weights:
            weight.assign(0 * weight.value)
    norm = model.get_layer("stage1_unit1_bn2")
    norm.moving_mean.assign(0 * norm.moving_mean.value)
    ends = [model.get_layer(name).output for name in ("conv1", "stage1_unit1_relu2")]
    first, last = keras.Model(model.input, ends)(RNG.integers(2, 69, (1, 9)))
    assert np.allclose(last, np.maximum(first, 0), atol=1e-6)


def test_padding_and_other_texts_change_nothing(model):
    texts = [list(RNG.integers(1, 69, length)) for length in (1, 2, 15, 16, 17, 63, 64, 65)]
    alone = np.concatenate([logits(model, text) for text in texts])
    assert np.ptp(alone, axis=0).min() > 1e-3  # The texts do differ.
    for padding in (0, 1, 2, 7):
        padded = [text + [0] * padding for text in texts]
        assert np.allclose(logits(model, *padded), alone, atol=1e-5)
        assert np.allclose(logits(model, padded[3])[0], alone[3], atol=1e-5)


def test_a_text_of_padding_only_has_finite_logits(model):
    assert np.isfinite(logits(model, [0] * 5, [4, 5])).all()


def test_padding_leaves_the_statistics_of_training_alone():
    tokens = RNG.integers(1, 69, (4, 60))
    statistics = []
    for padding in (0, 7):
        model = network()
        logits = model(np.pad(tokens, ((0, 0), (0, padding))), training=True)
        statistics.append([np.asarray(logits), *model.get_weights()])
    for short, long in zip(*statistics, strict=True):
        assert np.allclose(short, long, atol=1e-4)


def test_padding_gets_no_gradient():
    model = network()
    tokens = np.array([[4, 9, 4, 0, 0], [3, 0, 0, 0, 0]], "int32")
    embeddings = model.get_layer("embedding").embeddings
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(tf.square(model(tokens, training=True)))
    gradient = np.asarray(tf.convert_to_tensor(tape.gradient(value, embeddings.value)))
    used = np.abs(gradient).max(axis=1) > 0
    assert np.flatnonzero(used).tolist() == [3, 4, 9]


def test_convolutions_start_as_in_he_2015():
    model = cnnzoo.create_model("vdcnn9", input_shape=(57,))
    for name, fan_in in (("stage2_unit1_conv1", 192), ("stage4_unit1_conv2", 1536)):
        kernel = np.asarray(model.get_layer(name).kernel)
        assert kernel.std() == pytest.approx(math.sqrt(2 / fan_in), rel=0.02)
        assert np.abs(kernel).max() > 3 * math.sqrt(2 / fan_in)  # Not truncated.


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("vocabulary_size", 1, "vocabulary_size must be an integer of at least 2; got 1"),
        ("vocabulary_size", 69.0, "vocabulary_size must be an integer of at least 2; got 69.0"),
        ("shortcut", 1, "shortcut must be True or False; got 1"),
    ],
)
def test_wrong_options_are_refused(option, value, message):
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.create_model("vdcnn9", **{option: value})


def test_floats_are_refused(model):
    with pytest.raises(CnnzooError, match="tokens must be integers; got float64"):
        model(np.full((1, 60), 0.5))
