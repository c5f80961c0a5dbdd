"""Attributions of words against closed forms, and against what their methods promise."""

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo import inspection
from cnnzoo.errors import CnnzooError

RNG = np.random.default_rng(3)
METHODS = ["gradient", "integrated_gradients", "occlusion"]


class MaskedSum(keras.layers.Layer):
    """Adds up the vectors of words that are not padding."""

    supports_masking = True

    def call(self, inputs, mask=None):
        return keras.ops.sum(inputs * keras.ops.cast(mask, inputs.dtype)[..., None], axis=1)

    def compute_mask(self, inputs, mask=None):
        return None


def bag_of_words(activation=None):
    """Return a network whose logits are sums of a weight for each word."""
    tokens = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(9, 4, mask_zero=True)(tokens)
    return keras.Model(tokens, keras.layers.Dense(3, activation)(MaskedSum()(vectors)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("activation", [None, "softmax"])
def test_attributions_of_a_bag_of_words_are_its_weights(method, activation):
    model = bag_of_words(activation)
    vectors, kernel, _ = model.get_weights()
    texts = np.array([[3, 5, 8, 0], [1, 1, 0, 0]])
    found = inspection.word_attributions(model, texts, [2, 0], method)
    weights = vectors @ kernel
    expected = np.array([weights[texts[0], 2], weights[texts[1], 0]]) * (texts > 0)
    assert found.dtype == np.float32
    assert np.allclose(found, expected, atol=1e-5)


def test_the_class_is_the_top_one_by_default():
    model = bag_of_words()
    model.set_weights([RNG.normal(size=weight.shape) for weight in model.get_weights()])
    texts = RNG.integers(1, 9, (9, 2))
    top = np.asarray(model(texts)).argmax(axis=-1)
    expected = inspection.word_attributions(model, texts, top)
    assert len(set(top)) > 1
    assert np.array_equal(inspection.word_attributions(model, texts), expected)


@pytest.mark.parametrize(
    ("name", "shape"), [("text_cnn_multichannel", (None,)), ("char_cnn_small", (140,))]
)
def test_integrated_gradients_add_up_to_what_the_words_changed(name, shape):
    model = cnnzoo.create_model(name, input_shape=shape)
    for layer in model.layers:  # Far from linear.
        if not isinstance(layer, keras.layers.Embedding):
            layer.set_weights([_drawn(weight.shape) for weight in layer.get_weights()])
    texts = RNG.integers(2, 60, (2, shape[0] or 12))
    texts[1, 8:] = 0
    found = inspection.word_attributions(model, texts, 1)
    logits = np.asarray(model(texts))[:, 1]
    for layer in model.layers:  # Without vectors, all words are zeros.
        if layer.name.startswith("embedding_") and layer.weights:
            layer.set_weights([np.zeros(layer.get_weights()[0].shape)])
    # Characters of which there are no vectors are zeros: token 1, in text_cnn's place.
    zeros = texts if shape[0] is None else np.ones_like(texts)
    change = logits - np.asarray(model(zeros))[:, 1]
    assert np.allclose(found.sum(axis=1), change, rtol=0.01, atol=1e-4)
    assert not found[1, 8:].any()


def _drawn(shape):
    """Return weights that keep the size of signals, and biases."""
    fan_in = np.prod(shape[:-1]) if len(shape) == 3 else shape[0]
    return RNG.normal(scale=0.1 if len(shape) == 1 else np.sqrt(2 / fan_in), size=shape)


def test_occlusion_is_what_the_logit_loses_without_the_word():
    model = cnnzoo.create_model("text_cnn_rand", input_shape=(None,))
    texts = RNG.integers(2, 500, (2, 7))
    texts[1, 5:] = 0
    found = inspection.word_attributions(model, texts, 0, "occlusion")
    without = texts[1].copy()
    without[3] = 0
    both = np.asarray(model(np.array([texts[1], without])))[:, 0]
    assert np.isclose(found[1, 3], both[0] - both[1], atol=1e-6)
    assert not found[1, 5:].any()


def test_the_network_is_left_as_it_was():
    model = bag_of_words()
    for method in METHODS:
        inspection.word_attributions(model, [[1, 2]], 0, method)
    assert not any("call" in vars(layer) for layer in model.layers)


def test_mistakes_are_told():
    model = bag_of_words()
    with pytest.raises(CnnzooError, match="method 'gradent' is unknown; did you mean gradient or"):
        inspection.word_attributions(model, [[1, 2]], method="gradent")
    with pytest.raises(CnnzooError, match="class_id must be 0 to 2"):
        inspection.word_attributions(model, [[1, 2]], 3)
    with pytest.raises(CnnzooError, match="inputs must be tokens, integers"):
        inspection.word_attributions(model, np.zeros((1, 8, 8, 1)), 0)
    with pytest.raises(CnnzooError, match="tokens must be 0 to 8 for .*; got -1"):
        inspection.word_attributions(model, [[1, -1]], 0)
    with pytest.raises(CnnzooError, match="has no embedding"):
        inspection.word_attributions(cnnzoo.create_model("mlp"), [[1, 2]], 0)
