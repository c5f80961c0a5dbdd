"""Distillation: labels by arithmetic, a run that resumes exactly, and teachers that do not fit."""

import keras
import numpy as np
import pytest
from stopping import in_parts, same_run

import cnnzoo
from cnnzoo.config.recipe import get_recipe
from cnnzoo.datasets import DATASETS
from cnnzoo.errors import CnnzooError
from cnnzoo.training.distillation import TaughtLoss, Teacher
from cnnzoo.training.losses import loss


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_the_loss_is_that_of_hinton_2015():
    rng = np.random.default_rng(0)
    labels, taught, logits = np.eye(3)[[0, 2]], rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    soft = softmax(taught / 4)
    hard_loss = -(labels * np.log(softmax(logits))).sum(axis=-1)
    soft_loss = -(soft * np.log(softmax(logits / 4))).sum(axis=-1)
    expected = 0.3 * hard_loss + 0.7 * 16 * soft_loss
    both = np.concatenate([labels, soft], axis=1).astype(np.float32)
    found = TaughtLoss(loss("cross_entropy", 0.0, True), 0.7, 4.0).call(
        keras.ops.convert_to_tensor(both), keras.ops.convert_to_tensor(logits.astype(np.float32))
    )
    assert np.asarray(found) == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def teacher(finished_run):
    recipe = get_recipe("mnist_mlp").replace(teacher=str(finished_run.path), temperature=2.0)
    return Teacher(recipe, DATASETS["small_mnist"])


def test_scores_are_softened(teacher, classifier, digits):
    logits = np.asarray(classifier.network(classifier.prepare(digits)))
    assert teacher.scores(digits) == pytest.approx(softmax(logits / 2), abs=1e-4)


@pytest.mark.parametrize("augmentation", [None, "shift2"])
def test_labels_come_with_the_scores_of_what_is_trained_on(
    augmentation, finished_run, small, teacher
):
    from cnnzoo.training.networks import spec_of
    from cnnzoo.training.run_data import run_data

    fields = {**small, "teacher": str(finished_run.path), "temperature": 2.0}
    recipe = get_recipe("mnist_mlp").replace(**fields, augmentation=augmentation)
    found = run_data(recipe, spec_of(recipe, None), DATASETS["small_mnist"])
    ((images, labels),) = found.pipeline.train(start_step=3).take(1)
    plain = recipe.replace(teacher=None)
    plain_data = run_data(plain, spec_of(plain, None), DATASETS["small_mnist"])
    ((same_images, integers),) = plain_data.pipeline.train(start_step=3).take(1)
    assert np.array_equal(images, same_images)
    assert np.array_equal(labels[:, :10], np.eye(10)[integers])
    assert np.asarray(labels[:, 10:]) == pytest.approx(teacher.scores(np.asarray(images)), abs=1e-6)


@pytest.mark.parametrize("augmentation", [None, "pad_crop_flip_mixup"])
def test_a_run_resumes_exactly(augmentation, finished_run, small, tmp_path):
    fields = {**small, "teacher": finished_run.path, "augmentation": augmentation}
    whole = cnnzoo.train("mnist_mlp", out=tmp_path / "whole", **fields)
    assert same_run(in_parts("mnist_mlp", (7, 23 + 5), tmp_path / "parts", **fields), whole)


def test_a_text_network_learns_from_a_text_network(tmp_path):
    texts = [f"{word} {number}" for number in range(60) for word in ("good", "bad")]
    data = cnnzoo.from_examples(texts, ["+", "-"] * 60)
    fields = {"data": data, "epochs": 2, "batch_size": 8}
    first = cnnzoo.train("texts_small", out=tmp_path / "a", **fields)
    second = cnnzoo.train("texts_small", out=tmp_path / "b", teacher=first.path, **fields)
    assert second.accuracy == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("teacher", "sms_spam_text_cnn", r"^teacher must take images of shape \(28, 28, 1\); "),
        ("teacher", "fashion_mnist_basic_cnn", "^teacher must know the classes of small_mnist"),
        ("teacher", "nosuch", "^trained model 'nosuch' is unknown"),
        ("teacher_weight", 0.0, "^teacher_weight must be above 0, and at most 1; got 0.0$"),
        ("temperature", 0.0, "^temperature must be above 0; got 0.0$"),
    ],
)
def test_what_does_not_fit_is_refused(field, value, message, small, tmp_path):
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.train("mnist_mlp", out=tmp_path / "run", **small, **{field: value})
