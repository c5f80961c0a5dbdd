import csv
import json
import shutil

import keras
import numpy as np
import pytest
from tensorflow.errors import ResourceExhaustedError

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.training import checkpoints
from cnnzoo.training.history import best_epoch
from cnnzoo.training.run_folder import folder_of, structure_digest


def weights_of(run):
    return [np.asarray(weight) for weight in cnnzoo.load(run.path).model.weights]


def equal(run, other):
    pairs = zip(weights_of(run), weights_of(other), strict=True)
    return all(np.array_equal(one, two) for one, two in pairs)


def test_a_model_is_known_again_in_another_process():
    first, second = (cnnzoo.create_model("text_cnn_rand", vocabulary_size=50) for _ in range(2))
    assert first.to_json() != second.to_json()  # The names that Keras gives are numbered on.
    assert structure_digest(first) == structure_digest(second)
    others = [
        cnnzoo.create_model("text_cnn_rand", vocabulary_size=50, dropout=0.4),
        cnnzoo.create_model("text_cnn_rand", vocabulary_size=51),
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="a")]),
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="b")]),
    ]
    assert len({structure_digest(model) for model in (first, *others)}) == 5


def test_the_run_folder_is_complete(finished_run):
    names = {path.name for path in finished_run.path.iterdir()}
    files = {
        "recipe.json",
        "history.csv",
        "metrics.json",
        "artifact.keras",
        "checkpoints",
        "curves.png",
    }
    assert names == files
    saved = sorted(path.name for path in (finished_run.path / "checkpoints").iterdir())
    assert saved == ["epoch00001_step00000000.ckpt", "epoch00002_step00000000.ckpt"]
    metrics = json.loads((finished_run.path / "metrics.json").read_text())
    assert metrics == finished_run.metrics
    asked = {"accuracy", "loss", "examples", "seed", "seconds", "hardware", "versions", "commit"}
    assert asked <= set(metrics)
    assert metrics["examples"] == 500
    assert finished_run.accuracy == metrics["accuracy"] > 0.7
    rows = list(csv.DictReader((finished_run.path / "history.csv").open()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "seconds"} <= set(rows[0])


def test_the_best_epoch_is_chosen_by_validation_then_by_loss():
    rows = [
        {"epoch": 1, "val_accuracy": 0.8, "val_loss": 0.1},
        {"epoch": 2, "val_accuracy": 0.9, "val_loss": 0.4},
        {"epoch": 3, "val_accuracy": 0.9, "val_loss": 0.3},
        {"epoch": 4, "val_accuracy": 0.85, "val_loss": 0.2},
    ]
    assert best_epoch(rows)["epoch"] == 3


def test_the_card_and_the_folder_agree_on_the_best_epoch(finished_run, classifier):
    rows = list(csv.DictReader((finished_run.path / "history.csv").open()))
    best = max(rows, key=lambda row: (float(row["val_accuracy"]), -float(row["val_loss"])))
    card = classifier.card["metrics"]
    assert card["epoch"] == finished_run.metrics["epoch"] == int(best["epoch"])
    assert card["validation"]["accuracy"] == float(best["val_accuracy"])
    assert card["test"]["accuracy"] == finished_run.accuracy
    # Keras computed the validation accuracy in training; the artifact gives the same.
    measured = cnnzoo.evaluate(classifier, "validation")
    assert measured["accuracy"] == pytest.approx(card["validation"]["accuracy"], abs=1e-6)
    before = measured["uncalibrated"]["loss"]
    assert before == pytest.approx(card["validation"]["loss"], rel=1e-4)
    assert measured["loss"] < before


class KilledError(Exception):
    pass


@pytest.mark.parametrize("moment", ["in epoch 1", "in epoch 2", "after the artifact", "at the end"])
def test_a_run_that_is_stopped_and_resumed_ends_with_the_same_weights(
    moment, finished_run, tmp_path, monkeypatch, small
):
    def stop(*_, **__):
        raise KilledError

    with monkeypatch.context() as patch:
        if moment == "after the artifact":
            patch.setattr(checkpoints, "save", stop)
        elif moment == "at the end":
            patch.setattr("cnnzoo.training.run.evaluate", stop)
        else:
            begun = 5 if moment == "in epoch 1" else 35
            seen = []

            def on_batch(self, batch, logs=None):
                seen.append(batch)
                if len(seen) == begun:
                    raise KilledError

            patch.setattr("cnnzoo.training.progress.ProgressBar.on_train_batch_end", on_batch)
        with pytest.raises(KilledError):
            cnnzoo.train("mnist_lenet5", out=tmp_path, **small)
    if moment in ("after the artifact", "at the end", "in epoch 2"):
        assert cnnzoo.load(tmp_path).predict(np.zeros((28, 28), np.uint8))
    else:
        with pytest.raises(CnnzooError, match="first epoch is not finished; resume it first"):
            cnnzoo.load(tmp_path)
    keras.utils.set_random_seed(99)  # What came before the resumption must not matter.
    resumed = cnnzoo.train("mnist_lenet5", out=tmp_path, resume=True, **small)
    assert equal(resumed, finished_run)
    assert resumed.accuracy == finished_run.accuracy


def test_a_finished_run_is_returned_when_resumed(finished_run, small):
    assert cnnzoo.train("mnist_lenet5", out=finished_run.path, resume=True, **small) == finished_run


def test_another_seed_gives_other_weights(finished_run, tmp_path, small):
    other = cnnzoo.train("mnist_lenet5", out=tmp_path, **{**small, "seed": 1})
    assert not equal(other, finished_run)


def test_a_folder_that_is_in_use_is_refused_and_left_alone(finished_run, tmp_path, small):
    before = {path: path.stat().st_mtime_ns for path in finished_run.path.rglob("*")}
    with pytest.raises(CnnzooError, match="out must be a new folder; .* holds a run"):
        cnnzoo.train("mnist_lenet5", out=finished_run.path, **small)
    changed = {**small, "batch_size": 100, "seed": 7}
    with pytest.raises(CnnzooError, match="changed: batch_size, seed"):
        cnnzoo.train("mnist_lenet5", out=finished_run.path, resume=True, **changed)
    assert before == {path: path.stat().st_mtime_ns for path in finished_run.path.rglob("*")}
    (tmp_path / "letter").write_text("mine")
    with pytest.raises(CnnzooError, match="out must be a new or empty folder"):
        cnnzoo.train("mnist_lenet5", out=tmp_path, **small)
    with pytest.raises(CnnzooError, match="out must be a new or empty folder"):
        cnnzoo.train("mnist_lenet5", out=tmp_path / "letter", **small)
    with pytest.raises(CnnzooError, match="out must be the folder of a run to resume"):
        cnnzoo.train("mnist_lenet5", out=tmp_path, resume=True, **small)
    assert (tmp_path / "letter").read_text() == "mine"


def test_folders_are_numbered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(folder_of("a_b", None, False)) == "runs/a_b/1"
    for number in (2, 10):
        (tmp_path / f"runs/a_b/{number}").mkdir(parents=True)
    assert str(folder_of("a_b", None, False)) == "runs/a_b/11"
    (tmp_path / "runs/a_b/10/recipe.json").write_text("{}")
    assert str(folder_of("a_b", None, True)) == "runs/a_b/10"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"batch_size": 1501}, "batch_size must be from 1 to the 1500 training examples; got 1501"),
        ({"validation": 2_000}, "validation must be from 1 to 1999 examples; got 2000"),
        ({"model": "lenet6"}, "model 'lenet6' is unknown; did you mean lenet5"),
        ({"dataset": "mnits"}, "dataset 'mnits' is unknown; did you mean mnist"),
        ({"augmentation": "shift"}, "augmentation 'shift' is unknown; did you mean shift2"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(fields, message, tmp_path, small):
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.train("mnist_lenet5", out=tmp_path / "run", **{**small, **fields})
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_no_number_stops_the_run(tmp_path, small):
    fields = {**small, "learning_rate": 1e30, "optimizer": "sgd"}
    with pytest.raises(
        CnnzooError, match=r"loss must stay finite; got (nan|inf) in epoch 1, step \d"
    ):
        cnnzoo.train("mnist_lenet5", out=tmp_path, **fields)


@pytest.mark.parametrize("error", [MemoryError(), ResourceExhaustedError(None, None, "OOM")])
def test_memory_that_runs_out_suggests_a_batch_size(error, tmp_path, small, monkeypatch):
    def fit(*_, **__):
        raise error

    monkeypatch.setattr("keras.Model.fit", fit)
    with pytest.raises(CnnzooError, match="batch_size must fit into memory; got 50,.* 25 needs"):
        cnnzoo.train("mnist_lenet5", out=tmp_path, **small)


def test_a_folder_that_cannot_be_written_is_named(tmp_path, small):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        cnnzoo.train("mnist_lenet5", out=tmp_path / "file" / "run", **small)


@pytest.mark.slow
def test_two_processes_give_the_same_weights_bit_for_bit(command, tmp_path):
    """One that is fresh, and this one, in which much has happened."""
    fields = ("--set", "epochs=2", "--set", "validation=57000", "--seed", 3)
    done = command("train", "mnist_lenet5", "--out", tmp_path / "run", *fields, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    here = cnnzoo.train("mnist_lenet5", out=tmp_path / "here", epochs=2, validation=57_000, seed=3)
    other = cnnzoo.load(tmp_path / "run").model.weights
    for one, two in zip(weights_of(here), other, strict=True):
        assert np.array_equal(one, np.asarray(two))


def test_labels_that_a_policy_mixes_are_learned_too(small, tmp_path):
    fields = {**small, "epochs": 3, "augmentation": "pad_crop_flip_mixup"}
    run = cnnzoo.train("mnist_lenet5", out=tmp_path / "run", **fields)
    rows = list(csv.DictReader((run.path / "history.csv").open()))
    # Mixed images are harder than those of the validation split, which stay as they are.
    assert float(rows[-1]["val_accuracy"]) > float(rows[-1]["accuracy"])
    assert float(rows[-1]["val_accuracy"]) > 0.6


def test_a_damaged_file_of_metrics_is_not_believed(finished_run, small, tmp_path):
    folder = shutil.copytree(finished_run.path, tmp_path / "run")
    path = folder / "metrics.json"
    content = path.read_bytes()
    resume = {**small, "out": folder, "resume": True}
    assert cnnzoo.train("mnist_lenet5", **resume).metrics == finished_run.metrics
    flips = np.random.default_rng(0).integers(0, 8 * len(content), 40)
    for flip in flips.tolist():
        flipped = bytearray(content)
        flipped[flip // 8] ^= 1 << flip % 8
        path.write_bytes(flipped)
        with pytest.raises(CnnzooError, match=f"^{path} is damaged: "):
            cnnzoo.train("mnist_lenet5", **resume)
    written = (
        *("accuracy", "loss", "examples", "split", "epoch", "validation", "seed", "params"),
        *("epochs", "seconds", "peak_memory_bytes", "hardware", "versions", "commit"),
    )
    earlier = {key: json.loads(content)[key] for key in written}
    path.write_text(json.dumps(earlier))  # As version 0.1 wrote it.
    assert cnnzoo.train("mnist_lenet5", **resume).metrics == earlier


def test_what_a_killed_process_left_is_no_run(small, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".recipe.json.k3_x9abc").write_text("{")
    assert cnnzoo.train("mnist_lenet5", out=folder, **{**small, "epochs": 1}).accuracy > 0
    other = tmp_path / "other"
    other.mkdir()
    (other / ".hidden").write_text("the user's")
    with pytest.raises(CnnzooError, match="^out must be a new or empty folder; got "):
        cnnzoo.train("mnist_lenet5", out=other, **small)
