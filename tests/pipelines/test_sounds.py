import io
import wave

import numpy as np
import pytest
import tensorflow as tf

from cnnzoo.datasets import Dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines import sounds
from cnnzoo.wav import check_wav, encode_wav, load_wav

SHAPE = (8, 1)


def wav(samples, rate=8_000, channels=1, width=2):
    """A WAV file as Python's own library writes it."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(np.asarray(samples, f"<i{width}").tobytes())
    return buffer.getvalue()


def decoded(content):
    """The samples of a file, by TensorFlow and without it alike."""
    found = sounds.decode_wav(tf.constant(content), SHAPE, 8_000).numpy()
    assert np.array_equal(load_wav(content, SHAPE, 8_000, "x"), found)
    return found[:, 0].tolist()


def test_wav_files_decode_to_their_samples():
    assert decoded(wav([1, -2, 300, -32768, 32767, 0, 5, 6])) == [
        *(1, -2, 300, -32768, 32767, 0, 5, 6)
    ]
    assert decoded(wav([7, 8])) == [7, 8, 0, 0, 0, 0, 0, 0]
    assert decoded(wav(range(100))) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert decoded(wav([100, 300, -2, 4], channels=2)) == [200, 1, 0, 0, 0, 0, 0, 0]


def test_noise_of_several_channels_is_averaged_alike():
    noise = np.random.default_rng(0).integers(-(2**15), 2**15, 48)
    for channels in (1, 2, 3, 4, 6):
        assert len(decoded(wav(noise, channels=channels))) == 8


def test_what_is_encoded_decodes_alike():
    sound = np.array([[1], [-2], [30_000], [-32_768], [32_767], [0], [5], [6]], np.int16)
    assert decoded(encode_wav(sound, 8_000)) == sound[:, 0].tolist()


def test_half_a_file_is_damaged():
    content = wav([1, 2, 3])
    for end in range(36, len(content)):
        with pytest.raises(CnnzooError, match="^x is damaged"):
            load_wav(content[:end], SHAPE, 8_000, "x")
        with pytest.raises(tf.errors.InvalidArgumentError):
            sounds.decode_wav(tf.constant(content[:end]), SHAPE, 8_000)


def test_a_wav_file_of_another_rate_is_refused_in_the_graph_too():
    with pytest.raises(tf.errors.InvalidArgumentError, match="8000 samples per second"):
        decoded(wav([1, 2], rate=16_000))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x must be a WAV file; got something else"),
        (b"ID3 or other", "x must be a WAV file; got something else"),
        (wav([1, 2], rate=44_100), "x must have 8,000 samples per second; got 44,100"),
        (wav([1, 2], width=4), "x must be 16-bit PCM; got encoding 1 of 32 bits"),
        (wav([1, 2])[:30], "x is damaged: its header cannot be read"),
    ],
)
def test_files_that_are_no_sound_are_refused(content, message):
    with pytest.raises(CnnzooError, match=f"^{message}$"):
        check_wav(content, 8_000, "x")
    assert check_wav(wav([1]), 8_000, "x") == wav([1])


def test_arrays():
    one = np.arange(8, dtype=np.int16)
    assert sounds.check_sounds(one, SHAPE, "x").tolist() == one.reshape(1, 8, 1).tolist()
    halves = np.array([[0.5, -1, 1, 0, 0, 0, 0, 2**-15]])
    assert sounds.check_sounds(halves, SHAPE, "x")[0, :, 0].tolist() == [
        *(16_384, -32_768, 32_767, 0, 0, 0, 0, 1)
    ]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(7, np.int16), r"x must have shape \[8, 1\] or \[sounds, 8, 1\]; got \[7\]"),
        (np.zeros((2, 8, 2), np.int16), r"x must have shape .*; got \[2, 8, 2\]"),
        (np.full(8, 1.5), "x must lie in -1 to 1 where it holds floats .*; got 1.5 to 1.5"),
        (np.full(8, np.nan), "x must hold numbers; got NaN or infinity"),
        (np.zeros(8, np.uint8), r"x must be int16 or floats \(-1 to 1\); got uint8"),
    ],
)
def test_wrong_arrays_are_refused(array, message):
    with pytest.raises(CnnzooError, match=message):
        sounds.check_sounds(array, SHAPE, "x")


def sound_set(samples):
    return Dataset("tones", ("a", "b"), {}, "", "", "", read=None, input_shape=(samples, 1))


@pytest.mark.parametrize("normalization", ["standardized", "unit"])
def test_preprocessing(normalization):
    examples = np.array([[[100], [300]], [[500], [700]]], np.int16)
    layers = sounds.preprocessing(sound_set(2), examples, (3, 1), normalization)
    values = examples
    for layer in layers:
        values = layer(values)
    values = np.asarray(values)
    assert values.shape == (2, 3, 1)
    if normalization == "unit":
        assert values[1, :, 0].tolist() == [500 / 32_768, 700 / 32_768, 0]
    else:  # The mean is 400, the variance (300^2 + 100^2) / 2.
        expected = (np.array([500, 700, 0]) - 400) / 50_000**0.5
        assert values[1, :, 0] == pytest.approx(expected, abs=1e-6)


def test_another_normalization_is_refused():
    with pytest.raises(
        CnnzooError, match="must be standardized or unit for sounds; got 'centered'"
    ):
        sounds.preprocessing(sound_set(2), np.zeros((1, 2, 1), np.int16), (2, 1), "centered")
