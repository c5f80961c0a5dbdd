"""Ways back through a network against transposes written out in NumPy."""

import keras
import numpy as np
import pytest

from cnnzoo.inspection import deconvolve

RNG = np.random.default_rng(6)


def transposed(signal, kernel):
    """Return what a "valid" convolution with `kernel`, `[k, k, in, out]`, sends back."""
    size = len(kernel)
    rows, columns, _ = signal.shape
    back = np.zeros((rows + size - 1, columns + size - 1, kernel.shape[2]))
    for row in range(rows):
        for column in range(columns):
            back[row : row + size, column : column + size] += kernel @ signal[row, column]
    return back


def strongest(maps, unit):
    """Return `maps` with only the unit's greatest activation."""
    signal = np.zeros_like(maps)
    place = np.unravel_index(maps[..., unit].argmax(), maps.shape[:2])
    signal[(*place, unit)] = maps[(*place, unit)]
    return signal


def convolved(values, kernel):
    rows, columns = values.shape[0] - len(kernel) + 1, values.shape[1] - len(kernel) + 1
    return np.array(
        [
            [
                np.einsum("ijc,ijco->o", values[r : r + len(kernel), c : c + len(kernel)], kernel)
                for c in range(columns)
            ]
            for r in range(rows)
        ]
    )


def network(relu):
    keras.utils.set_random_seed(8)
    images = keras.Input((8, 7, 2))
    maps = keras.layers.Conv2D(4, 3, use_bias=False, name="conv1")(images)
    maps = {
        "none": lambda maps: maps,
        "layer": keras.layers.ReLU(),
        "activation": keras.layers.Activation("relu"),
        "operation": keras.ops.relu,
    }[relu](maps)
    maps = keras.layers.Conv2D(3, 2, use_bias=False, name="conv2")(maps)
    logits = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(maps))
    return keras.Model(images, logits)


def test_without_relus_it_is_the_transpose():
    model, values = network("none"), RNG.normal(size=(2, 8, 7, 2)).astype("float32")
    first, second = (model.get_layer(name).get_weights()[0] for name in ("conv1", "conv2"))
    found = deconvolve(model, values, "conv2", 1)
    for place, image in enumerate(values):
        signal = strongest(convolved(convolved(image, first), second), 1)
        assert np.allclose(found[place], transposed(transposed(signal, second), first), atol=1e-4)


@pytest.mark.parametrize("relu", ["layer", "activation", "operation"])
@pytest.mark.parametrize("guided", [False, True])
def test_relus_of_every_kind_pass_on_what_is_positive_on_the_way_back(relu, guided):
    model, values = network(relu), RNG.normal(size=(2, 8, 7, 2)).astype("float32")
    first, second = (model.get_layer(name).get_weights()[0] for name in ("conv1", "conv2"))
    found = deconvolve(model, values, "conv2", 1, guided=guided)
    for place, image in enumerate(values):
        maps = convolved(image, first)
        signal = strongest(convolved(np.maximum(maps, 0), second), 1)
        signal = np.maximum(transposed(signal, second), 0) * ((maps > 0) if guided else 1)
        assert np.allclose(found[place], transposed(signal, first), atol=1e-4)


def test_pooled_signals_go_back_to_where_the_maximum_was():
    images = keras.Input((4, 1))
    maps = keras.layers.MaxPooling1D(2, name="pool")(images)
    model = keras.Model(images, keras.layers.Flatten()(maps))
    found = deconvolve(model, np.array([[[1.0], [5], [2], [3]]]), "pool", 0)
    assert found[0, :, 0].tolist() == [0, 5, 0, 0]


def test_an_activation_within_a_convolution_and_nested_models_work_too(networks):
    images = networks.images()
    expected = deconvolve(networks.flat(), images, "conv2", 2)
    assert np.abs(expected).max() > 0
    assert np.allclose(deconvolve(networks.nested(), images, "body/conv2", 2), expected, atol=1e-6)
