"""Numbers of C3D from the paper's figure 3 and the authors' configuration."""

import math

import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.models import video_cnn

# Positions of the maps (frames x rows x columns), input maps and filters of each convolution.
CONVOLUTIONS = {
    "conv1a": (16 * 112 * 112, 3, 64),
    "conv2a": (16 * 56 * 56, 64, 128),
    "conv3a": (8 * 28 * 28, 128, 256),
    "conv3b": (8 * 28 * 28, 256, 256),
    "conv4a": (4 * 14 * 14, 256, 512),
    "conv4b": (4 * 14 * 14, 512, 512),
    "conv5a": (2 * 7 * 7, 512, 512),
    "conv5b": (2 * 7 * 7, 512, 512),
}
DENSE = {"fc6": (512 * 4 * 4, 4096), "fc7": (4096, 4096), "logits": (4096, 487)}


@pytest.fixture(scope="module")
def model():
    return cnnzoo.create_model("c3d", input_shape=(16, 16, 16, 3), num_classes=5)


def test_parameters_and_multiply_adds_follow_from_figure_3():
    params = sum(27 * maps * filters + filters for _, maps, filters in CONVOLUTIONS.values())
    params += sum(inputs * units + units for inputs, units in DENSE.values())
    assert video_cnn.VARIANTS["c3d"].params == params
    # With the 101 classes of UCF101, ports of the network count 78,409,573.
    assert params - (487 - 101) * 4097 == 78_409_573
    macs = sum(27 * maps * filters * places for places, maps, filters in CONVOLUTIONS.values())
    assert round(macs / 1e9, 1) == 38.5  # As commonly reported for the convolutions.
    macs += sum(inputs * units for inputs, units in DENSE.values())
    assert video_cnn.VARIANTS["c3d"].macs == macs


@pytest.mark.slow
def test_sizes_are_those_of_figure_3():
    full = cnnzoo.create_model("c3d")
    for name, (places, _, filters) in CONVOLUTIONS.items():
        _, *sides, channels = full.get_layer(name).output.shape
        assert (math.prod(sides), channels) == (places, filters), name
    assert full.get_layer("pool1").output.shape == (None, 16, 56, 56, 64)
    assert full.get_layer("pool5").output.shape == (None, 1, 4, 4, 512)
    for name, shape in DENSE.items():
        assert tuple(full.get_layer(name).kernel.shape) == shape, name


def test_weights_by_layer(model):
    for name, (_, maps, filters) in CONVOLUTIONS.items():
        kernel, bias = model.get_layer(name).get_weights()
        assert kernel.shape == (3, 3, 3, maps, filters), name
        assert bias.shape == (filters,), name


def test_initial_weights_are_those_of_the_authors_configuration(model):
    deviations = {"fc6": 0.005, "fc7": 0.005}
    for name in (*CONVOLUTIONS, *DENSE):
        kernel, bias = model.get_layer(name).get_weights()
        assert kernel.std() == pytest.approx(deviations.get(name, 0.01), rel=0.05), name
        assert set(bias) == {0.0 if name in ("conv1a", "logits") else 1.0}, name


def test_only_the_first_pooling_keeps_all_frames(model):
    frames = [model.get_layer(f"pool{stage}").output.shape[1] for stage in range(1, 6)]
    assert frames == [16, 8, 4, 2, 1]


def test_the_last_pooling_keeps_the_seventh_row(model):
    maps = np.random.default_rng(0).normal(size=(1, 2, 7, 7, 1)).astype("float32")
    pooled = np.asarray(model.get_layer("pool5")(maps))
    assert pooled.shape == (1, 1, 4, 4, 1)
    assert pooled[0, 0, 0, 0, 0] == maps[0, :, :2, :2].max()
    assert pooled[0, 0, 3, 3, 0] == maps[0, :, 6, 6].max()


def test_half_of_the_units_drop_out(model):
    assert [model.get_layer(f"{name}_dropout").rate for name in ("fc6", "fc7")] == [0.5, 0.5]


@pytest.mark.parametrize("wrong", [1, -0.1, "0.5", None])
def test_wrong_dropout_is_refused(wrong):
    with pytest.raises(CnnzooError, match="dropout must be at least 0 and below 1; got"):
        cnnzoo.create_model("c3d", dropout=wrong)
