"""Runs made part of the package, on a short run."""

import lzma
import shutil

import numpy as np
import pytest
import ship_weights as shipping

import cnnzoo
from cnnzoo import weights
from cnnzoo.errors import CnnzooError
from cnnzoo.export import artifact


def unpacked(path, folder):
    target = folder / artifact.ARTIFACT
    target.write_bytes(lzma.decompress(path.read_bytes()))
    return cnnzoo.load(target)


def test_a_small_artifact_is_shipped_as_it_is(finished_run, tmp_path):
    path = shipping.ship(cnnzoo.load(finished_run.path), tmp_path)
    assert path == tmp_path / "mnist_lenet5.keras.xz"
    found, shipped = cnnzoo.load(finished_run.path), unpacked(path, tmp_path)
    for one, other in zip(found.model.get_weights(), shipped.model.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_what_answers_without_keras_is_shipped_beside_it(
    finished_run, tmp_path, monkeypatch, digits
):
    shipping.ship(cnnzoo.load(finished_run.path), tmp_path)
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    found, shipped = cnnzoo.load(finished_run.path), cnnzoo.load("mnist_lenet5")
    assert set(shipped.parts) == {"model.tflite", "card.json"}
    assert shipped.card == found.card
    assert np.array_equal(shipped.scores(digits), found.scores(digits))
    assert len(shipped.model.layers) == len(found.model.layers)  # From the file beside it.


def test_a_large_one_is_rounded_to_half_precision(finished_run, tmp_path, monkeypatch):
    whole = shipping.ship(cnnzoo.load(finished_run.path), tmp_path).stat().st_size
    monkeypatch.setattr(shipping, "LIMIT", int(0.9 * whole))  # Whole ones vary by some bytes.
    path = shipping.ship(cnnzoo.load(finished_run.path), tmp_path)
    assert path.stat().st_size < 0.7 * whole
    before, after = cnnzoo.load(finished_run.path), unpacked(path, tmp_path)
    assert cnnzoo.evaluate(after)["accuracy"] == finished_run.accuracy
    for old, new in zip(before.model.get_weights(), after.model.get_weights(), strict=True):
        assert (new == old.astype(np.float16)).all()


def test_what_would_change_or_does_not_fit_is_not_shipped(finished_run, tmp_path, monkeypatch):
    monkeypatch.setattr(shipping, "LIMIT", 1_000)
    with pytest.raises(CnnzooError, match="must fit into 1,000 bytes; got"):
        shipping.ship(cnnzoo.load(finished_run.path), tmp_path)
    monkeypatch.setattr(shipping, "evaluate", lambda _: {"accuracy": 0.0})
    with pytest.raises(CnnzooError, match="mnist_lenet5 must keep its accuracy of 0"):
        shipping.ship(cnnzoo.load(finished_run.path), tmp_path)
    assert not list(tmp_path.glob("*.xz"))


def test_a_run_must_be_finished(finished_run, tmp_path):
    run = shutil.copytree(finished_run.path, tmp_path / "run")
    found = cnnzoo.load(run)
    metrics = {"epoch": 1, "validation": found.card["metrics"]["validation"]}
    artifact.save(run / artifact.ARTIFACT, found.model, {**found.card, "metrics": metrics})
    with pytest.raises(CnnzooError, match="must be finished; it has no score of the test set"):
        shipping.ship(cnnzoo.load(run), tmp_path)


def test_a_damaged_package_is_reported_with_its_path(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    (tmp_path / "mnist_lenet5.keras.xz").write_bytes(b"nothing")
    with pytest.raises(CnnzooError, match=r"mnist_lenet5.keras.xz is damaged .* install cnnzoo"):
        cnnzoo.load("mnist_lenet5")
