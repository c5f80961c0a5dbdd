import json

import pytest

from cnnzoo.config.recipe import recipes
from cnnzoo.errors import CnnzooError
from cnnzoo.training.sweep import sweep


@pytest.fixture
def short(monkeypatch, small):
    recipe = recipes()["mnist_lenet5"]
    monkeypatch.setattr(recipe, "RECIPE", recipe.RECIPE.replace(**{**small, "epochs": 1}))


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
