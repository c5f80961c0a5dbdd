"""Filters convolve to what their layers give, and have the spectra that are known."""

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo import inspection
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import filters

RATE = 8_000


def model_of(layer, sides=(5, 6), channels=4):
    keras.utils.set_random_seed(0)
    images = keras.Input((*sides, channels))
    return keras.Model(images, layer(images), name="small")


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (keras.layers.Conv1D(3, 2, name="conv"), (2, 4, 3)),
        (keras.layers.Conv2D(6, (2, 3), name="conv"), (2, 3, 4, 6)),
        (keras.layers.Conv2D(6, 3, groups=2, name="conv"), (3, 3, 2, 6)),
        (keras.layers.Conv3D(3, 2, name="conv"), (2, 2, 2, 4, 3)),
        (keras.layers.DepthwiseConv2D(3, depth_multiplier=2, name="conv"), (3, 3, 1, 8)),
        (keras.layers.SeparableConv2D(5, 3, depth_multiplier=2, name="conv"), (3, 3, 4, 5)),
    ],
)
def test_the_first_output_is_the_sum_over_kernel_and_patch(layer, shape):
    sides = (5, 6, 5)[: len(shape) - 2]
    model = model_of(layer, sides)
    kernels = filters(model, "conv")
    assert kernels.shape == shape
    values = np.random.default_rng(0).normal(size=(1, *sides, 4)).astype("float32")
    patch = values[0][tuple(slice(size) for size in shape[:-2])]
    found = np.asarray(model(values))[(0, *[0] * len(sides))]
    outputs, seen = shape[-1], shape[-2]
    groups = 4 // seen
    for unit in range(outputs):
        first = unit // (outputs // groups) * seen  # The group's input channels.
        part = patch[..., first : first + seen]
        assert np.isclose(found[unit], (part * kernels[..., unit]).sum(), atol=1e-5)


def test_a_transposed_convolution_spreads_its_kernels():
    model = model_of(keras.layers.Conv2DTranspose(3, 2, name="conv"))
    kernels = filters(model, "conv")
    assert kernels.shape == (2, 2, 4, 3)
    point = np.zeros((1, 5, 6, 4), "float32")
    point[0, 2, 3, 1] = 1
    assert np.allclose(np.asarray(model(point))[0, 2:4, 3:5], kernels[:, :, 1], atol=1e-6)


def test_the_partial_convolution_of_lenet_has_zeros_where_it_sees_nothing():
    model = cnnzoo.create_model("lenet5_1998")
    kernels = filters(model, "c3")
    assert kernels.shape == (5, 5, 6, 16)
    # Table I of the paper: 60 of 96 pairs are connected, map 0 to the first three.
    assert (np.abs(kernels).sum(axis=(0, 1)) > 0).sum() == 60
    assert (np.abs(kernels).sum(axis=(0, 1))[:, 0] > 0).tolist() == [True] * 3 + [False] * 3


def test_a_layer_of_a_nested_model_has_filters(networks):
    found = filters(networks.nested(), "body/conv1")
    assert (found == filters(networks.flat(), "conv1")).all()


def test_other_layers_are_refused(networks):
    for name, kind in (("logits", "Dense"), ("pool", "GlobalAveragePooling2D")):
        with pytest.raises(CnnzooError, match=f"^layer must be a convolution; '{name}' is {kind}$"):
            filters(networks.flat(), name)


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


def test_spectra_of_other_layers_are_refused():
    model = network(np.ones((2, 5)))
    with pytest.raises(CnnzooError, match=r"'conv' is unknown; did you mean conv1"):
        inspection.filter_spectra(model, "conv", RATE)
    with pytest.raises(CnnzooError, match="layer must be a convolution .* 'relu' has no kernel"):
        inspection.filter_spectra(model, "relu", RATE)
    with pytest.raises(CnnzooError, match="sample_rate must be positive; got 0"):
        inspection.filter_spectra(model, "conv1", 0)
    with pytest.raises(CnnzooError, match=r"has a kernel \[5, 5, 1, 6\]"):
        inspection.filter_spectra(cnnzoo.create_model("lenet5"), "conv1", RATE)
