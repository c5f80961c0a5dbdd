"""Each mistake of those who look into a model is told in one sentence."""

import re

import keras
import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import checks
from cnnzoo.inspection.checks import continuous


def refused(sentence):
    return pytest.raises(CnnzooError, match=f"^{re.escape(sentence)}$")


def test_a_layer_that_does_not_exist_gets_near_matches(networks):
    with refused("layer of flat 'conv3' is unknown; did you mean conv2 or conv1?"):
        checks.layer(networks.flat(), "conv3")
    with refused(
        "layer of nested 'body/conv' is unknown; "
        "did you mean body/conv2 or body/conv1 or body/norm?"
    ):
        checks.layer(networks.nested(), "body/conv")


def test_a_model_that_is_not_built_is_refused():
    model = keras.Sequential([keras.layers.Dense(2)], name="fresh")
    with pytest.raises(
        CnnzooError, match="^model must be Functional, or Sequential and built; got"
    ):
        checks.inputs(model, np.zeros((1, 3)))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            np.zeros((2, 9, 8, 2)),
            "inputs must be of shape [batch, 8, 8, 2], as flat takes; got float64 [2, 9, 8, 2]",
        ),
        (
            np.zeros((8, 8, 2)),
            "inputs must be of shape [batch, 8, 8, 2], as flat takes; got float64 [8, 8, 2]",
        ),
        (
            np.array([[1, 2, 3]]),  # Tokens for a network over images.
            "inputs must be of shape [batch, 8, 8, 2], as flat takes; got int64 [1, 3]",
        ),
        (["seven.png"], "inputs must be numbers [batch, 8, 8, 2]; got str288 [1]"),
        (
            np.zeros((0, 8, 8, 2)),
            "inputs must be at least one example of shape [batch, 8, 8, 2]; "
            "got float64 [0, 8, 8, 2]",
        ),
        (np.full((1, 8, 8, 2), np.nan), "inputs must be finite; got NaN or infinity"),
    ],
)
def test_inputs_of_the_wrong_size_rank_or_type_are_refused(networks, given, sentence):
    with refused(sentence):
        checks.inputs(networks.flat(), given)


def test_images_are_refused_by_a_network_over_texts(networks):
    with refused(
        "inputs must be tokens, integers [batch, any], for texts is over texts; "
        "got float32 [3, 8, 8, 2]"
    ):
        checks.inputs(networks.texts(), networks.images())
    with refused("model must take floats, for which there are gradients; texts takes int32"):
        continuous(networks.texts(), np.array([[1, 2]]))


def test_inputs_become_the_type_of_the_model(networks):
    assert checks.inputs(networks.flat(), np.zeros((1, 8, 8, 2), np.uint8)).dtype == np.float32
    assert checks.inputs(networks.texts(), [[1, 2]]).dtype == np.int32


def test_channels_first_is_refused():
    images = keras.Input((2, 8, 8))
    maps = keras.layers.Conv2D(3, 3, data_format="channels_first", name="conv1")(images)
    model = keras.Model(images, maps, name="first")
    with refused("model must put channels last; layer 'conv1' of first puts them first"):
        checks.inputs(model, np.zeros((1, 2, 8, 8)))


def test_several_inputs_or_outputs_are_refused():
    first, second = keras.Input((2,)), keras.Input((2,))
    model = keras.Model([first, second], [keras.layers.Add()([first, second]), first])
    with refused("model must have one input; got 2"):
        checks.inputs(model, np.zeros((1, 2)))
    with refused("model must have one output; got 2"):
        checks.class_count(model)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (3, "class_id must be 0 to 2 for flat; got 3"),
        (-1, "class_id must be 0 to 2 for flat; got -1"),
        (1.0, "class_id must be an integer; got 1.0"),
        ("seven", "class_id must be an integer; got 'seven'"),
        ([0, 1], "class_id must be one class or one for each of 3 examples; got 2"),
    ],
)
def test_a_class_out_of_range_is_refused(networks, given, sentence):
    with refused(sentence):
        checks.classes(networks.flat(), given, 3)


def test_classes_are_one_for_all_or_one_each(networks):
    assert checks.classes(networks.flat(), 2, 3).tolist() == [2, 2, 2]
    assert checks.classes(networks.flat(), [2, 0, 1], 3).tolist() == [2, 0, 1]


def test_a_model_without_classes_is_refused(networks):
    flat = networks.flat()
    maps = keras.Model(flat.inputs, flat.get_layer("conv2").output, name="maps")
    with refused("model must give logits or scores, [batch, classes]; maps gives [batch, 6, 6, 5]"):
        checks.classes(maps, 0, 1)


def test_a_unit_out_of_range_is_refused(networks):
    call = checks.layer(networks.flat(), "conv2")
    assert checks.unit(call, np.int64(4)) == 4
    with refused("unit must be 0 to 4 for layer 'conv2'; got 5"):
        checks.unit(call, 5)


def test_a_layer_without_spatial_extent_is_refused(networks):
    with refused(
        "layer must give feature maps, [batch, *sides, units]; 'logits' of flat gives [batch, 3]"
    ):
        checks.maps(networks.flat(), "logits")
    assert checks.maps(networks.flat(), "conv1").layer.name == "conv1"


def test_fewer_examples_than_asked_are_refused():
    assert checks.count("count", 9, 9, "examples") == 9
    with refused("count must be 1 to 3, the examples there are; got 9"):
        checks.count("count", 9, 3, "examples")
