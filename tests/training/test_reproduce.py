import csv
import dataclasses
import json
from pathlib import Path

import pytest

import cnnzoo
from cnnzoo import cli
from cnnzoo.config.recipe import recipes
from cnnzoo.errors import CnnzooError
from cnnzoo.training import reproduce as module


@pytest.fixture
def short(monkeypatch, tmp_path, small):
    """The recipe cut to one epoch, in an empty folder."""
    recipe = recipes()["mnist_lenet5"]
    cut = recipe.RECIPE.replace(**{**small, "epochs": 1})
    monkeypatch.setattr(recipe, "RECIPE", cut)
    monkeypatch.chdir(tmp_path)
    return recipe


def test_the_row_holds_every_seed_and_finished_runs_are_used_again(short, tmp_path, monkeypatch):
    ledger = tmp_path / "results.csv"
    monkeypatch.setattr(short, "RECIPE", dataclasses.replace(short.RECIPE, target=0.1))
    row = module.reproduce("mnist_lenet5", 2, ledger)
    assert row["passed"]
    (written,) = csv.DictReader(ledger.open())
    assert written["seeds"] == "0 1"
    accuracies = [float(value) for value in written["accuracies"].split()]
    assert len(set(accuracies)) == 2
    assert float(written["accuracy_mean"]) == pytest.approx(sum(accuracies) / 2, abs=1e-6)
    spread = abs(accuracies[0] - accuracies[1]) / 2**0.5  # Sample standard deviation of two.
    assert float(written["accuracy_std"]) == pytest.approx(spread, abs=1e-6)
    assert written["n"] == "2"
    runs = [tmp_path / "runs" / "mnist_lenet5" / f"seed{seed}" / "metrics.json" for seed in (0, 1)]
    first, second = (json.loads(path.read_text()) for path in runs)
    for name in ("loss", "ece", "brier"):
        mean = (first[name] + second[name]) / 2
        assert float(written[name]) == pytest.approx(mean, abs=1e-6)
        mean = (first["uncalibrated"][name] + second["uncalibrated"][name]) / 2
        assert float(written[f"{name}_before"]) == pytest.approx(mean, abs=1e-6)
    history = tmp_path / "runs" / "mnist_lenet5" / "seed0" / "history.csv"
    assert (tmp_path / "histories" / "mnist_lenet5.csv").read_text() == history.read_text()

    def train(*_, **__):
        raise AssertionError("finished runs must not train again")

    monkeypatch.setattr("keras.Model.fit", train)
    monkeypatch.setattr(short, "RECIPE", dataclasses.replace(short.RECIPE, target=1.0))
    assert not module.reproduce("mnist_lenet5", 2, ledger)["passed"]


def test_corrupted_test_images_are_scored_where_wanted(short, tmp_path, monkeypatch):
    scored = []

    def evaluate(run, corrupted):
        scored.append(run)
        return {"corrupted": {"accuracy": 0.5 + 0.1 * len(scored)}} if corrupted else {}

    monkeypatch.setattr(module, "evaluate", evaluate)
    row = module.reproduce("mnist_lenet5", 2, tmp_path / "two.csv", corrupted=True)
    assert row["corrupted_accuracy"] == pytest.approx(0.65)  # The mean of 0.6 and 0.7.
    assert scored == [Path(f"runs/mnist_lenet5/seed{seed}") for seed in (0, 1)]


def test_one_seed_has_no_spread_and_none_is_refused(short, tmp_path):
    row = module.reproduce("mnist_lenet5", 1, tmp_path / "results.csv")
    assert row["n"] == 1
    assert row["corrupted_accuracy"] is None
    assert "seeds" not in cnnzoo.load(tmp_path / "runs" / "mnist_lenet5" / "seed0").card["metrics"]
    with pytest.raises(CnnzooError, match="seeds must be at least 1; got 0"):
        module.reproduce("mnist_lenet5", 0, tmp_path / "results.csv")


def test_every_fold_is_trained_and_tested_once(short, tmp_path, monkeypatch):
    monkeypatch.setattr(short, "RECIPE", short.RECIPE.replace(folds=3))
    row = module.reproduce("mnist_lenet5", 1, tmp_path / "results.csv")
    assert (row["n"], row["seeds"]) == (3, "0")
    tested = [
        cnnzoo.evaluate(cnnzoo.load(tmp_path / f"runs/mnist_lenet5/seed0/fold{fold}"))
        for fold in range(3)
    ]
    # The cut MNIST has 2,000 training and 500 test images, which the folds share.
    assert sum(result["examples"] for result in tested) == 2_500
    assert [f"{result['accuracy']:g}" for result in tested] == row["accuracies"].split()


