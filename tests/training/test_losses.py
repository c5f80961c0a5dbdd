import math

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
