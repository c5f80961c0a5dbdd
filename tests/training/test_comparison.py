"""Runs side by side: what they reached, what sets them apart, and their courses."""

import json
import shutil

import pytest

import cnnzoo
from cnnzoo import cli
from cnnzoo.errors import CnnzooError
from cnnzoo.plot_style import png
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
    assert "second  learning_rate=0.5 seed=7" in lines  # What the paths have in common is long.
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
    with pytest.raises(CnnzooError, match="runs must be two run folders or more; got None"):
        cnnzoo.compare(None)
    with pytest.raises(CnnzooError, match=r"runs must be two run folders or more; got \[1, 2\]"):
        cnnzoo.compare([1, 2])
    with pytest.raises(CnnzooError, match="runs must be different ones; got .*first 2 times"):
        cnnzoo.compare([runs[0], runs[0]])
    with pytest.raises(SystemExit):
        cli.main(["compare", *map(str, runs), "--out", "a.txt"])
    begun = shutil.copytree(runs[1], tmp_path / "begun")
    (begun / HISTORY).unlink()
    with pytest.raises(CnnzooError, match="runs must have finished an epoch; .*begun has not"):
        cnnzoo.compare([runs[0], begun])
    (begun / HISTORY).write_text("epoch,loss\n1,much\n")
    with pytest.raises(CnnzooError, match=f"begun/{HISTORY} is damaged: it must be a table of num"):
        cnnzoo.compare([runs[0], begun])


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("a,b\n1,2\n", "line 2, is damaged: it has no epoch"),
        (
            "epoch,loss,accuracy,val_loss,val_accuracy\n1,2,3\n",
            "line 2, is damaged: it has no val_l",
        ),
    ],
)
def test_a_history_without_its_measures_is_damaged(content, rule, tmp_path):
    (tmp_path / HISTORY).write_text(content)
    with pytest.raises(CnnzooError, match=f"{HISTORY}, {rule}"):
        read_history(tmp_path)


def test_names_of_runs_are_drawn_and_printed_as_they_stand(runs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    long = tmp_path / "experiments_of_a_long_name" / "with_more_in_it"
    names = ["_hidden", r"lr$0.1_bs$32 $\frac$", "two\nlines"]
    for name in names:
        shutil.copytree(runs[0], long / name)
    _, figure = cnnzoo.compare([long / name for name in names])
    png(figure)
    drawn = [text.get_text() for text in figure.legends[0].texts]
    assert [text.rpartition("/")[2] for text in drawn] == [
        "_hidden",
        r"lr\$0.1_bs\$32 \$\frac\$",
        "two\N{REPLACEMENT CHARACTER}lines",
    ]
    assert cli.main(["compare", *(str(long / name) for name in names)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[2:5]] == [*names[:2], r"two\nlines"]


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
