"""Confident learning, by arithmetic and by cleanlab."""

import numpy as np
import pytest

from cnnzoo.audit.label_errors import confident_joint, suspects

LABELS = np.array([0, 0, 0, 1, 1, 1])
SCORES = np.array(
    [[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9], [0.4, 0.6], [0.6, 0.4]], np.float64
)


def test_an_example_counts_as_the_class_whose_mean_score_it_reaches():
    # Thresholds: (0.9 + 0.7 + 0.2) / 3 = 0.6 of class 0, (0.9 + 0.6 + 0.4) / 3 = 0.633 of class 1.
    # The fifth, with 0.4 and 0.6, reaches neither.
    assert confident_joint(LABELS, SCORES).tolist() == [[2, 1], [1, 1]]
    found = suspects(LABELS, SCORES)
    assert found.places.tolist() == [2, 5]  # Scores of their own labels: 0.2 and 0.4.
    assert found.proposed.tolist() == [1, 0]
    assert found.scores.tolist() == [0.2, 0.4]
    assert found.confident.all()


def test_a_low_score_is_listed_without_confidence():
    """Of a hundred examples, two have low scores; neither reaches the threshold of the other."""
    labels = np.repeat([0, 1], 50)
    scores = np.where(labels[:, None] == [0, 1], 0.95, 0.05)
    scores[7], scores[60] = [0.45, 0.55], [0.02, 0.98]
    found = suspects(labels, scores)
    assert found.places.tolist() == [7]
    assert found.confident.tolist() == [False]


def test_the_joint_is_that_of_cleanlab():
    count = pytest.importorskip("cleanlab.count")
    rng = np.random.default_rng(0)
    scores = rng.dirichlet([0.5] * 4, 500)
    labels = np.where(rng.random(500) < 0.2, rng.integers(0, 4, 500), scores.argmax(axis=1))
    expected = count.compute_confident_joint(labels, scores, calibrate=False)
    ours = confident_joint(labels, scores)
    np.fill_diagonal(expected, np.diag(ours))  # cleanlab puts at least one there.
    assert ours.tolist() == expected.tolist()