def test_replaced_fields_have_runs_and_a_row_of_their_own(short, tmp_path):
    ledger = tmp_path / "results.csv"
    module.reproduce("mnist_lenet5", 1, ledger)
    history = (tmp_path / "histories" / "mnist_lenet5.csv").read_text()
    fields = {"batch_size": "100", "optimizer": "nesterov"}
    row = module.reproduce("mnist_lenet5", 1, ledger, fields)
    assert row["settings"] == "batch_size=100 optimizer=nesterov"
    first, second = csv.DictReader(ledger.open())
    assert (first["settings"], second["settings"]) == ("", row["settings"])
    run = tmp_path / "runs/mnist_lenet5/batch_size=100,optimizer=nesterov/seed0"
    assert cnnzoo.load(run).card["recipe"]["batch_size"] == 100
    assert (tmp_path / "histories" / "mnist_lenet5.csv").read_text() == history
    with pytest.raises(CnnzooError, match="^recipe field 'nosuch' is unknown"):
        module.reproduce("mnist_lenet5", 1, ledger, {"nosuch": "1"})


def test_all_rows_of_a_table_are_made_again(short, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(short, "RECIPE", short.RECIPE.replace(target=0.1))
    table = tmp_path / "results.csv"
    module.reproduce("mnist_lenet5", 2, table)
    module.reproduce("mnist_lenet5", 1, table, {"batch_size": "25"})
    header, plain, changed = table.read_text().splitlines()
    other = plain.replace("2 cores", "64 cores")  # Of another machine, which stays.
    table.write_text("\n".join([header, plain, other, changed]))
    asked = []
    made = module.reproduce

    def reproduce(name, seeds, path, assignments, corrupted):
        asked.append((name, seeds, assignments, corrupted))
        return made(name, seeds, path, assignments, corrupted)

    monkeypatch.setattr(module, "reproduce", reproduce)
    rows, errors = module.reproduce_all(table)
    assert not errors
    assert asked == [
        ("mnist_lenet5", 2, {}, False),
        ("mnist_lenet5", 1, {"batch_size": "25"}, False),
    ]
    assert [row["n"] for row in rows] == [2, 1]
    assert table.read_text().splitlines() == [header, plain, other, changed]


def test_a_row_that_cannot_be_made_keeps_no_other_from_it(short, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(short, "RECIPE", short.RECIPE.replace(target=0.1))
    table = tmp_path / "results.csv"
    module.reproduce("mnist_lenet5", 1, table)
    header, row = table.read_text().splitlines()
    table.write_text(
        "\n".join([header, row.replace("mnist_lenet5,", "mnist_lenet5,nosuch=1"), row])
    )
    assert cli.main(["reproduce", "--all", "--ledger", str(table)]) == 1
    printed = capsys.readouterr().err
    assert "mnist_lenet5 nosuch=1: " in printed
    assert "mnist_lenet5: " in printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mnist_lenet5"], "all must stand without recipe and fields of its own; got recipe"),
        (["--seeds", "2"], "all must stand without recipe and fields of its own; got seeds 2"),
        (["--cpus", "2"], "cpus must stand with --on, for a cluster; got 2 alone"),
    ],
)
def test_what_all_rows_state_themselves_is_refused(words, message, capsys):
    assert cli.main(["reproduce", "--all", *words]) == 1
    assert message in capsys.readouterr().err


def test_a_recipe_or_all_must_be_named(capsys):
    assert cli.main(["reproduce"]) == 1
    assert "recipe must be given, or --all; got neither" in capsys.readouterr().err


def test_a_table_without_rows_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module.ledger, "shipped", list)
    with pytest.raises(CnnzooError, match="ledger must hold rows; .* has none"):
        module.reproduce_all(tmp_path / "none.csv")


def test_values_with_spaces_are_read_from_a_row(tmp_path, monkeypatch):
    row = {"recipe": "mnist_lenet5", "seeds": "0", "corrupted_accuracy": "", "settings": ""}
    assert module._how({**row, "settings": "dataset=my digits.npz epochs=2"})[2] == {
        "dataset": "my digits.npz",
        "epochs": "2",
    }
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CnnzooError, match="ledger must have rows with recipe, seeds and settings"):
        module.reproduce_all(tmp_path / "other.csv")
    (tmp_path / "latin.csv").write_bytes(b"recipe\n\xe9\n")
    with pytest.raises(CnnzooError, match="must be a table of results"):
        module.reproduce_all(tmp_path / "latin.csv")
