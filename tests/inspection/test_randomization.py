"""What depends on weights passes, and what does not fails."""

import re

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import deconvolve, randomization_test, saliency
from cnnzoo.inspection.attribution import method_of


def edges(model, inputs, classes):
    """Return the size of the gradient of the image itself, whatever the model."""
    return np.hypot(*np.gradient(inputs.sum(axis=-1), axis=(1, 2)))


def of_weights(model, inputs, classes):
    """Return noise that is seeded by the weights."""
    seed = abs(hash(b"".join(one.tobytes() for one in model.get_weights())))
    return np.random.default_rng(seed).normal(size=inputs.shape)


@pytest.fixture
def network(networks):
    return networks.flat((16, 16))


@pytest.fixture
def lenet(digits):
    classifier = cnnzoo.load("mnist_lenet5")
    return classifier.network, classifier.prepare(digits)


def test_an_edge_detector_fails_and_what_weights_alone_decide_passes(network, networks):
    images = networks.images(6, (16, 16))
    found = randomization_test(network, images, edges)
    assert found.layers == ["logits", "conv2", "conv1"]
    assert found.rank_correlations == pytest.approx([1, 1, 1])
    assert found.structural_similarities == pytest.approx([1, 1, 1])
    assert not found.passed
    found = randomization_test(network, images, of_weights)
    assert np.abs(found.rank_correlations).max() < 0.1
    assert found.passed


def test_guided_backpropagation_of_a_trained_network_fails_and_saliency_passes(lenet):
    # Adebayo et al. 2018, section 4: guided backpropagation is invariant to the higher layers.
    guided = randomization_test(*lenet, "guided_backpropagation", steps=2)
    assert guided.layers == ["logits", "conv1"]
    assert guided.rank_correlations[0] > 0.8
    assert not guided.passed
    found = randomization_test(*lenet, "saliency", steps=2)
    assert np.abs(found.rank_correlations).max() < 0.25
    assert found.passed
    assert found.magnitude_correlations[0] > found.rank_correlations[0]


def test_weights_are_put_back_even_after_an_error(network, networks):
    before, images = network.get_weights(), networks.images(2, (16, 16))
    randomization_test(network, images, of_weights)
    assert all(map(np.array_equal, network.get_weights(), before))
    calls = []

    def broken(model, inputs, classes):
        calls.append(model.get_weights())
        return inputs if len(calls) == 1 else 1 / 0

    with pytest.raises(ZeroDivisionError):
        randomization_test(network, images, broken)
    assert all(map(np.array_equal, network.get_weights(), before))
    assert not all(map(np.array_equal, calls[1], before))


def test_a_cascade_keeps_what_is_random_and_layers_alone_are_put_back(network, networks):
    changed = []

    def noting(model, inputs, classes):
        layers = [model.get_layer(name) for name in ("conv1", "conv2", "logits")]
        changed.append([layer.kernel.numpy() for layer in layers])
        return inputs

    def differ():
        first, *others = changed
        return [
            [not np.array_equal(*pair) for pair in zip(one, first, strict=True)] for one in others
        ]

    images = networks.images(2, (16, 16))
    randomization_test(network, images, noting)
    assert differ() == [[False, False, True], [False, True, True], [True, True, True]]
    assert np.array_equal(changed[1][2], changed[3][2])
    assert np.array_equal(np.sort(changed[3][0], axis=None), np.sort(changed[0][0], axis=None))
    changed.clear()
    randomization_test(network, images, noting, order="independent")
    assert differ() == [[False, False, True], [False, True, False], [True, False, False]]


def test_the_seed_decides(network, networks):
    images = networks.images(2, (16, 16))
    first, again, other = (
        randomization_test(network, images, "saliency", steps=2, seed=seed) for seed in (0, 0, 1)
    )
    assert np.array_equal(first.heats, again.heats)
    assert np.array_equal(first.heats[0], other.heats[0])
    assert not np.allclose(first.heats[-1], other.heats[-1])


def test_the_class_stays_that_of_the_trained_network(lenet):
    network, images = lenet
    given = []

    def noting(model, inputs, classes):
        given.append(classes)
        return inputs

    randomization_test(network, images, noting, steps=2)
    top = network.predict(images, verbose=0).argmax(axis=1)
    assert [one.tolist() for one in given] == [top.tolist()] * 3


def test_layers_that_do_not_change_the_logits_are_left_out(networks):
    inputs = keras.Input((8, 8, 2))
    logits = keras.layers.Dense(3, name="logits")(keras.layers.Flatten()(inputs))
    ignored = keras.layers.Dense(3, name="ignored")(logits)
    model = keras.Model(inputs, logits + 0 * ignored, name="two")
    assert randomization_test(model, networks.images(), edges).layers == ["logits"]


def test_guided_backpropagation_is_the_way_back_of_deconvolve(network, networks):
    images = networks.images(1, (16, 16))
    logits = network(images)[0].numpy()
    top = logits.argmax()
    assert logits[top] > 0  # `deconvolve` sends the logit back, here its gradient, 1.
    for name, guided in [("deconvolution", False), ("guided_backpropagation", True)]:
        found = method_of(network, name)(network, images, np.array([top], np.int32))
        expected = deconvolve(network, images, "logits", top, guided=guided)
        assert np.allclose(found * logits[top], expected, atol=1e-6)
    assert not np.allclose(found, saliency(network, images, top))


@pytest.mark.parametrize("method", ["gradient", "integrated_gradients", "occlusion", "grad_cam"])
def test_padding_does_not_count(networks, method):
    model, tokens = networks.texts(), np.array([[1, 2, 3, 4, 5], [5, 6, 7, 8, 1]])
    padded = np.pad(tokens, ((0, 0), (0, 300)))
    found = randomization_test(model, padded, method, steps=2)
    assert found.heats.shape == (3, 2, 305)
    assert found.rank_correlations.max() < 0.999  # Zeros of padding would agree.


def refused(sentence):
    return pytest.raises(CnnzooError, match=f"^{re.escape(sentence)}$")


def test_mistakes_get_one_sentence(network, networks):
    images, texts = networks.images(2, (16, 16)), networks.texts()
    with refused("method 'salience' is unknown; did you mean saliency?"):
        randomization_test(network, images, "salience")
    with refused(
        "method must be for tokens, which texts takes: gradient, integrated_gradients, occlusion, "
        "grad_cam, grad_cam_plus_plus; got 'deconvolution'"
    ):
        randomization_test(texts, np.array([[1, 2]]), "deconvolution")
    with pytest.raises(CnnzooError, match="^method must be for images or sounds, which flat takes"):
        randomization_test(network, images, "gradient")
    with refused("order 'cascade' is unknown; did you mean cascading?"):
        randomization_test(network, images, order="cascade")
    with refused("steps must be at least 2; got 1"):
        randomization_test(network, images, steps=1)
    with refused(
        "method must return heat of the inputs' shape, [2, 16, 16, 2], or without its last side; "
        "got [2]"
    ):
        randomization_test(network, images, lambda model, inputs, classes: classes)
    inputs = keras.Input((8, 8, 2))
    bare = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs), name="bare")
    with refused("model must have weights that its logits depend on, in kernels; bare has none"):
        randomization_test(bare, networks.images())
