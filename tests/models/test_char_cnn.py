"""The character CNN of Zhang, Zhao and LeCun 2015, from its tables 1 and 2."""

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.models import char_cnn

KERNELS = (7, 7, 3, 3, 3, 3)
FRAMES = (1008, 330, 108, 106, 104, 102)  # Of each convolution, for 1014 characters.


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(6)
    return cnnzoo.create_model("char_cnn_small")


def test_the_alphabet_is_that_of_section_2():
    letters, digits = char_cnn.ALPHABET[:26], char_cnn.ALPHABET[26:36]
    assert letters == "".join(map(chr, range(ord("a"), ord("z") + 1)))
    assert digits == "0123456789"
    assert len(char_cnn.ALPHABET[36:69]) == 33
    assert char_cnn.ALPHABET[69:] == "\n"
    assert char_cnn.ALPHABET.count("-") == 2
    assert len(set(char_cnn.ALPHABET)) == 69


def test_the_maps_have_the_lengths_of_the_paper(small):
    lengths = {layer.name: layer.output.shape[1] for layer in small.layers}
    assert tuple(lengths[f"conv{place}"] for place in range(1, 7)) == FRAMES
    assert (lengths["pool1"], lengths["pool2"], lengths["pool6"]) == (336, 110, 34)
    assert (1014 - 96) / 27 == 34  # Section 2.3.
    assert lengths["flatten"] == 8704  # Table 2.


@pytest.mark.parametrize("name", ["char_cnn_small", "char_cnn_large"])
def test_the_table_follows_from_the_paper(name):
    filters, units = {"char_cnn_small": (256, 1024), "char_cnn_large": (1024, 2048)}[name]
    seen = (70, *[filters] * 5)
    kernels = [kernel * channels * filters for kernel, channels in zip(KERNELS, seen, strict=True)]
    dense = [34 * filters * units, units * units, units * 4]
    biases = 6 * filters + 2 * units + 4
    row = char_cnn.VARIANTS[name]
    assert row.params == sum(kernels) + sum(dense) + biases
    frames = zip(FRAMES, kernels, strict=True)
    assert row.macs == sum(count * kernel for count, kernel in frames) + sum(dense)


@pytest.mark.parametrize(("length", "frames"), [(123, 1), (150, 2), (177, 3)])
def test_27_characters_more_give_one_frame_more(length, frames):
    model = cnnzoo.create_model("char_cnn_small", input_shape=(length,))
    assert model.get_layer("pool6").output.shape == (None, frames, 256)


def test_initial_weights_and_biases_are_gaussian():
    model = cnnzoo.create_model("char_cnn_small", input_shape=(150,))
    for name in ("conv1", "conv6", "dense1", "logits"):
        assert np.std(model.get_layer(name).kernel) == pytest.approx(0.05, rel=0.05)
    assert np.std(model.get_layer("dense2").bias) == pytest.approx(0.05, rel=0.1)
    assert char_cnn.VARIANTS["char_cnn_large"].spread == 0.02


def test_unknown_characters_are_zeros_as_padding_is():
    model = cnnzoo.create_model("char_cnn_small", input_shape=(123,))
    tokens = np.random.default_rng(0).integers(2, 72, (2, 123))
    tokens[0, 40:] = 0
    unknown = np.where(tokens == 0, 1, tokens)
    assert np.array_equal(model(tokens), model(unknown))
    assert not np.allclose(model(tokens), model(np.where(tokens == 0, 2, tokens)))
    vectors = np.asarray(keras.Model(model.input, model.get_layer("one_hot").output)(tokens))
    assert vectors.shape == (2, 123, 70)
    assert np.array_equal(vectors.argmax(-1)[1], tokens[1] - 2)
    assert not vectors[0, 40:].any()


def test_other_texts_of_a_batch_change_nothing():
    model = cnnzoo.create_model("char_cnn_small", input_shape=(123,))
    tokens = np.random.default_rng(1).integers(0, 72, (3, 123))
    together = np.asarray(model(tokens))
    alone = np.concatenate([np.asarray(model(text[None])) for text in tokens])
    assert np.allclose(alone, together, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (None,)}, "input_shape must be a fixed length for char_cnn_small"),
        ({"dropout": -0.1}, "dropout must be at least 0 and below 1; got -0.1"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.create_model("char_cnn_small", **arguments)


def test_floats_are_refused(small):
    with pytest.raises(CnnzooError, match="tokens must be integers; got float32"):
        small(np.full((1, 1014), 0.5, "float32"))
