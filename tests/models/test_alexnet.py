"""Numbers of both AlexNets, from the paper's section 3.5 and figure 2, and by hand."""

import math

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.models import alexnet

# Kernels (filters, rows and columns, the maps that one filter sees) and the places they are put.
CONVOLUTIONS = {
    "alexnet_2012": (
        *((96, 11, 3, 55), (256, 5, 48, 27)),
        *((384, 3, 256, 13), (384, 3, 192, 13), (256, 3, 192, 13)),
    ),
    "alexnet": (
        *((64, 11, 3, 55), (192, 5, 64, 27)),
        *((384, 3, 192, 13), (256, 3, 384, 13), (256, 3, 256, 13)),
    ),
}
DENSE = ((6 * 6 * 256, 4096), (4096, 4096), (4096, 1000))

both = pytest.mark.parametrize("name", ["alexnet_2012", "alexnet"])


@both
def test_the_table_follows_from_the_kernels(name):
    row = alexnet.VARIANTS[name]
    kernels = CONVOLUTIONS[name]
    params = sum(filters * (size**2 * seen + 1) for filters, size, seen, _ in kernels)
    assert row.params == params + sum((seen + 1) * units for seen, units in DENSE)
    macs = sum(side**2 * filters * size**2 * seen for filters, size, seen, side in kernels)
    assert row.macs == macs + sum(seen * units for seen, units in DENSE)


def test_the_published_sizes():
    assert alexnet.VARIANTS["alexnet_2012"].params // 10**6 == 60  # The paper: 60 million.
    assert alexnet.VARIANTS["alexnet"].params == 61_100_840  # torchvision.
    assert round(alexnet.VARIANTS["alexnet"].macs / 1e9, 3) == 0.714  # torchvision.


@both
def test_maps_and_parameters_layer_by_layer(name):
    model = cnnzoo.create_model(name)
    prefixes = ["tower1_", "tower2_"] if name == "alexnet_2012" else [""]
    for prefix in prefixes:
        for place, (filters, size, seen, side) in enumerate(CONVOLUTIONS[name], start=1):
            layer = model.get_layer(f"{prefix}conv{place}")
            made = filters // len(prefixes)
            assert layer.kernel.shape == (size, size, seen, made)
            assert layer.output.shape[1:] == (side, side, made)
        pools = [model.get_layer(f"{prefix}pool{place}").output.shape[1] for place in (1, 2, 5)]
        assert pools == [27, 13, 6]
    dense = [model.get_layer(layer).kernel.shape for layer in ("dense1", "dense2", "logits")]
    assert dense == list(DENSE)


def test_neurons_in_the_feature_maps_of_the_paper():
    # Section 3.5, but for its 253,440 of conv1, which 96 maps of one size cannot have.
    neurons = [side**2 * filters for filters, _, _, side in CONVOLUTIONS["alexnet_2012"]]
    assert neurons == [290_400, 186_624, 64_896, 64_896, 43_264]


def test_the_towers_meet_in_the_third_convolution_and_not_before():
    model = cnnzoo.create_model("alexnet_2012", input_shape=(67, 67, 3))
    outputs = [model.get_layer(f"tower1_{layer}").output for layer in ("pool2", "conv3")]
    part = keras.Model(model.input, outputs)
    images = np.random.default_rng(0).normal(size=(1, 67, 67, 3)).astype("float32")
    before = [np.asarray(maps) for maps in part(images)]
    layer = model.get_layer("tower2_conv1")
    layer.set_weights([5 * weight for weight in layer.get_weights()])
    after = [np.asarray(maps) for maps in part(images)]
    assert np.array_equal(before[0], after[0])
    assert not np.allclose(before[1], after[1], rtol=1e-3)


@pytest.mark.parametrize("place", [4, 5])
def test_the_later_convolutions_stay_in_their_tower(place):
    model = cnnzoo.create_model("alexnet_2012", input_shape=(67, 67, 3))
    for tower in (1, 2):
        before = model.get_layer(f"tower{tower}_conv{place - 1}").output
        assert model.get_layer(f"tower{tower}_conv{place}").input is before


def test_response_normalization_has_the_constants_of_section_3_3():
    model = cnnzoo.create_model("alexnet_2012", input_shape=(67, 67, 3))
    for layer in (f"tower{tower}_norm{place}" for tower in (1, 2) for place in (1, 2)):
        config = model.get_layer(layer).get_config()
        assert [config[key] for key in ("k", "size", "alpha", "beta")] == [2, 5, 1e-4, 0.75]
    single = cnnzoo.create_model("alexnet", input_shape=(63, 63, 3))
    assert not any("norm" in layer.name for layer in single.layers)


@both
def test_initial_weights_are_those_of_section_5(name):
    model = cnnzoo.create_model(name, input_shape=(67, 67, 3))
    for layer in model.layers:
        if not layer.weights or not hasattr(layer, "kernel"):
            continue
        kernel, bias = (np.asarray(weight) for weight in layer.get_weights())
        # Means of n draws lie within 5 / sqrt(n) standard deviations of zero.
        assert abs(kernel.mean()) < 5 * 0.01 / math.sqrt(kernel.size), layer.name
        assert kernel.std() == pytest.approx(0.01, rel=0.05), layer.name
        ones = ("conv2", "conv4", "conv5", "dense1", "dense2")
        assert set(bias) == {1.0 if layer.name.endswith(ones) else 0.0}, layer.name


@both
def test_dropout_follows_both_hidden_dense_layers(name):
    for expected, options in ((0.5, {}), (0.1, {"dropout": 0.1})):
        model = cnnzoo.create_model(name, input_shape=(67, 67, 3), **options)
        names = [layer.name for layer in model.layers]
        assert names[-5:] == ["dense1", "dropout1", "dense2", "dropout2", "logits"]
        assert [model.get_layer(f"dropout{place}").rate for place in (1, 2)] == [expected] * 2


@pytest.mark.parametrize(("name", "smallest"), [("alexnet_2012", 67), ("alexnet", 63)])
def test_the_smallest_images_leave_one_row_and_column(name, smallest):
    model = cnnzoo.create_model(name, input_shape=(smallest, smallest, 3))
    assert model.get_layer("flatten").output.shape == (None, 256)
    with pytest.raises(CnnzooError, match=f"must be at least {smallest}x{smallest} for {name}"):
        cnnzoo.create_model(name, input_shape=(smallest - 1, smallest, 3))


@pytest.mark.parametrize("wrong", [-0.1, 1, "much", None])
def test_dropout_must_be_a_fraction(wrong):
    with pytest.raises(CnnzooError, match=f"dropout must be at least 0 and below 1; got {wrong!r}"):
        cnnzoo.create_model("alexnet", dropout=wrong)
