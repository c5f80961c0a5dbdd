"""The nearest examples against a search in NumPy."""

import numpy as np
import pytest

import cnnzoo
from cnnzoo.datasets import mnist
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import feature_maps, nearest_examples


def test_they_are_those_of_a_search_through_all(networks):
    model, images = networks.flat(), networks.images(200)
    found = nearest_examples(model, images, "conv2", 3, count=5)
    maps = feature_maps(model, images, "conv2")[..., 3]
    peaks = [(-one.max(), place) for place, one in enumerate(maps)]
    assert found.places.tolist() == [place for _, place in sorted(peaks)[:5]]
    for place, activation, position in zip(*found[:3], strict=True):
        assert maps[place].max() == activation == maps[(place, *position)]


def test_the_patch_alone_gives_the_activation():
    classifier = cnnzoo.load("mnist_lenet5")
    images = classifier.prepare(mnist.read("test").inputs[:60])
    found = nearest_examples(classifier.network, images, "conv2", 3, count=4)
    assert [patch.shape for patch in found.patches if patch.shape == (14, 14, 1)]
    for place, activation, box, patch in zip(
        found.places, found.activations, found.boxes, found.patches, strict=True
    ):
        (top, bottom), (left, right) = box
        assert (patch == images[place, top:bottom, left:right]).all()
        alone = np.random.default_rng(0).normal(size=(1, 28, 28, 1)).astype("float32")
        alone[0, top:bottom, left:right] = patch
        again = feature_maps(classifier.network, alone, "conv2")[0, ..., 3]
        assert np.isclose(again, activation, atol=1e-4).any()


def test_of_equal_examples_the_first_comes_first(networks):
    images = np.repeat(networks.images(1), 4, axis=0)
    assert nearest_examples(networks.flat(), images, "conv1", 0, 3).places.tolist() == [0, 1, 2]


def test_units_that_see_all_have_whole_inputs(networks):
    images = networks.images()
    found = nearest_examples(networks.flat(), images, "logits", 1, 2)
    assert found.positions.shape == (2, 0)
    assert (found.patches[0] == images[found.places[0]]).all()
    assert (found.boxes == [[0, 8], [0, 8]]).all()


def test_the_words_that_excite_a_unit_over_texts(networks):
    model, tokens = networks.texts(), np.random.default_rng(0).integers(1, 9, (20, 6))
    found = nearest_examples(model, tokens, "conv1", 2, 1)
    maps = feature_maps(model, tokens, "conv1")[..., 2]
    place, step = np.unravel_index(maps.argmax(), maps.shape)
    assert found.places[0] == place
    assert found.patches[0].tolist() == tokens[place, max(step - 1, 0) : step + 2].tolist()


def test_fields_in_nested_models_are_those_of_the_flat_one(networks):
    images = networks.images(20)
    expected = nearest_examples(networks.flat(), images, "conv2", 3)
    found = nearest_examples(networks.nested(), images, "body/conv2", 3)
    assert (found.boxes == expected.boxes).all()
    assert (found.places == expected.places).all()


def test_fewer_examples_than_asked_are_refused(networks):
    with pytest.raises(CnnzooError, match="^count must be 1 to 3, the inputs there are; got 9$"):
        nearest_examples(networks.flat(), networks.images(), "conv1", 0)
