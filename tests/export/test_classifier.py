import io
import pickle

import numpy as np
import pytest
from PIL import Image

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.export.scoring import from_model


def png(image):
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0]).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_same_image_gives_the_same_prediction_in_every_form(
    classifier, saved_model, digits, tmp_path
):
    (tmp_path / "digit.png").write_bytes(png(digits[0]))
    np.save(tmp_path / "digit.npy", digits[0])
    forms = [
        tmp_path / "digit.png",
        str(tmp_path / "digit.npy"),
        png(digits[0]),
        digits[0],
        digits[0, ..., 0] / 255,
    ]
    answers = classifier.predict(forms) + cnnzoo.load(saved_model).predict(forms)
    assert len(answers) == 10
    for answer in answers:
        assert answer["scores"] == pytest.approx(answers[0]["scores"], abs=1e-5)
    assert all(answer["scores"] == answers[0]["scores"] for answer in answers[:5])
    names = [str(tmp_path / "digit.png"), str(tmp_path / "digit.npy"), "inputs[2]"]
    assert [answer["input"] for answer in answers[:3]] == names


def test_it_says_what_it_is(classifier):
    assert repr(classifier) == "<Classifier mnist_lenet5: images of 28x28x1, 10 classes>"
    assert repr(cnnzoo.load("sms_spam_text_cnn")) == (
        "<Classifier sms_spam_text_cnn: texts, 2 classes>"
    )


def test_a_prediction_names_the_class_with_the_highest_score(classifier, digits):
    answers = classifier.predict(digits)
    assert [answer["input"] for answer in answers[:2]] == ["inputs[0][0]", "inputs[0][1]"]
    for answer, scores in zip(answers, classifier.scores(digits), strict=True):
        assert answer["scores"] == [float(score) for score in scores]
        assert sum(answer["scores"]) == pytest.approx(1, abs=1e-5)
        assert answer["class_id"] == int(np.argmax(scores))
        assert answer["label"] == str(answer["class_id"])


def test_a_list_is_predicted_in_one_batch(classifier, digits, monkeypatch):
    batches = []
    outputs = classifier.outputs
    monkeypatch.setattr(classifier, "outputs", lambda raw: batches.append(len(raw)) or outputs(raw))
    answers = classifier.predict([*digits, png(digits[0])])
    assert batches == [7]
    assert answers[6]["scores"] == answers[0]["scores"]
    assert classifier.predict([]) == []


def test_the_network_and_what_it_takes_give_the_scores(classifier, saved_model, digits):
    prepared = classifier.prepare(digits)
    assert prepared.shape == (6, 28, 28, 1)
    temperature = classifier.card["calibration"]["temperature"]
    logits = np.asarray(classifier.network(prepared)) / temperature
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(softmax, classifier.scores(digits), atol=1e-5)
    with pytest.raises(CnnzooError, match="must be a run folder, an artifact or a shipped name"):
        cnnzoo.load(saved_model).network  # noqa: B018
    with pytest.raises(CnnzooError, match="must take texts; got one over images"):
        classifier.words(np.zeros((1, 3), int))


def test_scores_do_not_depend_on_the_batch(classifier, digits):
    many = np.concatenate([digits] * 100)
    scores = classifier.scores(many)
    assert scores.shape == (600, 10)
    assert np.allclose(scores[-6:], classifier.scores(digits), atol=1e-6)
    assert classifier.scores(many[:0]).shape == (0, 10)


def test_a_truncated_image_is_refused_with_its_path(classifier, digits, tmp_path):
    photo = Image.fromarray(np.tile(digits[0, ..., 0], (5, 5)))
    for kind in ("PNG", "JPEG"):
        buffer = io.BytesIO()
        photo.save(buffer, kind)
        path = tmp_path / f"cut.{kind.lower()}"
        for share in (0.3, 0.7, 0.95):
            path.write_bytes(buffer.getvalue()[: int(len(buffer.getvalue()) * share)])
            with pytest.raises(CnnzooError, match=f"{path} is damaged: it cannot be decoded"):
                classifier.predict(path)


@pytest.mark.parametrize("wrong", [3, None, {"a": 1}, [[1, 2]]])
def test_inputs_of_another_kind_are_refused(classifier, wrong):
    with pytest.raises(CnnzooError, match=r"inputs.* must"):
        classifier.predict([wrong])
    if not isinstance(wrong, list):
        with pytest.raises(CnnzooError, match=r"inputs.* must"):
            classifier.predict(wrong)


def test_a_pickled_one_answers_alike_and_can_be_looked_into(finished_run, digits):
    found = cnnzoo.load(finished_run.path)
    assert len(found.model.layers) > 2
    again = pickle.loads(pickle.dumps(found))
    assert np.array_equal(again.scores(digits), found.scores(digits))
    assert again.card == found.card
    assert "model" not in vars(again)
    assert len(again.model.layers) == len(found.model.layers)
    heavy = from_model(found.model, found.card)
    with pytest.raises(CnnzooError, match="can be pickled where LiteRT holds it; .* each process"):
        pickle.dumps(heavy)
