import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.export import formats

SERVE = """
import sys, numpy as np, tensorflow as tf
folder, images, picture, out = sys.argv[1:]
signatures = tf.saved_model.load(folder).signatures
raw = signatures["serving_default"](images=tf.constant(np.load(images)))
encoded = signatures["serving_bytes"](image_bytes=tf.constant([open(picture, "rb").read()] * 2))
assert "cnnzoo" not in sys.modules
plain = lambda v: v.numpy().astype("S") if v.dtype == tf.string else v.numpy()
named = {f"raw_{name}": plain(value) for name, value in raw.items()}
named |= {f"encoded_{name}": plain(value) for name, value in encoded.items()}
np.savez(out, **named)
"""


def test_plain_tensorflow_in_a_fresh_process_gives_the_named_outputs(
    classifier, saved_model, digits, tmp_path
):
    np.save(tmp_path / "digits.npy", digits)
    (tmp_path / "digit.png").write_bytes(tf.io.encode_png(digits[0]).numpy())
    names = ("digits.npy", "digit.png", "out.npz")
    arguments = [saved_model, *(tmp_path / name for name in names)]
    subprocess.run([sys.executable, "-c", SERVE, *map(str, arguments)], check=True, cwd=tmp_path)
    scores = classifier.scores(digits)
    with np.load(tmp_path / "out.npz") as out:
        assert np.abs(out["raw_scores"] - scores).max() <= 1e-5
        assert np.array_equal(out["raw_class_id"], scores.argmax(axis=1))
        assert [label.decode() for label in out["raw_label"]] == [
            str(number) for number in scores.argmax(axis=1)
        ]
        assert np.abs(out["encoded_scores"] - scores[[0, 0]]).max() <= 1e-5
        assert out["encoded_label"].shape == (2,)


def test_a_server_in_c_answers_and_checks_shapes_in_the_graph(classifier, saved_model, digits):
    """TensorFlow Serving restores and initialises by operations of the graph, as a session does."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        signatures = v1.saved_model.load(session, ["serve"], str(saved_model)).signature_def
        signature = signatures["serving_default"]
        images, scores = signature.inputs["images"].name, signature.outputs["scores"].name
        found = session.run(scores, {images: digits})
        inside = {name: session.graph.get_tensor_by_name(name) for name in (images, scores)}
        for shape in ((2, 14, 14, 1), (2, 28, 28), (2, 28, 28, 3)):
            fed = {inside[images]._as_tf_output(): np.zeros(shape, np.uint8)}
            got = ", ".join(map(str, shape[1:]))
            with pytest.raises(tf.errors.InvalidArgumentError) as told:
                session._call_tf_sessionrun(None, fed, [inside[scores]._as_tf_output()], [], None)
            assert "images must have shape [batch, 28, 28, 1]; got" in told.value.message
            assert got in told.value.message
    assert np.abs(found - classifier.scores(digits)).max() <= 1e-5


def test_the_folder_is_what_a_server_expects(saved_model, classifier):
    assert saved_model.name == "1"
    assert saved_model.parent.name == "mnist_lenet5"
    assert (saved_model / "saved_model.pb").is_file()
    card = json.loads((saved_model / "assets.extra" / "card.json").read_text())
    assert card["class_names"] == classifier.class_names
    assert saved_model.stat().st_mode & 0o755 == 0o755
    assert [path.name for path in saved_model.parent.iterdir()] == ["1"]


def test_scores_of_artifact_and_savedmodel_agree_in_every_digit(
    classifier, saved_model, finished_run
):
    results = [
        cnnzoo.evaluate(cnnzoo.load(which))
        for which in (finished_run.path, finished_run.artifact, saved_model, saved_model.parent)
    ]
    for result in results:
        assert result == pytest.approx(results[0], abs=1e-6)
    assert results[0]["accuracy"] == finished_run.accuracy


def test_versions_are_counted_and_never_replaced(classifier, tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "_difference", lambda *_: 0.0)
    (tmp_path / "mnist_lenet5" / "7").mkdir(parents=True)
    (tmp_path / "mnist_lenet5" / "7" / "mine").write_text("kept")
    results = [cnnzoo.export(classifier, tmp_path)[0] for _ in range(2)]
    names = [str(tmp_path / "mnist_lenet5" / number) for number in ("8", "9")]
    assert [result["path"] for result in results] == names
    assert (tmp_path / "mnist_lenet5" / "7" / "mine").read_text() == "kept"
    size = sum(
        path.stat().st_size for path in (tmp_path / "mnist_lenet5/8").rglob("*") if path.is_file()
    )
    assert results[0]["bytes"] == size
    assert results[0]["format"] == "savedmodel"
    assert cnnzoo.load(tmp_path / "mnist_lenet5").predict(np.zeros((28, 28), np.uint8))


def test_an_export_that_answers_otherwise_is_not_published(classifier, tmp_path, monkeypatch):
    monkeypatch.setattr(classifier, "scores", lambda images: np.zeros((len(images), 10), "f4"))
    with pytest.raises(CnnzooError, match="must give the artifact's scores to within 1e-05; got"):
        cnnzoo.export(classifier, tmp_path)
    assert list((tmp_path / "mnist_lenet5").iterdir()) == []


def test_an_interrupted_export_leaves_no_version(classifier, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cnnzoo.export(classifier, tmp_path)
    assert list((tmp_path / "mnist_lenet5").iterdir()) == []


def test_what_cannot_be_exported_is_told(classifier, saved_model, tmp_path):
    with pytest.raises(
        CnnzooError, match="format 'savedmodle' is unknown; did you mean savedmodel"
    ):
        cnnzoo.export(classifier, tmp_path, ["savedmodle"])
    with pytest.raises(CnnzooError, match="model must be a run, an artifact or a shipped name"):
        cnnzoo.export(cnnzoo.load(saved_model), tmp_path)


def test_a_damaged_savedmodel_is_refused_with_its_path(saved_model, tmp_path):
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(saved_model), str(copy)], check=True)
    (copy / "saved_model.pb").write_bytes(b"rubbish")
    with pytest.raises(CnnzooError, match=f"{copy} is damaged: saved_model.pb changed"):
        cnnzoo.load(copy)
    (copy / "assets.extra" / "SHA256SUMS").unlink()
    with pytest.raises(CnnzooError, match="saved_model.pb is damaged: Error parsing"):
        cnnzoo.load(copy)
    (copy / "assets.extra" / "card.json").unlink()
    with pytest.raises(CnnzooError, match="card.json must be a file; there is nothing"):
        cnnzoo.load(copy)
