import math

import keras
import numpy as np
import pytest

from cnnzoo.training.losses import loss

LOGITS = np.log(np.array([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]], np.float32))
LABELS = np.array([2, 0])
SHARES = np.eye(3, dtype=np.float32)[LABELS]


@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None], SHARES])
@pytest.mark.parametrize(
    ("name", "smoothing", "expected"),
    [
        ("cross_entropy", 0.0, -(math.log(0.5) + math.log(0.1)) / 2),
        (
            "cross_entropy",
            0.3,  # 0.8 of a label stays with its class, 0.1 goes to each other one.
            -(
                0.8 * math.log(0.5)
                + 0.1 * math.log(0.2 * 0.3)
                + 0.8 * math.log(0.1)
                + 0.1 * math.log(0.8 * 0.1)
            )
            / 2,
        ),
    ],
)
def test_losses_on_softmax_scores(labels, name, smoothing, expected):
    if labels is not SHARES and name == "cross_entropy" and not smoothing:
        assert float(loss(name, 0.0, soft_labels=False)(labels, LOGITS)) == pytest.approx(expected)
    found = float(loss(name, smoothing, soft_labels=True)(labels, LOGITS))
    assert found == pytest.approx(expected, rel=1e-5)


def test_margin_is_that_of_the_capsules():
    # Equation 4 of Sabour et al. 2017 with lengths 0.95, 0.5 and 0.05; the class is the second.
    lengths = np.array([[0.95, 0.5, 0.05]], np.float32)
    logits = np.log(lengths / (1 - lengths))
    expected = 0.5 * 0.85**2 + 0.4**2
    for labels in (np.array([1]), np.array([[0.0, 1.0, 0.0]], np.float32)):
        assert float(loss("margin", 0.0, soft_labels=False)(labels, logits)) == pytest.approx(
            expected, rel=1e-4
        )


@pytest.mark.parametrize("soft_labels", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_class_weights_are_those_of_keras(soft_labels, smoothing):
    random = np.random.default_rng(0)
    inputs = random.normal(size=(40, 4)).astype(np.float32)
    labels = random.integers(0, 3, 40)
    shares = np.eye(3, dtype=np.float32)[labels]

    def trained(loss_of, labels, **how):
        keras.utils.set_random_seed(0)
        network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        network.compile("sgd", loss_of)
        losses = network.fit(inputs, labels, batch_size=10, epochs=3, verbose=0, **how)
        return losses.history["loss"], network.get_weights()

    plain = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    expected = trained(plain, shares, class_weight={0: 3.0, 1: 0.25, 2: 1.0})
    weighted = loss("cross_entropy", smoothing, soft_labels, [3.0, 0.25, 1.0])
    found = trained(weighted, shares if soft_labels else labels)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
    for one, other in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_mixed_labels_are_weighted_by_share():
    mixed = np.array([[0.25, 0.0, 0.75]], np.float32)
    plain = float(loss("cross_entropy", 0.0, True)(mixed, LOGITS[:1]))
    weighted = float(loss("cross_entropy", 0.0, True, [4.0, 9.0, 2.0])(mixed, LOGITS[:1]))
    assert weighted == pytest.approx(plain * (0.25 * 4 + 0.75 * 2), rel=1e-5)
