"""The text CNN of Kim 2014, from sections 2 and 3 of the paper and the author's code."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo import layers
from cnnzoo.errors import CnnzooError

RNG = np.random.default_rng(4)
NAMES = [f"text_cnn_{variant}" for variant in ("rand", "static", "nonstatic", "multichannel")]
every_variant = pytest.mark.parametrize("name", NAMES)


def network(name="text_cnn_rand", **options):
    keras.utils.set_random_seed(5)
    return cnnzoo.create_model(name, input_shape=(None,), vocabulary_size=60, **options)


def logits(model, *texts):
    """Logits of `texts` as one batch, padded at the end to the longest."""
    longest = max(map(len, texts))
    tokens = [list(text) + [0] * (longest - len(text)) for text in texts]
    return np.asarray(model(np.array(tokens, "int32")))


def test_the_convolutions_have_360300_weights():
    model = network()
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.MaskedConv1D)]
    assert [layer.kernel.shape for layer in convolutions] == [
        (width, 300, 100) for width in (3, 4, 5)
    ]
    assert sum(layer.count_params() for layer in convolutions) == 360_300 == 300 * 1200 + 300


def test_the_vectors_of_each_variant_that_training_changes():
    words = 60 * 300
    trained = 360_300 + 300 * 2 + 2
    expected = {
        "text_cnn_rand": (words + trained, 0),
        "text_cnn_static": (trained, words),
        "text_cnn_nonstatic": (words + trained, 0),
        "text_cnn_multichannel": (words + trained, words),
    }
    for name, (tuned, fixed) in expected.items():
        model = network(name)
        for weights, count in ((model.trainable_weights, tuned), (model.weights, tuned + fixed)):
            assert sum(math.prod(weight.shape) for weight in weights) == count, name


def test_multiply_adds_are_those_of_windows_that_overlap_56_words():
    windows = {width: 56 + width - 1 for width in (3, 4, 5)}
    for width, count in windows.items():
        model = cnnzoo.create_model("text_cnn_rand", vocabulary_size=2)
        assert model.get_layer(f"width{width}_conv").output.shape == (None, count, 100)
    macs = sum(count * width * 300 * 100 for width, count in windows.items()) + 300 * 2
    assert macs == 21_300_600 == cnnzoo.models.MODELS["text_cnn_rand"].VARIANTS[NAMES[0]].macs


def test_logits_from_plain_loops():
    model = network("text_cnn_multichannel", num_classes=3)
    weights = {weight.path: np.asarray(weight) for weight in model.weights}
    weights = {path: RNG.normal(size=value.shape) / 9 for path, value in weights.items()}
    model.set_weights(list(weights.values()))
    text = [7, 1, 33, 8]
    features = []
    for width in (3, 4, 5):
        maps = []
        for start in range(-width + 1, len(text)):
            score = weights[f"width{width}_conv/bias"].copy()
            for step in range(width):
                if 0 <= start + step < len(text):
                    for channel in ("static", "tuned"):
                        vector = weights[f"embedding_{channel}/embeddings"][text[start + step]]
                        score += vector @ weights[f"width{width}_conv/kernel"][step]
            maps.append(np.maximum(score, 0))
        features.extend(np.max(maps, axis=0))
    expected = np.array(features) @ weights["logits/kernel"] + weights["logits/bias"]
    assert np.allclose(logits(model, text)[0], expected, atol=1e-4)


@every_variant
def test_padding_at_either_end_and_other_texts_change_nothing(name):
    model = network(name)
    texts = [list(RNG.integers(1, 60, length)) for length in (1, 2, 3, 6, 7, 12)]
    alone = np.concatenate([logits(model, text) for text in texts])
    assert np.ptp(alone, axis=0).min() > 1e-4  # The texts do differ.
    for length in (19, 20):
        padded = [[0] * before + text for before in (0, 1, 2, 7) for text in texts]
        together = logits(model, *padded, [1] * length)[:-1]
        assert np.allclose(together, np.tile(alone, (4, 1)), atol=1e-6)


def test_a_text_of_padding_only_gets_the_bias():
    model = network()
    model.get_layer("logits").bias.assign([0.25, -1.0])
    assert logits(model, [0, 0, 0]).tolist() == [[0.25, -1.0]]


def test_padding_gets_no_gradient():
    model = network()
    tokens = np.array([[4, 9, 4, 0, 0], [3, 0, 0, 0, 0]], "int32")
    embeddings = model.get_layer("embedding_tuned").embeddings
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(tf.square(model(tokens, training=True)))
    gradient = np.asarray(tf.convert_to_tensor(tape.gradient(value, embeddings.value)))
    used = np.abs(gradient).max(axis=1) > 0
    assert np.flatnonzero(used).tolist() == [3, 4, 9]


def test_initial_weights_are_those_of_the_authors_code():
    model = network("text_cnn_multichannel")
    for name, limit in (("embedding_tuned", 0.25), ("width4_conv", 0.01), ("logits", 0.01)):
        largest = np.abs(np.asarray(model.get_layer(name).weights[0])).max()
        assert 0.99 * limit < largest <= limit
    assert not np.any(model.get_layer("width4_conv").bias)
    static, tuned = (model.get_layer(f"embedding_{which}") for which in ("static", "tuned"))
    assert np.array_equal(static.embeddings, tuned.embeddings)


@every_variant
def test_word_vectors_from_outside_are_where_every_channel_starts(name, tmp_path):
    vectors = RNG.normal(size=(60, 50)).astype("float32")
    model = network(name, embeddings=vectors)
    found = [layer for layer in model.layers if isinstance(layer, keras.layers.Embedding)]
    assert len(found) == (2 if name == "text_cnn_multichannel" else 1)
    assert all(np.array_equal(layer.embeddings, vectors) for layer in found)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    text = [3, 4, 5]
    assert np.array_equal(logits(loaded, text), logits(model, text))


@pytest.mark.parametrize(("max_norm", "longest"), [(3.0, 3.0), (0.5, 0.5), (None, 20.0)])
def test_the_weights_of_a_class_stay_within_the_limit(max_norm, longest):
    model = network("text_cnn_static", max_norm=max_norm)
    dense = model.get_layer("logits")
    dense.kernel.assign(np.full((300, 2), 20 / np.sqrt(300), "float32"))
    model.compile(keras.optimizers.SGD(1e-9), "mse")
    model.train_on_batch(np.array([[1, 2, 3]]), np.zeros((1, 2)))
    assert np.linalg.norm(dense.kernel, axis=0) == pytest.approx(longest, rel=1e-4)


@pytest.mark.parametrize("value", [1, 2.0, "9", True])
def test_wrong_vocabulary_sizes_are_refused(value):
    message = f"vocabulary_size must be an integer of at least 2; got {value!r}"
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.create_model("text_cnn_rand", vocabulary_size=value)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("embeddings", np.ones((59, 4)), "embeddings must be an array of 60 rows, one per token"),
        ("embeddings", np.ones(60), r"got shape \(60,\)"),
        ("embeddings", "glove", "got 'glove'"),
        ("dropout", 1.0, "dropout must be at least 0 and below 1; got 1.0"),
        ("max_norm", 0, "max_norm must be a positive number or None; got 0"),
    ],
)
def test_wrong_options_are_refused(option, value, message):
    with pytest.raises(CnnzooError, match=message):
        network(**{option: value})
