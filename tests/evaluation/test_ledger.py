import inspect
from pathlib import Path

import pytest

from cnnzoo.config.recipe import recipes
from cnnzoo.evaluation import ledger
from cnnzoo.weights import list_weights

ROOT = Path(__file__).resolve().parents[2]
ROW = {
    "recipe": "mnist_lenet5",
    "settings": "",
    "accuracy_mean": 0.99,
    "accuracy_std": 0.001,
    "n": 2,
    "seeds": "0 1",
    "accuracies": "0.989 0.991",
    "params": 61_706,
    "epochs": 8,
    "seconds": 90.0,
    "hardware": "a machine, 2 cores",
    "versions": "keras=3",
    "commit": None,
    "paper_accuracy": 0.9905,
    "target": None,
}


def test_a_row_replaces_the_one_of_the_same_recipe_and_hardware(tmp_path):
    path = tmp_path / "results.csv"
    ledger.write(path, ROW)
    ledger.write(path, {**ROW, "hardware": "another, 8 cores"})
    ledger.write(path, {**ROW, "accuracy_mean": 0.98})
    rows = ledger.read(path)
    assert [(row["hardware"], row["accuracy_mean"]) for row in rows] == [
        ("a machine, 2 cores", "0.98"),
        ("another, 8 cores", "0.99"),
    ]


def test_the_table_shows_percent_minutes_and_the_paper(tmp_path):
    path = tmp_path / "results.csv"
    ledger.write(path, ROW)
    line = ledger.table(ledger.read(path)).splitlines()[-1]
    cells = "`mnist_lenet5` | 99.00 ± 0.10 | 2 | 99.05 | 61,706 | 8 | 1.5 | a machine, 2 cores"
    assert line == f"| {cells} |"


def test_replaced_fields_stand_beside_the_recipe(tmp_path):
    path = tmp_path / "results.csv"
    ledger.write(path, ROW)
    ledger.write(path, {**ROW, "settings": "precision=bfloat16 seed=1", "n": 1})
    plain, replaced = ledger.table(ledger.read(path)).splitlines()[2:]
    assert plain.startswith("| `mnist_lenet5` | 99.00")
    assert replaced.startswith("| `mnist_lenet5` `precision=bfloat16` `seed=1` | 99.00 |")


def test_one_run_has_no_spread(tmp_path):
    path = tmp_path / "results.csv"
    ledger.write(path, {**ROW, "n": 1, "seeds": "0", "accuracies": "0.99", "accuracy_std": 0.0})
    assert "| `mnist_lenet5` | 99.00 | 1 |" in ledger.table(ledger.read(path))


def test_accuracy_on_corrupted_images_is_optional(tmp_path):
    path = tmp_path / "results.csv"
    older = [name for name in ledger.COLUMNS if name in ROW and name != "corrupted_accuracy"]
    cells = ["" if ROW[name] is None else f'"{ROW[name]}"' for name in older]
    path.write_text(f"{','.join(older)}\n{','.join(cells)}\n")
    ledger.write(path, {**ROW, "recipe": "mnist_mlp", "corrupted_accuracy": 0.9})
    rows = ledger.read(path)
    assert [row["corrupted_accuracy"] for row in rows] == ["", "0.9"]
    assert rows[0]["accuracies"] == ROW["accuracies"]


def test_the_readmes_table_is_made_from_the_ledger():
    rows = ledger.read(ROOT / "results.csv")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shipped = ledger.trained(rows)
    assert {row["recipe"] for row in shipped} == set(list_weights())
    marked = f"<!-- results: begin -->\n{ledger.table(shipped)}\n<!-- results: end -->"
    assert marked in readme


def test_every_row_is_of_a_recipe_and_lists_its_seeds():
    for row in ledger.read(ROOT / "results.csv"):
        assert row["recipe"] in recipes()
        accuracies = [float(value) for value in row["accuracies"].split()]
        folds = recipes()[row["recipe"]].RECIPE.folds or 1
        assert len(accuracies) == int(row["n"]) == folds * len(row["seeds"].split())
        assert float(row["accuracy_mean"]) == pytest.approx(
            sum(accuracies) / len(accuracies), abs=1e-6
        )
        assert row["commit"]


def test_recipes_state_what_the_ledger_measured():
    for row in ledger.read(ROOT / "results.csv"):
        mean, std = float(row["accuracy_mean"]), float(row["accuracy_std"])
        recipe = recipes()[row["recipe"]]
        runs = f"{row['n']} {'folds' if recipe.RECIPE.folds else 'seeds'}"
        stated = f"Expect: {mean:.2%} +- {std:.2%} test accuracy over {runs}"
        if row["n"] == "1":
            stated = f"Expect: {mean:.2%} test accuracy with seed {row['seeds']}"
        assert stated in inspect.getdoc(recipe)
        assert int(row["epochs"]) == recipe.RECIPE.epochs
        assert row["paper_accuracy"] == str(recipe.RECIPE.paper_accuracy or "")
