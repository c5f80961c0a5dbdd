"""Whether heat depends on the weights is said below each picture of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from cnnzoo.inspection.randomization import RandomizationTest
from cnnzoo.report import randomized


def outcome(method, *correlations):
    values = np.array(correlations)
    return RandomizationTest(method, ["b", "a"], np.zeros((3, 5, 2, 2)), values, values, values)


@pytest.fixture
def subject():
    found = {
        "saliency": (0.01, -0.5),
        "integrated_gradients": (0.19, 0.1),
        "occlusion": (0.02, 0.21),
        "deconvolution": (0.2, 0.1),
        "guided_backpropagation": (0.9, 0.5),
    }
    return SimpleNamespace(randomized={name: outcome(name, *pair) for name, pair in found.items()})


def test_what_passes_what_fails_and_what_is_not_shown_is_said(subject):
    assert randomized.verdict(subject, ["saliency", "integrated_gradients"]) == (
        "Test with random weights: saliency and integrated gradients depend on the weights of this "
        "network: with random weights, the heat changes. Not shown: occlusion, deconvolution "
        "and guided backpropagation, which fail here."
    )
    found = randomized.verdict(subject, ["guided_backpropagation"])
    assert "guided backpropagation fails: with random weights, the heat stays much the" in found
    assert "depend on" not in found


def test_the_table_has_a_row_per_method(subject):
    rows = randomized.table(subject).rows
    assert [row[-1] for row in rows] == ["yes", "yes", "no, fails", "no, fails", "no, fails"]
    assert rows[1] == ("integrated gradients", "0.19", "0.10", "0.10", "yes")
    assert "5 examples" in randomized.table(subject).caption
