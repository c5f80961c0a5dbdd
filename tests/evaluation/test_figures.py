"""Figures of an evaluation, as scikit-learn computes them."""

import numpy as np
import pytest
from sklearn import metrics

import cnnzoo
from cnnzoo.evaluation.figures import calibration_error, figures


def example(classes, count=500, seed=0):
    """Scores, some of them equal, and labels; the last class is never predicted."""
    draw = np.random.default_rng(seed)
    logits = np.round(draw.normal(size=(count, classes)), 1)
    labels = draw.integers(0, classes, count)
    logits[np.arange(count), labels] += 1
    if classes > 2:
        logits[:, -1] = -9
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return scores.astype(np.float32), labels


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_they_are_those_of_scikit_learn(classes):
    scores, labels = example(classes)
    names = [f"class {one}" for one in range(classes)]
    found = figures(scores, labels, names)
    wanted = metrics.classification_report(
        labels, scores.argmax(axis=1), output_dict=True, zero_division=0, target_names=names
    )
    for row in found["classes"]:
        expected = wanted[row["label"]]
        assert row["support"] == expected["support"]
        for name, key in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
            assert row[name] == pytest.approx(expected[key], abs=1e-12)
    assert found["macro_f1"] == pytest.approx(wanted["macro avg"]["f1-score"], abs=1e-12)
    assert found["weighted_f1"] == pytest.approx(wanted["weighted avg"]["f1-score"], abs=1e-12)
    brier = np.mean(np.sum((scores - np.eye(classes)[labels]) ** 2, axis=1))
    assert found["brier"] == pytest.approx(brier, abs=1e-6)
    if classes > 5:
        turned = classes - 1 - labels, scores[:, ::-1]  # Of equal scores, the first class counts.
        top = metrics.top_k_accuracy_score(*turned, k=5, labels=range(classes))
        assert found["top5_accuracy"] == pytest.approx(top, abs=1e-12)
    assert ("top5_accuracy" in found) == (classes > 5)
    assert ("roc_auc" in found) == (classes == 2)
    if classes == 2:
        assert found["roc_auc"] == pytest.approx(metrics.roc_auc_score(labels, scores[:, 1]))
        wanted = metrics.average_precision_score(labels, scores[:, 1])
        assert found["average_precision"] == pytest.approx(wanted)


def test_calibration_error_by_hand():
    """Bins are 1/15 wide: 0.9 and 0.91 share one, 0.6 lies at the end of another."""
    confidences = np.array([0.9, 0.91, 0.6, 0.55])
    right = np.array([True, False, True, False])
    wanted = abs((1 - 0.9) + (0 - 0.91)) + abs((1 - 0.6) + (0 - 0.55))
    assert calibration_error(confidences, right) == pytest.approx(wanted / 4)
    assert calibration_error(np.ones(3), np.ones(3, bool)) == 0
    assert calibration_error(np.array([1 / 3, 1.0]), np.array([True, True])) == pytest.approx(1 / 3)


def test_classes_without_examples():
    """They count in a mean where they are predicted."""
    scores = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1]], np.float32)
    found = figures(scores, np.array([0, 0]), "abc")
    assert [row["support"] for row in found["classes"]] == [2, 0, 0]
    assert found["macro_f1"] == pytest.approx(np.mean([2 / 3, 0]))
    one = figures(scores[:, :2], np.array([0, 0]), "ab")
    assert "roc_auc" not in one  # There is one class.


def test_evaluate_returns_them(finished_run):
    found = cnnzoo.evaluate(finished_run.path)
    assert {"accuracy_interval", "top5_accuracy", "ece", "brier", "macro_f1"} < set(found)
    low, high = found["accuracy_interval"]
    assert low < found["accuracy"] < high
    assert sum(row["support"] for row in found["classes"]) == found["examples"]
    assert found["accuracy"] <= found["top5_accuracy"] <= 1
