"""The shipped networks, against the ledger and the recipes that made them."""

from pathlib import Path

import pytest

import cnnzoo
from cnnzoo import weights
from cnnzoo.config.recipe import Recipe, recipes
from cnnzoo.evaluation import ledger

ROOT = Path(__file__).resolve().parents[1]

EMBEDDED = ("mnist_", "sms_spam_")  # The other sets are where TFDS has prepared them.

shipped = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name.startswith(EMBEDDED) else pytest.mark.data)
        for name in cnnzoo.list_weights()
    ],
)


def test_the_files_are_small():
    sizes = [path.stat().st_size for path in weights.FOLDER.glob("*.xz")]
    assert sizes
    assert max(sizes) < 2e6
    assert sum(sizes) < 20e6


@pytest.mark.parametrize("name", cnnzoo.list_weights())
def test_the_recipe_is_the_one_of_this_release(name):
    card = cnnzoo.load(name).card
    begun = Recipe.from_json(card["recipe"])
    rows = [row for row in ledger.read(ROOT / "results.csv") if row["recipe"] == name]
    settings = [dict(one.split("=") for one in row["settings"].split()) for row in rows]
    made = [recipes()[name].RECIPE.replace(seed=begun.seed, **fields) for fields in settings]
    assert [] in [begun.changes(one) for one in made]


@shipped
def test_evaluation_gives_the_ledgers_number_to_the_digit(name):
    classifier = cnnzoo.load(name)
    accuracy = cnnzoo.evaluate(classifier)["accuracy"]
    assert accuracy == classifier.card["metrics"]["test"]["accuracy"]
    rows = [row for row in ledger.read(ROOT / "results.csv") if row["recipe"] == name]
    seed = str(classifier.card["recipe"]["seed"])
    of_seed = [
        dict(zip(row["seeds"].split(), row["accuracies"].split(), strict=True))[seed]
        for row in rows
    ]
    assert f"{accuracy:g}" in of_seed
