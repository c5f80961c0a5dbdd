import math

import pytest

from cnnzoo.config.recipe import Recipe, get_recipe
from cnnzoo.errors import CnnzooError
from cnnzoo.training.search_space import Range, SearchSpace


@pytest.fixture
def recipe():
    return get_recipe("mnist_lenet5")


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("batch_size", "64,128, 256", ("64", "128", "256")),
        ("batch_size", "64|128|64", ("64", "128")),
        ("learning_rate", "Cosine(0.1, warmup=0.2),0.01", ("Cosine(0.1, warmup=0.2)", "0.01")),
        ("learning_rate", "Steps(0.1, drops=(2, 3))", ("Steps(0.1, drops=(2, 3))",)),
        ("learning_rate", "Cosine(0.1, warmup=0.2)|0.01", ("Cosine(0.1, warmup=0.2)", "0.01")),
        ("dataset", "../data/digits.npz", ("../data/digits.npz",)),
        ("learning_rate.peak", "1e-3..1e-1:log", Range(1e-3, 1e-1, True)),
        ("learning_rate.peak", "1..2", Range(1.0, 2.0, False)),
        ("batch_size", "16..128", Range(16, 128, False)),
        ("validation", "0.1..0.5", Range(0.1, 0.5, False)),
        ("optimizer_options.beta_1", ".8..0.99", Range(0.8, 0.99, False)),
    ],
)
def test_values_and_ranges_as_text(recipe, field, text, expected):
    found = SearchSpace(recipe, {field: text}).fields[field]
    assert found == expected
    if isinstance(expected, Range):
        assert [type(end) for end in found] == [type(end) for end in expected]


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"optimizer": "1..2"}, "optimizer must be a number to have a range, .*; got '1..2'"),
        ({"decay_all": "0..1"}, "decay_all must be a number to have a range, .*; got '0..1'"),
        ({"batch_size": "0.5..2"}, "and an integer field needs integers; got '0.5..2'"),
        ({"l2": "1e-1..1e-3"}, "l2 must have a range from low to high; got '1e-1..1e-3'"),
        ({"l2": "0.1..0.1"}, "l2 must have a range from low to high"),
        ({"l2": "0..1:log"}, "l2 must have a range above 0 to be logarithmic; got '0..1:log'"),
        ({"label_smoothing": "0..2"}, "label_smoothing must be from 0 to below 1; got 2.0"),
        ({"l2": "1e-3..1e-1:lag"}, "l2 must be a number; got '1e-3..1e-1:lag'"),
        ({"learning_rate.peek": "0.1..1"}, "cosine field 'peek' is unknown; did you mean peak"),
        ({"batchsize": "1..2"}, "recipe field 'batchsize' is unknown; did you mean batch_size"),
        ({"fold": "0..3"}, "fold must be from 0 to below folds; got 3"),
    ],
)
def test_wrong_ranges(recipe, over, message):
    with pytest.raises(CnnzooError, match=message):
        SearchSpace(recipe, over)


def test_numbers_have_four_digits_and_stay_in_their_range():
    assert Range(1e-5, 1.0, True).text(math.pi / 1000) == "0.003142"
    assert Range(0.0, 0.12345, False).text(0.12345) == "0.12345"
    assert Range(0.0, 0.99999, False).text(0.999981) == "0.99999"
    assert Range(1, 70_000, False).text(65_537) == "65537"


def test_many_combinations_are_checked_in_a_moment():
    recipe = Recipe(model="mlp", dataset="mnist", epochs=1, batch_size=1, learning_rate=0.1)
    names = ("epochs", "batch_size", "seed", "l2", "weight_decay", "clip_norm", "temperature")
    over = {name: [str(one) for one in range(1, 50)] for name in names}
    SearchSpace(recipe, over)
    with pytest.raises(CnnzooError, match="epochs must be at least 1; got 0"):
        SearchSpace(recipe, {**over, "epochs": [*over["epochs"], "0"]})
