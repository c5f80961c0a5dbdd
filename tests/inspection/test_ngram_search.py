"""N-grams against filters that were planted for them."""

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo import inspection, layers
from cnnzoo.errors import CnnzooError

pytestmark = pytest.mark.filterwarnings("ignore:Layer 'width3'")  # Stock ones drop the mask.
WORDS = 9  # Tokens 1 to 8; 0 is padding.


def planted(wanted, convolution, length=None):
    """Return a network over one-hot words whose single filter counts the words of `wanted`."""
    tokens = keras.Input((length,), dtype="int32")
    vectors = keras.layers.Embedding(WORDS, WORDS, mask_zero=True, name="embedding")(tokens)
    maps = convolution(vectors)
    model = keras.Model(tokens, keras.layers.Dense(2)(layers.GlobalMaskedMaxPooling1D()(maps)))
    model.get_layer("embedding").set_weights([np.eye(WORDS)])
    kernel = np.zeros((len(wanted), WORDS, 2))
    kernel[np.arange(len(wanted)), wanted, 0] = 1
    kernel[0, :, 1] = np.arange(WORDS)  # The second filter answers with its first word.
    convolution.set_weights([kernel, np.zeros(2)])
    return model


@pytest.mark.parametrize(
    "convolution",
    [
        lambda: layers.MaskedConv1D(2, 3, name="width3"),
        lambda: layers.MaskedConv1D(2, 3, full=True, name="width3"),
        lambda: keras.layers.Conv1D(2, 3, name="width3"),
        lambda: keras.layers.Conv1D(2, 3, padding="same", name="width3"),
        lambda: keras.layers.Conv1D(2, 3, padding="causal", name="width3"),
    ],
)
def test_a_planted_filter_finds_its_ngram_where_it_stands(convolution):
    texts = [[1, 4, 5, 6, 8], [4, 4, 5, 2, 1], [3, 5, 7, 2, 6], [5, 7, 2, 1, 1]]
    found = inspection.ngrams(planted([5, 7, 2], convolution()), texts, "width3", count=2)[0]
    assert found[0] == (3.0, (5, 7, 2), 2, 1)  # Text 3 holds it too, and comes later.
    assert found[1].activation == 1  # Of other windows at most one word is in place.


def test_windows_over_the_edge_hold_padding_and_windows_of_padding_alone_are_no_ngrams():
    model = planted([5, 0, 0], layers.MaskedConv1D(2, 3, full=True, name="width3"))
    texts = [[5, 3, 0, 0, 0], [2, 5, 0, 0, 0]]
    first, second = inspection.ngrams(model, texts, "width3", count=7)
    assert first[:2] == [(1.0, (5, 3, 0), 0, 0), (1.0, (5, 0, 0), 1, 1)]  # In the texts' order.
    # Windows begin with 5, 3, 2 or, before the text, with padding, which counts as zeros.
    assert [one.tokens for one in second[:4]] == [(5, 3, 0), (5, 0, 0), (3, 0, 0), (2, 5, 0)]
    assert {(one.activation, one.start) for one in second[4:]} == {(0.0, -2), (0.0, -1)}
    with pytest.raises(CnnzooError, match="count must be 1 to 8, the distinct n-grams"):
        inspection.ngrams(model, texts, "width3", count=9)


@pytest.mark.parametrize(
    ("convolution", "starts"),
    [
        (lambda: layers.MaskedConv1D(2, 3, name="width3"), [-1, 0, 1]),  # A word in the middle.
        (lambda: keras.layers.Conv1D(2, 3, name="width3"), [0, 1, 2]),  # No mask: any word.
    ],
)
def test_windows_that_do_not_count_are_left_out(convolution, starts):
    model = planted([0, 0, 5], convolution())
    texts = [[5, 3, 8, 0, 0, 0]]
    found = inspection.ngrams(model, texts, "width3", count=3)[0]
    assert sorted(one.start for one in found) == starts
    with pytest.raises(CnnzooError, match="count must be 1 to 3, the distinct n-grams"):
        inspection.ngrams(model, texts, "width3", count=4)


