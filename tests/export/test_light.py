"""Trained networks that answer without TensorFlow and Keras."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import cnnzoo
from cnnzoo import weights
from cnnzoo.cleaning import CLEANINGS
from cnnzoo.errors import CnnzooError
from cnnzoo.export.runtime import LITERT, TOKENIZER
from cnnzoo.files import read_sealed, write_sealed
from cnnzoo.pipelines.card_data import dataset_of

BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras"):
            raise ImportError(f"{name} must not be needed")

sys.meta_path.insert(0, Blocked())
"""
PREDICT = ("-m", "cnnzoo", "predict", "--json")
ENGINE = """
import json, sys
from pathlib import Path
import numpy as np
from cnnzoo.errors import CnnzooError
from cnnzoo.serving.engine import Engine

signatures = Engine(Path(sys.argv[1])).signatures
content = Path(sys.argv[2]).read_bytes()
found = signatures["serving_bytes"]({"image_bytes": np.array([content], object)})
found = {name: found[name].tolist() for name in ("label", "scores")}
try:
    signatures["serving_features"]({"images": np.zeros((1, 28, 28, 1), np.uint8)})
except CnnzooError as error:
    found["error"] = str(error)
print(json.dumps(found))
"""
FACTS = {
    "format": 1,
    "level": "word",
    "cleaning": CLEANINGS["lower"]._asdict(),
    "length": 5,
    "shortest": 5,
    "padding": "end",
    "truncation": "end",
    "backwards": False,
    "vocabulary": ["good", "bad"],
}


@pytest.fixture
def without_keras(tmp_path):
    """Function that runs Python where TensorFlow and Keras cannot be imported."""
    (tmp_path / "sitecustomize.py").write_text(BLOCKED)
    search = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": search},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def picture(classifier, digits, tmp_path):
    _, content = classifier.raw.encode(digits[0])
    (tmp_path / "seven.png").write_bytes(content)
    return tmp_path / "seven.png"


@pytest.fixture(scope="module")
def of_texts(tmp_path_factory):
    texts = [f"{word} {number}" for number in range(60) for word in ("good", "bad")]
    data = cnnzoo.from_examples(texts, ["+", "-"] * 60)
    out = tmp_path_factory.mktemp("runs") / "run"
    return cnnzoo.train("texts_small", data=data, epochs=1, batch_size=8, out=out)


def test_shipped_names_runs_and_exports_answer(
    without_keras, picture, finished_run, saved_model, classifier, of_texts
):
    expected = classifier.predict([picture])[0]
    for name in (finished_run.path, finished_run.artifact, saved_model):
        (found,) = without_keras(*PREDICT, name, picture)
        assert found["label"] == expected["label"]
        assert found["scores"] == pytest.approx(expected["scores"], abs=1e-4)
    (found,) = without_keras(*PREDICT, "mnist_lenet5", picture)
    assert found["label"] == "7"
    (found,) = without_keras(*PREDICT, "sms_spam_text_cnn", "you have won a prize, call now")
    assert found["label"] == "spam"
    (found,) = without_keras(*PREDICT, of_texts.path, "a good one")
    assert found["scores"] == pytest.approx(
        np.asarray(cnnzoo.load(of_texts.path).model(np.array(["a good one"])))[0],
        abs=1e-4,
    )


def test_a_served_version_answers(without_keras, picture, saved_model, classifier):
    expected = classifier.predict([picture])[0]
    found = without_keras("-c", ENGINE, saved_model, picture)
    assert found["label"] == [expected["label"]]
    assert found["scores"][0] == pytest.approx(expected["scores"], abs=1e-4)
    assert found["error"] == "this signature needs TensorFlow; run: pip install tensorflow"


@pytest.mark.parametrize("name", weights.list_weights())
def test_what_is_shipped_twice_is_the_same_network(name):
    found = cnnzoo.load(name)
    assert LITERT in found.parts
    with weights.unpacked(name) as path:
        kept = read_sealed(path)
    card = json.loads(kept["card.json"])
    assert {key: found.card[key] for key in ("name", "class_names", "input", "metrics")} == {
        key: card[key] for key in ("name", "class_names", "input", "metrics")
    }
    data = dataset_of(found.card, found.input_shape)
    if not data.is_here:
        shape = (4, *found.input_shape)
        inputs = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    else:
        inputs = data.examples("test").inputs[:4]
    expected = found.model(inputs)
    scores, known = found.outputs(inputs)
    assert scores == pytest.approx(np.asarray(expected["scores"]), abs=1e-4)
    assert known == pytest.approx(np.asarray(expected["known"]), abs=1e-4)


def changed(run, folder, **parts):
    """An artifact with other parts, sealed as a stranger would."""
    found = {**read_sealed(run.artifact), **parts}
    path = folder / "artifact.keras"
    write_sealed(path, found)
    return path


def test_damaged_parts_are_refused(finished_run, tmp_path):
    path = changed(finished_run, tmp_path, **{LITERT: b"no network"})
    with pytest.raises(CnnzooError, match=f"^{LITERT} of {path} is damaged: "):
        cnnzoo.load(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cleaning", {**FACTS["cleaning"], "keeps": "a", "rewrites": [["(a+)+$", "b"]]}),
        ("cleaning", "lower"),
        ("shortest", 2 * 10**8),
        ("shortest", 0),
        ("length", -1),
        ("length", True),
        ("level", "syllable"),
        ("padding", "left"),
        ("truncation", None),
        ("backwards", 1),
        ("vocabulary", {"good": 1}),
        ("vocabulary", ["good", 1]),
    ],
    ids=str,
)
def test_rules_for_texts_are_a_fixed_set(field, value, of_texts, tmp_path):
    facts = json.dumps({**FACTS, field: value}).encode()
    path = changed(of_texts, tmp_path, **{TOKENIZER: facts})
    with pytest.raises(CnnzooError, match=f"^{TOKENIZER} of {path} must state a proper '{field}'"):
        cnnzoo.load(path)


