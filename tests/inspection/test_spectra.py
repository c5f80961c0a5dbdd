"""Spectra of filters whose spectra are known."""

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo import inspection
from cnnzoo.errors import CnnzooError

RATE = 8_000


def network(kernel):
    """Return a network with filters `[filters, samples]`."""
    convolution = keras.layers.Conv1D(len(kernel), kernel.shape[1], use_bias=False, name="conv1")
    model = keras.Sequential([keras.Input((2_000, 1)), convolution, keras.layers.ReLU(name="relu")])
    convolution.set_weights([kernel.T[:, None]])
    return model


def test_sines_peak_at_their_frequency_and_a_single_sample_lets_all_through():
    seconds = np.arange(160) / RATE
    wanted = [500, 1_250, 3_000]
    kernel = np.stack([np.sin(2 * np.pi * hertz * seconds) for hertz in wanted] + [seconds == 0])
    found = inspection.filter_spectra(network(kernel), "conv1", RATE)
    assert np.allclose(found.filters, kernel)
    assert found.frequencies[[0, -1]].tolist() == [0, RATE / 2]
    peaks = found.frequencies[found.gains.argmax(axis=1)]
    assert np.abs(peaks[:3] - wanted).max() <= RATE / 1024
    assert np.allclose(found.gains[:3].max(axis=1), 80, rtol=0.02)  # Half of 160 samples.
    assert np.allclose(found.gains[3], 1)


def test_gain_is_what_the_layer_does_to_a_tone():
    kernel = np.random.default_rng(2).normal(size=(1, 40))
    found = inspection.filter_spectra(network(kernel), "conv1", RATE)
    place = 100
    tone = np.cos(2 * np.pi * found.frequencies[place] * np.arange(2_000) / RATE)
    answer = np.convolve(tone, kernel[0, ::-1], "valid")
    assert np.isclose(found.gains[0, place], np.sqrt(2 * np.mean(answer**2)), rtol=0.02)


def test_mistakes_are_told():
    model = network(np.ones((2, 5)))
    with pytest.raises(CnnzooError, match=r"'conv' is unknown; did you mean conv1"):
        inspection.filter_spectra(model, "conv", RATE)
    with pytest.raises(CnnzooError, match="layer must be a convolution .* 'relu' has no kernel"):
        inspection.filter_spectra(model, "relu", RATE)
    with pytest.raises(CnnzooError, match="sample_rate must be positive; got 0"):
        inspection.filter_spectra(model, "conv1", 0)
    with pytest.raises(CnnzooError, match=r"has a kernel \[5, 5, 1, 6\]"):
        inspection.filter_spectra(cnnzoo.create_model("lenet5"), "conv1", RATE)