def test_later_layers_have_longer_ngrams_and_equal_ones_are_listed_once_over_batches():
    tokens = keras.Input((6,), dtype="int32")
    steps = keras.layers.Embedding(WORDS, 1, name="embedding")(tokens)
    steps = keras.layers.MaxPooling1D(2)(keras.layers.Conv1D(1, 2, name="conv1")(steps))
    steps = keras.layers.Conv1D(1, 2, name="conv2")(steps)
    model = keras.Model(tokens, keras.layers.Dense(1)(keras.layers.Flatten()(steps)))
    model.get_layer("embedding").set_weights([np.arange(WORDS)[:, None]])
    for name in ("conv1", "conv2"):
        model.get_layer(name).set_weights([np.ones((2, 1, 1)), np.zeros(1)])
    texts = np.tile([[1, 2, 3, 4, 5, 6]], (150, 1))
    texts[140] = [8, 8, 8, 8, 8, 8]
    # conv1 sums two words, pooling takes the second of two sums, conv2 adds two of these; there is
    # one window of five words.
    found = inspection.ngrams(model, texts, "conv2", count=2)[0]
    assert found == [(32.0, (8,) * 5, 140, 0), (5.0 + 9.0, (1, 2, 3, 4, 5), 0, 0)]


@pytest.mark.parametrize(
    ("name", "shape", "layer", "size", "units"),
    [
        ("text_cnn_multichannel", (9,), "width5_conv", 5, 100),
        ("vdcnn9", (None,), "stage1_unit1_relu2", 7, 64),
        ("char_cnn_small", (140,), "conv1", 7, 256),
    ],
)
def test_the_networks_of_the_zoo_have_ngrams(name, shape, layer, size, units):
    model = cnnzoo.create_model(name, input_shape=shape)
    texts = np.random.default_rng(0).integers(1, 60, (2, shape[0] or 40))
    found = inspection.ngrams(model, texts, layer, count=3)
    assert len(found) == units
    for one in found[7]:
        seen = np.pad(texts[one.text], 10)[one.start + 10 :][:size]
        assert one.tokens == tuple(seen)


def test_mistakes_are_told():
    model = planted([5, 7, 2], layers.MaskedConv1D(2, 3, name="width3"))
    texts = [[1, 2, 3]]
    with pytest.raises(CnnzooError, match=r"'widht3' is unknown; did you mean width3\?"):
        inspection.ngrams(model, texts, "widht3")
    with pytest.raises(CnnzooError, match="layer must give feature maps"):
        inspection.ngrams(model, texts, model.layers[-1].name)
    with pytest.raises(CnnzooError, match="count must be at least 1; got 0"):
        inspection.ngrams(model, texts, "width3", count=0)
    with pytest.raises(CnnzooError, match="tokens must be 0 to 8 for .*; got 9"):
        inspection.ngrams(model, [[1, 2, 9]], "width3")
    with pytest.raises(CnnzooError, match="inputs must be tokens, integers"):
        inspection.ngrams(model, np.zeros((1, 28, 28, 1)), "width3")
    with pytest.raises(CnnzooError, match="model must turn tokens .* has no embedding"):
        inspection.ngrams(cnnzoo.create_model("lenet5"), texts, "conv1")
    strided = planted([5, 7, 2], keras.layers.Conv1D(2, 3, 2, padding="same", name="width3"))
    with pytest.raises(CnnzooError, match="model must take texts of one length .* 'width3' has"):
        inspection.ngrams(strided, texts, "width3")


def test_a_layer_that_sees_the_whole_text_has_no_ngrams():
    tokens = keras.Input((4,), dtype="int32")
    steps = keras.layers.LSTM(3, return_sequences=True, name="lstm")(
        keras.layers.Embedding(WORDS, 2)(tokens)
    )
    model = keras.Model(tokens, keras.layers.GlobalAveragePooling1D()(steps))
    with pytest.raises(CnnzooError, match="layer must see a window of tokens at a time; 'lstm'"):
        inspection.ngrams(model, [[1, 2, 3, 4]], "lstm")
