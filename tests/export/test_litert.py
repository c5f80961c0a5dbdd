import threading

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

import cnnzoo
from cnnzoo.datasets import mnist
from cnnzoo.export import scoring as module
from cnnzoo.export.litert import convert, float16, int8
from cnnzoo.export.runtime import LiteRT

DIGITS = mnist.read("test").inputs[:50]


def scores_in_keras(classifier, images):
    return np.asarray(classifier.model(images)["scores"])


def test_scores_are_those_of_keras_whatever_the_order_of_batch_sizes(classifier, digits):
    runtime = LiteRT(convert(classifier.model))
    for size in (1, 6, 2, 6):
        expected = scores_in_keras(classifier, digits[:size])
        assert np.allclose(runtime(digits[:size])[0], expected, atol=1e-6)
    assert np.allclose(classifier.scores(digits), scores_in_keras(classifier, digits), atol=1e-6)


@pytest.mark.parametrize("form", [convert, float16, lambda model: int8(model, DIGITS)])
def test_a_file_has_a_signature_by_name(form, classifier, digits):
    interpreter = Interpreter(model_content=form(classifier.model))
    assert interpreter.get_signature_list() == {
        "serving_default": {"inputs": ["images"], "outputs": ["known", "scores"]}
    }
    found = interpreter.get_signature_runner("serving_default")(images=digits[:1])
    assert np.allclose(found["scores"], scores_in_keras(classifier, digits[:1]), atol=0.05)


def test_threads_do_not_mix_their_scores(classifier, digits):
    runtime = LiteRT(convert(classifier.model))
    expected = [runtime(digits[place : place + 1])[0] for place in range(6)]
    wrong = []

    def ask(place):
        for _ in range(50):
            if not np.array_equal(runtime(digits[place : place + 1])[0], expected[place]):
                wrong.append(place)

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("fault", ["other weights", "no such operation"])
def test_tensorflow_computes_where_litert_differs(fault, finished_run, digits, monkeypatch):
    def faulty(model):
        if fault == "no such operation":
            raise ValueError("LiteRT has no such operation")
        copy = keras.models.clone_model(model)
        for weight in copy.weights:
            weight.assign(np.full(weight.shape, np.nan))
        return convert(copy)

    monkeypatch.setattr(module, "convert", faulty)
    found = cnnzoo.load(finished_run.path)
    loaded = module.from_model(found.model, found.card)
    assert np.allclose(loaded.scores(digits), scores_in_keras(loaded, digits), atol=1e-6)
