"""Test-time augmentation: its views and their mean, and that every format answers by them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo.config.recipe import VIEWS
from cnnzoo.errors import CnnzooError
from cnnzoo.export.formats import FORMATS
from cnnzoo.layers import MeanOfViews, Views

IMAGE = np.arange(24, dtype=np.float32).reshape(1, 3, 4, 2)
WEIGHTS = {"flip": [1 / 2, 1 / 2], "flip_shift": [1 / 4, 1 / 4] + [1 / 8] * 4}


def expected(kind):
    """Views written out: numpy's padding repeats no border either."""
    wide = np.pad(IMAGE[0], ((1, 1), (1, 1), (0, 0)), mode="reflect")
    images = [IMAGE[0]]
    if kind == "flip_shift":
        images += [wide[:3, :4], wide[2:, 2:]]
    return np.stack([view for image in images for view in (image, image[:, ::-1])])


@pytest.mark.parametrize("kind", WEIGHTS)
def test_views(kind):
    assert VIEWS[kind] == len(WEIGHTS[kind])
    two = np.concatenate([IMAGE, IMAGE + 100])
    found = np.asarray(Views(kind)(two))
    assert np.array_equal(found, np.concatenate([expected(kind), expected(kind) + 100]))
    assert Views(kind).compute_output_shape((2, 3, 4, 2)) == found.shape


@pytest.mark.parametrize("kind", WEIGHTS)
def test_the_mean_of_their_logits(kind):
    logits = np.random.default_rng(0).normal(size=(2, len(WEIGHTS[kind]), 5)).astype(np.float32)
    means = np.exp(np.einsum("bvc,v->bc", logits, WEIGHTS[kind]))
    found = np.asarray(MeanOfViews(kind)(logits.reshape(-1, 5)))
    assert found == pytest.approx(means / means.sum(axis=-1, keepdims=True), rel=1e-5)
    assert MeanOfViews(kind).compute_output_shape((logits.size // 5, 5)) == found.shape


@pytest.fixture(scope="module", params=WEIGHTS)
def run(request, small, tmp_path_factory):
    fields = {**small, "epochs": 1, "views": request.param}
    return cnnzoo.train("mnist_lenet5", out=tmp_path_factory.mktemp("runs") / "run", **fields)


def test_an_answer_is_the_mean_of_the_networks(run, digits):
    classifier = cnnzoo.load(run.path)
    kind = classifier.card["recipe"]["views"]
    values = classifier.prepare(digits)
    assert len(values) == len(digits)  # As given, for whoever looks inside.
    logits = np.asarray(classifier.network(np.asarray(Views(kind)(values))))
    means = np.einsum("bvc,v->bc", logits.reshape(len(digits), -1, 10), WEIGHTS[kind])
    means /= classifier.card["calibration"]["temperature"]
    scores = np.exp(means) / np.exp(means).sum(axis=-1, keepdims=True)
    assert classifier.scores(digits) == pytest.approx(scores, abs=1e-5)
    alone = keras.ops.softmax(classifier.network(values))
    assert np.abs(np.asarray(alone) - scores).max() > 1e-3


def test_every_format_answers_alike(run, proving_here, digits, tmp_path):
    classifier = cnnzoo.load(run.path)
    names = [name for name in FORMATS if name != "micro"]  # Which refuses views.
    with proving_here():  # Which compares the scores.
        found = cnnzoo.export(classifier, tmp_path, formats=names)
    assert [one["format"] for one in found] == names
    loaded = tf.saved_model.load(found[0]["path"])
    _, content = classifier.raw.encode(digits[0])
    explained = loaded.signatures["serving_explain"](tf.constant([content]))
    expected = classifier.scores(digits[:1])
    assert np.asarray(explained["scores"]) == pytest.approx(expected, abs=1e-4)
    assert explained["network_input"].shape[0] == 1  # What is explained is the image as it is.


@pytest.mark.parametrize(
    ("recipe", "views", "message"),
    [
        (
            "mnist_lenet5",
            "twelve",
            "^views must be one of flip, flip_shift, or none; got 'twelve'$",
        ),
        ("sms_spam_text_cnn", "flip", "^views must be none for texts; got 'flip'$"),
    ],
)
def test_what_does_not_fit_is_refused(recipe, views, message, tmp_path):
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.train(recipe, out=tmp_path / "run", views=views)