def test_known_rules_are_taken(of_texts, tmp_path):
    assert cnnzoo.load(changed(of_texts, tmp_path, **{TOKENIZER: json.dumps(FACTS).encode()}))


def test_a_file_that_was_replaced_is_not_taken_for_the_one_before(finished_run, of_texts, tmp_path):
    path = shutil.copy(finished_run.artifact, tmp_path / "artifact.keras")
    found = cnnzoo.load(path)
    shutil.copy(of_texts.artifact, path)
    with pytest.raises(CnnzooError, match="must stay as it was loaded; it holds another network"):
        _ = found.network


def test_a_finished_run_holds_the_litert_file(finished_run):
    with zipfile.ZipFile(finished_run.artifact) as archive:
        names = set(archive.namelist())
    assert names == {"metadata.json", "config.json", "model.weights.h5", "card.json", LITERT}


def forged(run, folder, function, shape, dtype):
    """An artifact whose network computes something else."""
    import tensorflow as tf

    spec = tf.TensorSpec([None, *shape], dtype)
    traced = tf.function(function, input_signature=[spec])
    concrete = traced.get_concrete_function()
    content = tf.lite.TFLiteConverter.from_concrete_functions([concrete], traced).convert()
    return changed(run, folder, **{LITERT: content})


def never_ending(images):
    import tensorflow as tf

    ten = tf.cast(images[:, :10, 0, 0], tf.float32)
    return tf.while_loop(lambda x: tf.reduce_sum(x) >= 0, lambda x: [x * 0.5], [ten])[0]


def gigabytes(images):
    import tensorflow as tf

    large = tf.image.resize(tf.cast(images, tf.float32), (20_000, 20_000))
    return tf.nn.softmax(large[:, :1, :10, 0][:, 0])


def not_numbers(images):
    import tensorflow as tf

    return tf.cast(images[:, :10, 0, 0], tf.float32) * np.float32(np.nan)


def nine(images):
    import tensorflow as tf

    return tf.nn.softmax(tf.cast(images[:, :9, 0, 0], tf.float32))


def no_scores(images):
    import tensorflow as tf

    return tf.cast(images[:, :10, 0, 0], tf.float32) + 0.5


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (never_ending, "must answer one example within 5 s and 512 MiB; it does not, or"),
        (not_numbers, "must give scores that sum to 1; got a sum of nan"),
        (nine, "must give a score for each of its 10 classes; got shape (1, 9)"),
        (no_scores, "must give scores that sum to 1; got a sum of 5"),
    ],
)
def test_a_network_that_is_not_what_its_card_says_is_refused(
    function, message, finished_run, tmp_path
):
    import re

    path = forged(finished_run, tmp_path, function, (28, 28, 1), "uint8")
    with pytest.raises(CnnzooError, match=f"^{re.escape(str(path))} {re.escape(message)}"):
        cnnzoo.load(path)


def test_a_network_that_needs_gigabytes_is_refused(finished_run, tmp_path):
    path = forged(finished_run, tmp_path, gigabytes, (28, 28, 1), "uint8")
    with pytest.raises(CnnzooError, match="is damaged: |must answer one example within 5 s"):
        cnnzoo.load(path)


@pytest.mark.parametrize("shape", [[20_000, 20_000, 1], [28, 28, 3], [28, 28]])
def test_a_card_of_other_images_is_refused(shape, finished_run, tmp_path):
    card = json.loads(read_sealed(finished_run.artifact)["card.json"])
    card["input"]["shape"] = shape
    path = changed(finished_run, tmp_path, **{"card.json": json.dumps(card).encode()})
    with pytest.raises(CnnzooError, match=r"must take what its card says, .*; its network takes "):
        cnnzoo.load(path)


def test_a_card_with_a_class_too_few_is_refused(finished_run, tmp_path):
    card = json.loads(read_sealed(finished_run.artifact)["card.json"])
    card["class_names"].pop()
    path = changed(finished_run, tmp_path, **{"card.json": json.dumps(card).encode()})
    with pytest.raises(
        CnnzooError, match=r"must give a score for each of its 9 classes; got shape"
    ):
        cnnzoo.load(path)


FORKED = """
import os, signal, sys
import cnnzoo

classifier = cnnzoo.load(sys.argv[1])
inputs = [sys.argv[2] if sys.argv[3:] else open(sys.argv[2], "rb").read()] * 64
first = classifier.predict(inputs)
child = os.fork()
if child == 0:
    signal.alarm(60)
    os._exit(classifier.predict(inputs) != first)
assert os.waitpid(child, 0)[1] == 0
print(0)
"""


def test_a_forked_child_answers(without_keras, finished_run, picture):
    without_keras("-c", FORKED, finished_run.path, picture)
    without_keras("-c", FORKED, "sms_spam_text_cnn", "a text", "as it is")


def test_labels_cannot_command_a_terminal():
    from cnnzoo.commands.answering import answer_line

    answer = {"input": "a\nb", "label": "\x1b[2Jcat é", "class_id": 0, "scores": [1.0]}
    assert answer_line(answer, [answer["label"]]) == "a\\nb: \\x1b[2Jcat é (100.00%)"
