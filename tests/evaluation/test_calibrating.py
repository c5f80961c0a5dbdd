"""Calibrated scores, and what is of none of the classes."""

import numpy as np
import pytest
from scipy import optimize
from sklearn.metrics import log_loss

import cnnzoo
from cnnzoo.datasets import Examples, mnist
from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.calibrating import calibrate, fit_familiarity
from cnnzoo.export.assembly import connect, parts_of
from cnnzoo.export.temperature import fit_temperature, tempered
from cnnzoo.layers import Familiarity, KnownWords, Summary


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@pytest.fixture(scope="module", params=[0.4, 1.0, 2.5])
def overconfident(request):
    """Scores whose logits are `temperature` times too large, and labels."""
    draw = np.random.default_rng(0)
    logits = 2 * draw.normal(size=(4_000, 5))
    labels = np.array([draw.choice(5, p=row) for row in softmax(logits)])
    return request.param, softmax(request.param * logits).astype(np.float32), labels


def test_the_temperature_has_the_least_cross_entropy(overconfident):
    temperature, scores, labels = overconfident
    found = fit_temperature(scores, labels)
    logits = np.log(scores.astype(np.float64))
    wanted = optimize.minimize_scalar(
        lambda one: log_loss(labels, softmax(logits / one)), bounds=(0.05, 20), method="bounded"
    )
    assert found == pytest.approx(wanted.x, rel=1e-3)
    assert found == pytest.approx(temperature, rel=0.1)
    assert tempered(scores, found) == pytest.approx(softmax(logits / found), abs=1e-6)


