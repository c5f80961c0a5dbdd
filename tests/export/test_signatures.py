import numpy as np
import pytest
import tensorflow as tf

import cnnzoo


@pytest.fixture(scope="module")
def loaded(saved_model):
    return tf.saved_model.load(saved_model)


def test_the_best_five_classes_are_named(loaded, classifier, digits):
    answer = loaded.signatures["serving_default"](images=tf.constant(digits))
    order = np.argsort(-classifier.scores(digits), axis=1)[:, :5]
    names = np.array(classifier.class_names)
    assert (answer["top_labels"].numpy().astype("U") == names[order]).all()
    assert (np.diff(answer["top_scores"].numpy(), axis=1) <= 0).all()
    assert (answer["top_labels"].numpy()[:, 0] == answer["label"].numpy()).all()


def test_features_are_what_enters_the_logits(loaded, classifier, digits):
    features = loaded.signatures["serving_features"](images=tf.constant(digits))["features"]
    kernel, bias = classifier.model.get_layer("lenet5").get_layer("logits").get_weights()
    logits = features.numpy() @ kernel + bias
    logits /= classifier.card["calibration"]["temperature"]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(scores, classifier.scores(digits), atol=1e-5)


def test_an_explanation_comes_with_the_prediction_it_explains(loaded, classifier, digits):
    contents = tf.constant([tf.io.encode_png(image).numpy() for image in digits])
    found = loaded.signatures["serving_explain"](image_bytes=contents)
    assert np.allclose(found["scores"], classifier.scores(digits), atol=1e-5)
    assert found["heat"].shape == (6, 28, 28)
    standardized = classifier.model.get_layer("standardize")(digits)
    assert np.allclose(found["network_input"], standardized)
    assert found["feature_maps"].shape == (6, 10, 10, 16)


def test_texts_are_explained_word_by_word(tmp_path):
    from cnnzoo.export.folding import folded
    from cnnzoo.export.signatures import ServingGraph

    fields = {"epochs": 1, "batch_size": 500, "validation": 3_000}
    run = cnnzoo.train("sms_spam_text_cnn", out=tmp_path / "run", **fields)
    classifier = cnnzoo.load(run.path)
    functions = ServingGraph(folded(classifier.model), classifier.card).functions
    assert set(functions) == {"serving_default", "serving_features", "serving_explain"}
    texts = ["free prize call now", "see you at home"]
    found = functions["serving_explain"](tf.constant(texts))
    rows = [[word.decode() for word in row if word] for row in found["tokens"].numpy()]
    assert rows[0] == texts[0].split()
    assert rows[1] == texts[1].split()
    assert found["heat"].shape == found["tokens"].shape
    assert np.allclose(found["scores"], classifier.scores(texts), atol=1e-5)
    # One text takes the tokenizer's plain Python, several its graph.
    assert np.allclose(classifier.scores(texts[:1]), classifier.scores(texts)[:1], atol=1e-6)
