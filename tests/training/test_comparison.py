"""Runs side by side: what they reached, what sets them apart, and their courses."""

import json
import shutil

import pytest

import cnnzoo
from cnnzoo import cli
from cnnzoo.errors import CnnzooError
from cnnzoo.training.curves import curves, draw_comparison
from cnnzoo.training.history import HISTORY, history_csv, read_history


@pytest.fixture(scope="module")
def runs(finished_run, tmp_path_factory):
    """Two runs that differ in seed and rate; the second is not finished."""
    folder = tmp_path_factory.mktemp("compared")
    first, second = folder / "first", folder / "second"
    shutil.copytree(finished_run.path, first)
    shutil.copytree(finished_run.path, second)
    path = second / "recipe.json"
    found = json.loads(path.read_text())
    found["recipe"] |= {"seed": 7, "learning_rate": 0.5}
    path.write_text(json.dumps(found))
    (second / "metrics.json").unlink()
    return first, second


def test_what_was_reached_and_what_differs(runs, finished_run):
    (first, second), figure = cnnzoo.compare(runs)
    assert first["fields"] == {"learning_rate": "0.002", "seed": "0"}
    assert second["fields"] == {"learning_rate": "0.5", "seed": "7"}
    assert first["test_accuracy"] == finished_run.accuracy
    assert first["seconds"] == finished_run.metrics["seconds"]
    assert (second["test_accuracy"], second["seconds"]) == (None, None)
    assert (first["epoch"], first["epochs"]) == (finished_run.metrics["epoch"], 2)
    validation = finished_run.metrics["validation"]
    assert second["validation_accuracy"] == validation["accuracy"]
    assert second["validation_loss"] == validation["loss"]
    labels = ["validation loss", "validation accuracy, %", "learning rate"]
    assert [axes.get_ylabel() for axes in figure.axes] == labels
    assert all(len(axes.lines) == 2 for axes in figure.axes)


def test_the_command_prints_a_table_and_draws(runs, tmp_path, capsys):
    out = tmp_path / "new" / "both.png"
    words = ["compare", *map(str, runs), "--out", str(out)]
    assert cli.main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["run", "accuracy", "loss", "epoch", "accuracy", "seconds"]
    assert f"{runs[1]}  learning_rate=0.5 seed=7" in lines
    assert lines[-1] == f"picture  {out}"
    assert out.read_bytes().startswith(b"\x89PNG")
    assert cli.main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["run"] == str(runs[0])


def test_mistakes_get_a_sentence(runs, tmp_path):
    with pytest.raises(CnnzooError, match=r"runs must be two run folders or more; got \['a'\]"):
        cnnzoo.compare(["a"])
    with pytest.raises(CnnzooError, match="runs must be two run folders or more; got 'runs'"):
        cnnzoo.compare("runs")
    with pytest.raises(CnnzooError, match="runs must be run folders; got 'mnist_lenet5'"):
        cnnzoo.compare([runs[0], "mnist_lenet5"])
    begun = shutil.copytree(runs[1], tmp_path / "begun")
    (begun / HISTORY).unlink()
    with pytest.raises(CnnzooError, match="runs must have finished an epoch; .*begun has not"):
        cnnzoo.compare([runs[0], begun])
    (begun / HISTORY).write_text("epoch,loss\n1,much\n")
    with pytest.raises(CnnzooError, match=f"begun/{HISTORY} is damaged: it must be a table of num"):
        cnnzoo.compare([runs[0], begun])


def test_epochs_of_an_earlier_version_have_no_rate(tmp_path):
    earlier = {"epoch": 1, "loss": 2.0, "accuracy": 0.1, "val_loss": 2.0, "val_accuracy": 0.1}
    history = [earlier, {**earlier, "epoch": 2, "learning_rate": 0.01}]
    (tmp_path / HISTORY).write_bytes(history_csv(history))
    assert read_history(tmp_path) == history
    *_, rate = curves("a run", history, 2).axes
    assert rate.lines[0].get_xydata().tolist() == [[2, 0.01]]
    assert len(curves("a run", [earlier], 1).axes) == 2
    figure = draw_comparison({str(place): history[place % 2 :] for place in range(7)})
    drawn = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(drawn) == 7
    assert len(figure.axes[2].lines) == 7
