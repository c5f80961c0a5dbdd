"""Figures of an evaluation, as scikit-learn computes them."""

import numpy as np
import pytest
from sklearn import metrics

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation import draw_ranking, ranking
from cnnzoo.evaluation.figures import figures


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


def test_classes_without_examples():
    scores = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1]], np.float32)
    found = figures(scores, np.array([0, 0]), "abc")
    assert [row["support"] for row in found["classes"]] == [2, 0, 0]
    assert found["macro_f1"] == found["weighted_f1"] == pytest.approx(2 / 3)
    two = np.array([[0.7, 0.3], [0.2, 0.8]], np.float32)
    assert "roc_auc" not in figures(two, np.array([0, 0]), "ab")  # There is one class.


def test_curves_are_those_of_scikit_learn():
    scores, labels = example(2)
    found = ranking(scores[:, 1], labels == 1)
    fallout, recall, _ = metrics.roc_curve(labels, scores[:, 1], drop_intermediate=False)
    assert np.allclose(found.fallout, fallout[1:])
    assert np.allclose(found.recall, recall[1:])
    precision, recall, _ = metrics.precision_recall_curve(labels, scores[:, 1])
    assert np.allclose(found.precision[::-1], precision[:-1])
    assert np.allclose(found.recall[::-1], recall[:-1])


def test_they_are_drawn():
    found = ranking([0.9, 0.8, 0.3, 0.1], [True, False, True, False])
    roc, precise = draw_ranking(found, "spam").axes
    assert roc.lines[0].get_xydata().tolist() == [[0, 0], [0, 0.5], [0.5, 0.5], [0.5, 1], [1, 1]]
    assert roc.get_title() == "ROC, area 75.00%"
    assert precise.lines[0].get_ydata().tolist() == pytest.approx([1, 1 / 2, 2 / 3, 1 / 2])


@pytest.mark.parametrize(
    ("positive", "message"),
    [
        ([True] * 3, "positive must hold examples of both kinds; all are"),
        ([False] * 3, "positive must hold examples of both kinds; none is"),
        ([True, False], "scores and positive must be of the same examples; got 3 and 2"),
    ],
)
def test_one_class_has_no_ranks(positive, message):
    with pytest.raises(CnnzooError, match=f"^{message}$"):
        ranking([0.1, 0.2, 0.3], positive)


def test_evaluate_returns_them(finished_run):
    found = cnnzoo.evaluate(finished_run.path)
    assert {"accuracy_interval", "top5_accuracy", "ece", "brier", "macro_f1"} < set(found)
    low, high = found["accuracy_interval"]
    assert low < found["accuracy"] < high
    assert sum(row["support"] for row in found["classes"]) == found["examples"]
    assert found["accuracy"] <= found["top5_accuracy"] <= 1