def clouds(count, seed=0):
    """Summaries of two classes around 0 and 4, with correlated features of unlike scales."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 2, count)
    mixing = np.array([[1, 0, 0, 0], [0.9, 0.3, 0, 0], [0, 0, 5, 0], [0, 0, 0, 0.01]])
    return (draw.normal(size=(count, 4)) + 4 * labels[:, None]) @ mixing.T, labels


def test_familiarity_refuses_one_in_a_hundred_and_what_is_far_from_both_classes():
    training, labels = clouds(3_000)
    validation, _ = clouds(2_000, seed=1)
    layer = fit_familiarity(training, labels, validation, [2, 2])
    known = np.asarray(layer(validation.astype(np.float32)))
    assert (known < 0.5).mean() == pytest.approx(0.01, abs=1e-3)
    assert np.median(known) == pytest.approx(0.99, abs=1e-3)
    other, _ = clouds(2_000, seed=2)
    assert (np.asarray(layer(other)) < 0.5).mean() == pytest.approx(0.01, abs=0.006)
    between = training[labels == 0].mean(axis=0) / 2 + training[labels == 1].mean(axis=0) / 2
    across = np.array([[1, -1, 0, 0]])  # Near in each feature, far in their relation.
    assert float(layer(np.float32(between)[None])[0]) < 0.5
    for strange in (training[:1] + 2 * across, 30 + training[:1]):
        assert float(layer(np.float32(strange))[0]) < 0.01


def test_features_that_never_vary_are_no_numbers_gone_wild():
    training, labels = clouds(300)
    constant = np.ones((300, 1))
    both = np.concatenate([training, constant], axis=1)
    layer = fit_familiarity(both, labels, both, [4, 1])
    known = np.asarray(layer(both.astype(np.float32)))
    assert np.isfinite(known).all()
    assert (known < 0.5).mean() == pytest.approx(0.01, abs=5e-3)
    other = np.concatenate([training[:1], [[0.8]]], axis=1).astype(np.float32)
    assert float(layer(other)[0]) < 0.01


def test_familiarity_is_of_the_nearest_center():
    draw = np.random.default_rng(0)
    layer = Familiarity(3, 2)
    layer.build((None, 4))
    directions, centers = draw.normal(size=(4, 3)), draw.normal(size=(2, 4))
    layer.set(directions, centers, 1.5)
    points = draw.normal(size=(20, 4)).astype(np.float32)
    squares = [np.square((points - center) @ directions).sum(axis=1) for center in centers]
    wanted = 1 / (1 + np.exp(np.min(squares, axis=0) - 1.5))
    assert np.asarray(layer(points)) == pytest.approx(wanted, abs=1e-5)
    again = Familiarity.from_config(layer.get_config())
    assert (again.size, again.classes) == (3, 2)


def test_summaries_are_roots_of_means_over_positions():
    draw = np.random.default_rng(0)
    maps, vectors = draw.normal(size=(6, 4, 5, 3)), draw.normal(size=(6, 2))
    means = np.concatenate([maps.mean(axis=(1, 2)), vectors], axis=1)
    roots = np.sign(means) * np.sqrt(np.abs(means))
    assert np.asarray(Summary()([maps, vectors])) == pytest.approx(roots, abs=1e-6)
    of_views = means.reshape(3, 2, 5).mean(axis=1)
    roots = np.sign(of_views) * np.sqrt(np.abs(of_views))
    assert np.asarray(Summary("flip")([maps, vectors])) == pytest.approx(roots, abs=1e-6)


def test_the_share_of_known_words():
    tokens = np.array([[5, 1, 7, 0], [1, 1, 0, 0], [0, 0, 0, 0]], np.int32)
    assert np.asarray(KnownWords()(tokens)) == pytest.approx(np.array([[2 / 3], [0], [0]]))


@pytest.fixture(scope="module")
def run(small, tmp_path_factory):
    fields = {**small, "dataset": "mnist", "validation": 2_000, "epochs": 1}
    return cnnzoo.train("mnist_lenet5", out=tmp_path_factory.mktemp("runs") / "run", **fields)


def test_a_run_ends_calibrated_and_knows_what_is_no_digit(run):
    classifier = cnnzoo.load(run.path)
    card, images = classifier.card, np.asarray(mnist.read("test").inputs[:2_000])
    assert card["calibration"]["examples"] == card["unknown"]["examples"] == 2_000
    plain = connect(
        parts_of(classifier.model)._replace(temperature=1.0, familiarity=None),
        classifier.model.inputs[0],
    )
    scores = np.asarray(plain(images))
    assert np.array_equal(scores.argmax(axis=1), classifier.scores(images).argmax(axis=1))
    expected = tempered(scores, card["calibration"]["temperature"])
    assert classifier.scores(images) == pytest.approx(expected, abs=1e-5)
    known = classifier.outputs(images)[1]
    assert (known < 0.5).mean() < 0.03
    noise = np.random.default_rng(0).integers(0, 256, (200, 28, 28, 1)).astype(np.uint8)
    blocks = np.kron(noise[:, ::7, ::7], np.ones((1, 7, 7, 1), np.uint8))
    for strange in (noise, blocks, np.zeros_like(noise[:1]), 255 - images[:200]):
        assert (classifier.outputs(strange)[1] < 0.5).mean() > 0.95
    found = cnnzoo.evaluate(run.path)
    assert found["accuracy"] == run.accuracy
    assert set(found["uncalibrated"]) == {"loss", "ece", "brier"}
    assert found["uncalibrated"]["loss"] == pytest.approx(
        log_loss(mnist.read("test").labels, np.asarray(plain(mnist.read("test").inputs))), abs=1e-4
    )


def test_answers_name_what_is_unknown(run):
    classifier = cnnzoo.load(run.path)
    blank, digit = np.zeros((28, 28, 1), np.uint8), mnist.read("test").inputs[0]
    one, other = classifier.predict([blank, digit])
    assert (one["label"], other["label"]) == ("unknown", "7")
    assert one["known"] < 0.5 <= other["known"]
    assert one["class_id"] == int(np.argmax(one["scores"]))
    assert classifier.predict([blank], threshold=0)[0]["label"] == str(one["class_id"])
    assert classifier.predict([digit], threshold=1)[0]["label"] == "unknown"
    (streamed,) = classifier.predict_stream([digit], threshold=1)
    assert streamed["label"] == "unknown"
    for wrong in (-0.1, 1.5, "0.5", True):
        with pytest.raises(CnnzooError, match="^threshold must be from 0 to 1; got "):
            classifier.predict([digit], threshold=wrong)


def test_it_is_fitted_again_from_the_networks_own_logits(run):
    classifier, data = cnnzoo.load(run.path), mnist.read("train")
    again = calibrate(
        calibrate(
            classifier, data.inputs[:500], Examples(data.inputs[500:900], data.labels[500:900])
        ),
        data.inputs[:500],
        Examples(data.inputs[500:900], data.labels[500:900]),
    )
    once = calibrate(
        classifier, data.inputs[:500], Examples(data.inputs[500:900], data.labels[500:900])
    )
    assert again.card == once.card
    assert np.array_equal(again.outputs(data.inputs[:50])[1], once.outputs(data.inputs[:50])[1])


def test_too_little_validation_data_is_said(run, capsys):
    classifier, data = cnnzoo.load(run.path), mnist.read("train")
    few = calibrate(classifier, data.inputs[:200], data.select(np.arange(200, 299)))
    assert "a temperature needs 100 validation examples; got 99" in capsys.readouterr().err
    assert "calibration" not in few.card
    assert "unknown" not in few.card
    labels = classifier.scores(data.inputs[:200]).argmax(axis=1)
    right = calibrate(classifier, data.inputs[:200], Examples(data.inputs[:200], labels))
    message = "a temperature needs 10 mistakes in the validation data; got 0 in 200 examples"
    assert message in capsys.readouterr().err
    assert "calibration" not in right.card
    assert "unknown" in right.card
    assert few.threshold is None
    assert "known" not in few.predict([data.inputs[0]])[0]
    with pytest.raises(CnnzooError, match="^threshold must be none or 0 for mnist_lenet5, which "):
        few.predict([data.inputs[0]], threshold=0.3)


def test_a_class_may_be_called_unknown(run):
    classifier, data = cnnzoo.load(run.path), mnist.read("train")
    classifier.card["class_names"] = ["unknown", *"123456789"]
    found = calibrate(classifier, data.inputs[:200], data.select(np.arange(200, 400)))
    assert found.card["unknown"]["label"] == "none of the classes"
