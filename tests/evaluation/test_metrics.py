import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.metrics import score


def test_accuracy_and_loss_by_hand():
    scores = np.array(
        [[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.0, 0.0, 1.0], [0.25, 0.5, 0.25]], "f4"
    )
    result = score(scores, np.array([0, 1, 2, 2]))
    assert result["accuracy"] == 0.75
    expected = -(np.log(0.5) + np.log(0.8) + np.log(1) + np.log(0.25)) / 4
    assert result["loss"] == pytest.approx(expected, rel=1e-6)
    assert result["examples"] == 4


def test_a_score_of_zero_leaves_the_loss_finite():
    assert np.isfinite(score(np.array([[1.0, 0.0]], "f4"), np.array([1]))["loss"])


def test_the_splits_are_those_of_the_recipe(classifier, finished_run):
    sizes = {
        split: cnnzoo.evaluate(classifier, split)["examples"]
        for split in ("train", "validation", "test")
    }
    assert sizes == {"train": 1_500, "validation": 500, "test": 500}
    assert cnnzoo.evaluate(finished_run.path) == cnnzoo.evaluate(classifier)
    with pytest.raises(CnnzooError, match="classifier must be what cnnzoo.load returns, .* got 3"):
        cnnzoo.evaluate(3)
    with pytest.raises(CnnzooError, match="split 'tets' is unknown; did you mean test"):
        cnnzoo.evaluate(classifier, "tets")
