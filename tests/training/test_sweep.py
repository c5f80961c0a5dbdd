import json
import math
import os
import re
import signal
import subprocess
import sys

import pytest
import sweeping
from stopping import same_run
from sweeping import searched

import cnnzoo
from cnnzoo.config.recipe import recipes
from cnnzoo.config.recipe_file import read_recipe
from cnnzoo.errors import CnnzooError
from cnnzoo.training import trials
from cnnzoo.training.history import HISTORY, history_csv
from cnnzoo.training.run import Run
from cnnzoo.training.sweep import sweep


@pytest.fixture
def short(monkeypatch, small):
    recipe = recipes()["mnist_lenet5"]
    monkeypatch.setattr(recipe, "RECIPE", recipe.RECIPE.replace(**{**small, "epochs": 1}))


@pytest.fixture
def untrained(monkeypatch):
    def train(*_, **__):
        raise AssertionError("nothing must be trained")

    monkeypatch.setattr("keras.Model.fit", train)


@pytest.fixture(scope="module")
def undisturbed(small, tmp_path_factory):
    """The folder and the rows of a random search of four trials."""
    out = tmp_path_factory.mktemp("sweep")
    return out, searched(out)


def test_every_combination_is_trained_once_and_the_best_on_validation_is_first(
    short, tmp_path, monkeypatch
):
    over = {"batch_size": ["50", "100"], "learning_rate": ["0.002", "1e-9"]}
    rows = sweep("mnist_lenet5", over, tmp_path)
    pairs = {(row["fields"]["batch_size"], row["fields"]["learning_rate"]) for row in rows}
    assert pairs == {("50", "0.002"), ("50", "1e-9"), ("100", "0.002"), ("100", "1e-9")}
    accuracies = [row["validation_accuracy"] for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    assert {row["fields"]["learning_rate"] for row in rows[:2]} == {"0.002"}
    recipe = json.loads((tmp_path / rows[0]["run"] / "recipe.json").read_text())["recipe"]
    assert str(recipe["batch_size"]) == rows[0]["fields"]["batch_size"]

    def train(*_, **__):
        raise AssertionError("finished runs must not train again")

    monkeypatch.setattr("keras.Model.fit", train)
    assert sweep("mnist_lenet5", over, tmp_path) == rows
    # A sweep of version 0.1 has the runs alone, in folders of these names.
    (tmp_path / "sweep.journal").unlink()
    again = sweep("mnist_lenet5", over, tmp_path)
    assert [row["run"] for row in again] == [row["run"] for row in rows]


def test_a_search_keeps_its_best_as_a_recipe_that_trains_to_the_same_weights(undisturbed, tmp_path):
    out, rows = undisturbed
    assert sorted(row["trial"] for row in rows) == [0, 1, 2, 3]
    losses = [float(row["fields"]["learning_rate"]) for row in rows]
    assert len(set(losses)) == 4
    assert all(1e-4 <= loss <= 1e-2 for loss in losses)
    best = rows[0]
    assert best["recipe"] == str(out / "small_mnist_lenet5_best.py")
    assert [row for row in rows if "recipe" in row] == [best]
    assert "of 4 trials" in (out / "small_mnist_lenet5_best.py").read_text()
    assert (out / "sweep.png").read_bytes().startswith(b"\x89PNG")
    run = cnnzoo.train(read_recipe(out / "small_mnist_lenet5_best.py"), out=tmp_path / "run")
    assert same_run(run, Run(out / best["run"], {}))


def test_a_sweep_is_continued_with_more_trials_and_by_another_measure_is_another(
    undisturbed, untrained
):
    out, rows = undisturbed
    assert searched(out, trials=2) == rows
    with pytest.raises(CnnzooError, match="holds one with another search and by$"):
        searched(out, search="tpe", by="loss")
    with pytest.raises(CnnzooError, match="holds one with another over$"):
        sweep(
            read_recipe(out / "small_mnist_lenet5_best.py").replace(
                batch_size=50, learning_rate=0.002
            ),
            {"batch_size": "50,100"},
            out,
            search="random",
        )


@pytest.mark.slow
def test_a_trial_that_is_killed_is_resumed_and_none_is_lost_or_repeated(undisturbed, tmp_path):
    expected_out, expected = undisturbed
    done = process(tmp_path, 3, 1)  # After one epoch of the second trial.
    assert done.wait() == -signal.SIGKILL
    stored = (tmp_path / "sweep.journal").read_bytes()
    (first,) = tmp_path.glob("*/metrics.json")
    finished = first.stat().st_mtime_ns
    (tmp_path / "sweep.journal").write_bytes(stored + b'{"op_code": 4, "wor')  # A full disk.
    rows = searched(tmp_path)
    assert figures(rows) == figures(expected)
    assert first.stat().st_mtime_ns == finished
    for one, other in zip(rows, expected, strict=True):
        assert same_run(Run(tmp_path / one["run"], {}), Run(expected_out / other["run"], {}))


@pytest.mark.slow
def test_two_processes_share_the_trials(undisturbed, tmp_path):
    _, expected = undisturbed
    both = [process(tmp_path, 0, 2) for _ in range(2)]
    logs = [one.communicate()[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], logs
    started = [re.findall(r"^trial (\d) of 4", log, re.M) for log in logs]
    assert sorted(started[0] + started[1]) == ["1", "2", "3", "4"]
    assert all(started)
    assert figures(searched(tmp_path)) == figures(expected)


def process(out, checkpoints, processes):
    return subprocess.Popen(
        [sys.executable, sweeping.__file__, str(out), str(checkpoints), str(processes)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TFDS_DATA_DIR": os.devnull},
    )


def figures(rows):
    """What is the same in another folder and at another speed."""
    left_out = ("seconds", "run", "recipe")
    return [{key: value for key, value in row.items() if key not in left_out} for row in rows]


def test_hopeless_runs_are_pruned_and_those_that_diverge_fail(short, tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "_STARTUP", 1)
    over = {"learning_rate": "1e30,1e-9,0.002", "epochs": "3"}  # The last one is run first.
    rows = sweep("mnist_lenet5", over, tmp_path, prune=True)
    assert [row["state"] for row in rows] == ["finished", "pruned", "failed"]
    assert [row["epochs"] for row in rows] == [3, 2, 0]
    assert rows[1]["validation_accuracy"] < 0.3
    assert rows[2]["validation_loss"] is None
    assert "loss must stay finite" in rows[2]["error"]


def test_a_run_that_ends_without_a_number_has_failed(tmp_path, monkeypatch):
    def train(*_, out, **__):
        out.mkdir()
        row = {"epoch": 1, "loss": 2.0, "accuracy": 0.1, "val_loss": math.nan, "val_accuracy": 0.1}
        row["seconds"] = 2.5
        (out / HISTORY).write_bytes(history_csv([row]))
        return Run(out, {"seconds": 3.0})

    monkeypatch.setattr("cnnzoo.training.sweep.train", train)
    (row,) = sweep("mnist_lenet5", {"batch_size": "50"}, tmp_path, by="loss")
    assert row == {
        "fields": {"batch_size": "50"},
        "validation_accuracy": None,
        "validation_loss": None,
        "epochs": 1,
        "seconds": 3.0,
        "state": "failed",
        "error": "the validation loss is no number",
        "run": str(next(tmp_path.glob("batch*"))),
        "trial": 0,
    }
    assert not list(tmp_path.glob("*.py"))


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"batch": ["1"]}, "recipe field 'batch' is unknown; did you mean batch_size"),
        ({"batch_size": []}, "over must give at least one value for batch_size; got none"),
        ({"batch_size": ["50", "x"]}, "batch_size must be an integer; got 'x'"),
    ],
)
def test_wrong_values_are_told_before_anything_is_trained(over, message, short, tmp_path):
    with pytest.raises(CnnzooError, match=message):
        sweep("mnist_lenet5", over, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "trials must be at least 1; got 0"),
        (
            {"search": "grid"},
            "search must be random or tpe for the range of batch_size; got 'grid'",
        ),
        ({"search": "tpr"}, "search 'tpr' is unknown; did you mean tpe"),
        ({"by": "los"}, "by 'los' is unknown; did you mean loss"),
    ],
)
def test_wrong_options(options, message, tmp_path):
    with pytest.raises(CnnzooError, match=message):
        sweep("mnist_lenet5", {"batch_size": "16..64"}, tmp_path, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["optuna", "filelock"])
def test_without_the_extra_it_says_what_to_install(package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == package else 1)
    with pytest.raises(CnnzooError, match=f"^{package} must be installed; run: pip install"):
        sweep("mnist_lenet5", {"batch_size": "16..64"}, tmp_path)
