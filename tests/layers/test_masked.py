"""The layers over texts against plain NumPy: each text by itself, cut before its padding."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import cnnzoo
from cnnzoo import layers
from cnnzoo.errors import CnnzooError

RNG = np.random.default_rng(3)
LENGTHS = (7, 4, 1, 0)  # Steps of each text that are not padding.
STEPS, CHANNELS = 9, 3
TEXTS = RNG.normal(size=(len(LENGTHS), STEPS, CHANNELS)).astype("float32") - 1  # Mostly negative.
MASK = np.arange(STEPS) < np.array(LENGTHS)[:, None]

WINDOWS = [  # Kernel, stride, full.
    *((1, 1, False), (3, 1, False), (5, 1, False), (3, 2, False), (3, 3, False)),
    *((2, 1, True), (3, 1, True), (4, 1, True), (5, 1, True), (3, 2, True), (4, 3, True)),
]


def cut(length, text):
    return TEXTS[text, :length]


def windows(text, size, stride, margin, fill):
    """Yield the windows of a text with `margin` steps of `fill` on either side."""
    edge = np.full((margin, text.shape[1]), fill)
    padded = np.concatenate([edge, text, edge])
    for start in range(0, len(padded) - size + 1, stride):
        yield padded[start : start + size]


def convolved(text, kernel, bias, stride, full):
    size = len(kernel)
    rows = []
    if len(text):
        for window in windows(text, size, stride, size - 1 if full else size // 2, 0.0):
            row = bias.copy()
            for step in range(size):
                for channel in range(window.shape[1]):
                    row += window[step, channel] * kernel[step, channel]
            rows.append(row)
    return np.array(rows).reshape(-1, len(bias))


def largest_kept(values, k):
    """The `k` largest values in their order, the earlier of equal ones, then zeros."""
    kept = list(range(len(values)))
    while len(kept) > k:
        kept.remove(min(kept, key=lambda place: (values[place], -place)))
    return [values[place] for place in kept] + [0.0] * (k - len(kept))


@pytest.mark.parametrize(("size", "stride", "full"), WINDOWS)
def test_convolution_of_each_text_without_its_padding(size, stride, full):
    layer = layers.MaskedConv1D(2, size, strides=stride, full=full)
    layer.build(TEXTS.shape)
    kernel = RNG.normal(size=(size, CHANNELS, 2)).astype("float32")
    bias = RNG.normal(size=2).astype("float32")
    layer.set_weights([kernel, bias])
    maps = np.asarray(layer(TEXTS, mask=MASK))
    counts = np.asarray(layer.compute_mask(TEXTS, ops.convert_to_tensor(MASK)))
    assert maps.shape == layer.compute_output_shape(TEXTS.shape)
    assert counts.shape == maps.shape[:2]
    for text, length in enumerate(LENGTHS):
        expected = convolved(cut(length, text), kernel, bias, stride, full)
        assert counts[text].tolist() == [step < len(expected) for step in range(maps.shape[1])]
        assert np.allclose(maps[text, : len(expected)], expected, atol=1e-5)
    unmasked = convolved(TEXTS[0], kernel, bias, stride, full)
    assert np.allclose(layer(TEXTS)[0], unmasked, atol=1e-5)
    assert layer.compute_mask(TEXTS, None) is None


def test_full_windows_overlap_the_text_wherever_it_stands():
    layer = layers.MaskedConv1D(1, 3, full=True)
    mask = ops.convert_to_tensor([[False, False, True, False, False, False, True, False]])
    counts = np.asarray(layer.compute_mask(None, mask))[0]
    assert counts.tolist() == [0, 0, 1, 1, 1, 0, 1, 1, 1, 0]


def test_dilated_convolution_keeps_the_length():
    layer = layers.MaskedConv1D(1, 3, dilation_rate=2, use_bias=False, kernel_initializer="ones")
    steps = np.arange(1.0, 7.0, dtype="float32")[None, :, None]
    assert np.asarray(layer(steps))[0, :, 0].tolist() == [4, 6, 9, 12, 8, 10]


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (3, 1), (3, 2), (5, 2), (3, 3)])
def test_pooling_of_each_text_without_its_padding(size, stride):
    layer = layers.MaskedMaxPooling1D(size, strides=stride)
    pooled = np.asarray(layer(TEXTS, mask=MASK))
    counts = np.asarray(layer.compute_mask(TEXTS, MASK))
    assert pooled.shape == layer.compute_output_shape(TEXTS.shape)
    for text, length in enumerate(LENGTHS):
        expected = np.zeros((pooled.shape[1], CHANNELS))
        if length:
            found = list(windows(cut(length, text), size, stride, size // 2, -np.inf))
            expected[: len(found)] = [window.max(axis=0) for window in found]
            assert len(found) == -(-length // stride)
        assert counts[text].sum() == -(-length // stride)
        assert np.array_equal(pooled[text], expected.astype("float32"))
    found = list(windows(TEXTS[1], size, stride, size // 2, -np.inf))
    assert np.array_equal(layer(TEXTS)[1], [window.max(axis=0) for window in found])


def test_the_greatest_value_of_each_text_or_zeros():
    layer = layers.GlobalMaskedMaxPooling1D()
    pooled = np.asarray(layer(TEXTS, mask=MASK))
    for text, length in enumerate(LENGTHS):
        expected = cut(length, text).max(axis=0) if length else np.zeros(CHANNELS)
        assert np.array_equal(pooled[text], expected.astype("float32"))
    assert np.array_equal(layer(TEXTS), TEXTS.max(axis=1))
    assert layer.compute_output_shape(TEXTS.shape) == pooled.shape


@pytest.mark.parametrize("k", [1, 3, 4, 8, 12])
def test_the_k_greatest_values_in_their_order(k):
    layer = layers.KMaxPooling1D(k)
    pooled = np.asarray(layer(TEXTS, mask=MASK))
    assert pooled.shape == layer.compute_output_shape(TEXTS.shape) == (len(LENGTHS), k, CHANNELS)
    for text, length in enumerate(LENGTHS):
        for channel in range(CHANNELS):
            expected = largest_kept(cut(length, text)[:, channel].tolist(), k)
            assert pooled[text, :, channel].tolist() == expected
    assert np.asarray(layer(TEXTS))[0, :, 0].tolist() == largest_kept(TEXTS[0, :, 0].tolist(), k)


def test_k_max_pooling_takes_the_earlier_of_equal_values_and_zeros_last():
    layer = layers.KMaxPooling1D(2)
    assert np.asarray(layer(np.array([[[1.0], [5.0], [1.0]]])))[0, :, 0].tolist() == [1, 5]
    padded_in_front = np.array([[[9.0], [9.0], [-2.0]]])
    mask = np.array([[False, False, True]])
    assert np.asarray(layer(padded_in_front, mask=mask))[0, :, 0].tolist() == [-2, 0]


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.MaskedConv1D(2, 3),
        lambda: layers.MaskedConv1D(2, 4, full=True),
        lambda: layers.MaskedMaxPooling1D(3, strides=2),
        lambda: layers.GlobalMaskedMaxPooling1D(),
        lambda: layers.KMaxPooling1D(3),
    ],
)
def test_padding_has_no_effect_on_values_and_no_gradient_even_where_it_is_huge(layer):
    layer = layer()
    huge = np.where(MASK[..., None], TEXTS, 1e30).astype("float32")
    maps = np.asarray(layer(TEXTS, mask=MASK))
    counts = layer.compute_mask(TEXTS, ops.convert_to_tensor(MASK))
    counts = slice(None) if counts is None else np.asarray(counts)
    assert np.array_equal(np.asarray(layer(huge, mask=MASK))[counts], maps[counts])
    steps = keras.Variable(TEXTS)
    gradient = gradient_of(lambda: layer(steps.value, mask=MASK), steps)
    assert np.isfinite(gradient).all()
    assert np.abs(gradient[MASK]).max() > 0
    assert np.abs(gradient[~MASK]).max() == 0


def gradient_of(maps, variable):
    with tf.GradientTape() as tape:
        value = ops.sum(ops.square(maps()))
    return np.asarray(tape.gradient(value, variable.value))


def test_masks_reach_every_layer_of_a_model():
    tokens = keras.Input((None,), dtype="int32")
    steps = keras.layers.Embedding(9, 2, mask_zero=True)(tokens)
    steps = layers.MaskedConv1D(2, 3, bias_initializer="ones")(steps)
    steps = layers.MaskedMaxPooling1D(3, strides=2)(steps)
    model = keras.Model(tokens, layers.GlobalMaskedMaxPooling1D()(steps))
    alone, padded = (np.asarray(model(np.array([ids]))) for ids in ([5], [5, 0, 0, 0]))
    assert np.array_equal(alone, padded)


@pytest.mark.parametrize(
    ("build", "argument"),
    [
        (lambda: layers.MaskedConv1D(2, 4), "kernel_size"),
        (lambda: layers.MaskedMaxPooling1D(4, strides=2), "pool_size"),
    ],
)
def test_windows_without_a_middle_are_refused(build, argument):
    with pytest.raises(CnnzooError, match=f"{argument} must be odd; got 4"):
        build()


def test_one_hot_vectors_and_zeros_for_what_has_no_place():
    layer = layers.OneHot(3, first=2)
    vectors = np.asarray(layer(np.array([[0, 1, 2, 3], [4, 5, -1, 2]])))
    expected = np.zeros((2, 4, 3))
    expected[0, 2, 0] = expected[0, 3, 1] = expected[1, 0, 2] = expected[1, 3, 0] = 1
    assert np.array_equal(vectors, expected)
    assert layer.compute_output_shape((2, 4)) == (2, 4, 3)


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.MaskedConv1D(2, 4, full=True, strides=2, activation="relu"),
        lambda: layers.MaskedMaxPooling1D(3, strides=2),
        lambda: layers.GlobalMaskedMaxPooling1D(),
        lambda: layers.KMaxPooling1D(3),
    ],
)
def test_saved_and_loaded_layers_compute_the_same(layer, tmp_path):
    steps = keras.Input((None, CHANNELS))
    mask = keras.Input((None,), dtype="bool")
    model = keras.Model([steps, mask], layer()(steps, mask=mask))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].get_config() == model.layers[-1].get_config()
    assert np.array_equal(np.asarray(model([TEXTS, MASK])), np.asarray(loaded([TEXTS, MASK])))


def test_saved_and_loaded_one_hot_layers_are_alike():
    layer = layers.OneHot(3, first=2)
    assert layers.OneHot.from_config(layer.get_config()).get_config() == layer.get_config()


class TestFloats:
    """Keras itself would cut 1.9 down to token 1."""

    floats = np.array([[0.5, 1.9, 2.0]], "float32")
    sentence = "^tokens must be integers; got float32$"

    @pytest.fixture(scope="class", params=["built", "loaded"])
    def model(self, request, tmp_path_factory):
        tokens = keras.Input((None,), dtype="int32", name="tokens")
        steps = keras.layers.Embedding(9, 2, mask_zero=True)(tokens)
        model = layers.TextModel(tokens, layers.GlobalMaskedMaxPooling1D()(steps))
        if request.param == "loaded":
            path = tmp_path_factory.mktemp("models") / "model.keras"
            model.save(path)
            model = keras.saving.load_model(path)
        model.compile("sgd", "mse")
        return model

    def test_a_call_refuses_them(self, model):
        with pytest.raises(CnnzooError, match=self.sentence):
            model(self.floats)

    def test_predict_refuses_them(self, model):
        with pytest.raises(CnnzooError, match=self.sentence):
            model.predict(self.floats, verbose=0)

    def test_fit_refuses_them(self, model):
        with pytest.raises(CnnzooError, match=self.sentence):
            model.fit(self.floats, np.zeros((1, 2)), verbose=0)

    @pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
    def test_integers_pass(self, model, dtype):
        assert np.array_equal(
            np.asarray(model(np.array([[5, 2]], dtype))), model(np.array([[5, 2]]))
        )


def test_texts_themselves_are_refused_by_the_networks():
    model = cnnzoo.create_model("text_cnn_rand", vocabulary_size=9)
    with pytest.raises(CnnzooError, match="^tokens must be integers; got str"):
        model(np.array([["a", "b"]]))
