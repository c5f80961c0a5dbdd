import copy
import dataclasses
import inspect
import math
import pickle
import re

import pytest

import cnnzoo
from cnnzoo.config.recipe import Recipe, Tokens, recipes, resolve
from cnnzoo.config.schedules import Cosine, OneCycle, Plateau, Steps
from cnnzoo.errors import CnnzooError
from cnnzoo.models import MODELS
from cnnzoo.pipelines.augmentation import POLICIES

RECIPE = Recipe(
    model="lenet5", dataset="mnist", epochs=3, batch_size=32, learning_rate=Cosine(0.1, warmup=0.1)
)


@pytest.mark.parametrize("name", cnnzoo.list_recipes())
def test_every_recipe_names_what_exists_and_says_what_to_expect(name):
    module = recipes()[name]
    recipe = module.RECIPE
    # Names leave out what a data set is called beside the usual, such as svhn_cropped's end.
    first = name.split("_")[0]
    if first in ("images", "texts"):  # For data of the user's.
        assert recipe.dataset is None
        assert (first == "texts") == (recipe.tokens is not None)
    else:
        assert first == recipe.dataset.split("_")[0]
        assert recipe.dataset in cnnzoo.list_datasets()
    assert recipe.model in MODELS
    assert recipe.augmentation is None or recipe.augmentation in POLICIES
    assert "Expect:" in inspect.getdoc(module)
    assert f"cnnzoo train {name}" in inspect.getdoc(module)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("epochs", "abc", "an integer; got 'abc'"),
        ("epochs", 0, "at least 1; got 0"),
        ("epochs", 1.5, "an integer; got 1.5"),
        ("epochs", True, "an integer; got True"),
        ("batch_size", 0, "at least 1; got 0"),
        ("batch_size", -8, "at least 1; got -8"),
        ("learning_rate", -0.1, "above 0; got -0.1"),
        ("learning_rate", float("nan"), "above 0; got nan"),
        (
            "learning_rate",
            "fast",
            "a number or Cosine(...) or OneCycle(...) or Steps(...) or Plateau(...); got 'fast'",
        ),
        (
            "optimizer",
            "adamm",
            "one of sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, muon; got 'adamm'",
        ),
        ("l2", -1.0, "at least 0; got -1.0"),
        ("clip_norm", 0.0, "above 0; got 0.0"),
        ("ema", 1.0, "between 0 and 1; got 1.0"),
        ("label_smoothing", 1, "from 0 to below 1; got 1.0"),
        ("patience", 0, "at least 1; got 0"),
        ("precision", "half", "one of float32, bfloat16, float16; got 'half'"),
        ("seed", -1, "from 0 to 2147483647; got -1"),
        ("seed", 2**31, "from 0 to 2147483647; got 2147483648"),
        ("normalization", "none", "one of standardized, unit, centered; got 'none'"),
        ("validation", 0, "at least 1, or a share between 0 and 1; got 0"),
        ("validation", 1.0, "at least 1, or a share between 0 and 1; got 1.0"),
        ("augmentation", 3, "text or none; got 3"),
        ("sampling", "even", "one of uniform, balanced; got 'even'"),
        (
            "class_weight",
            "even",
            "'balanced', a mapping from names of classes to weights, or none; got 'even'",
        ),
        *(
            (
                "class_weight",
                value,
                f"a mapping from names of classes to finite weights of at least 0; got {value!r}",
            )
            for value in ({}, {0: 2.0}, {"0": -1.0}, {"0": math.inf}, {"0": "2"}, {"0": True})
        ),
        ("encoding", "utf-88", "one that Python knows, such as cp1252; got 'utf-88'"),
    ],
)
def test_wrong_values_are_refused_when_the_recipe_is_made(field, value, rule):
    with pytest.raises(CnnzooError, match=f"^{field} must be {re.escape(rule)}$"):
        RECIPE.replace(**{field: value})


def test_unknown_fields_get_near_matches():
    with pytest.raises(CnnzooError, match="recipe field 'epoch' is unknown; did you mean epochs"):
        RECIPE.replace(epoch=3)


def test_text_becomes_values_of_the_fields_types():
    texts = {"epochs": "4", "learning_rate": "1e-3", "augmentation": "none", "model": "lenet5"}
    values = {"epochs": 4, "learning_rate": 0.001, "augmentation": None, "model": "lenet5"}
    assert RECIPE.parse(texts) == values
    assert RECIPE.parse({"epochs": "abc"}) == {"epochs": "abc"}
    assert RECIPE.replace(learning_rate=1).learning_rate == 1.0


def test_weights_of_classes_are_read_from_text():
    for text, value in (("balanced", "balanced"), ("{'7': 2}", {"7": 2}), ("none", None)):
        assert RECIPE.parse({"class_weight": text}) == {"class_weight": value}
    assert RECIPE.parse({"class_weight.7": "2"}) == {"class_weight": {"7": 2}}
    with pytest.raises(CnnzooError, match="class_weight must be none where sampling is balanced"):
        RECIPE.replace(class_weight="balanced", sampling="balanced")


def test_json_round_trip():
    for recipe in (
        RECIPE,
        RECIPE.replace(learning_rate=0.1, augmentation="shift2"),
        RECIPE.replace(class_weight={"7": 2.5}, sampling="balanced"),
    ):
        assert Recipe.from_json(recipe.to_json()) == recipe
    with pytest.raises(CnnzooError, match="recipe fields must be those of this version"):
        Recipe.from_json({**RECIPE.to_json(), "new": 1})


def test_tokens_of_earlier_versions_are_read_unless_they_had_a_percentile():
    earlier = {**Tokens().to_json(), "percentile": None}
    assert Tokens.from_json(earlier) == Tokens()
    with pytest.raises(CnnzooError, match=r"percentile must be None in this version; got 95.0"):
        Tokens.from_json({**earlier, "percentile": 95.0})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: OneCycle(1.0, warmup=0), "warmup must be between 0 and 1; got 0.0"),
        (lambda: OneCycle(1.0, start=2), "start must be from 0 to 1; got 2.0"),
        (lambda: Steps(1.0, drops=(3, 2)), r"drops must be epochs from 1, ascending; got \(3, 2\)"),
        (lambda: Steps(1.0, factor=1.0), "factor must be between 0 and 1; got 1.0"),
        (lambda: Plateau(1.0, patience=0), "patience must be at least 1; got 0"),
        (lambda: Tokens(window=0), "window must be at least 1; got 0"),
    ],
)
def test_wrong_parts_are_refused(make, message):
    with pytest.raises(CnnzooError, match=message):
        make()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0,), "peak must be above 0; got 0.0"),
        ((1.0, 1.0), "warmup must be from 0 to below 1; got 1.0"),
    ],
)
def test_wrong_schedules_are_refused(arguments, message):
    with pytest.raises(CnnzooError, match=message):
        Cosine(*arguments)


def test_an_earlier_name_counts_in_dataclasses_too():
    with pytest.warns(FutureWarning, match="is now normalization='unit'"):
        found = dataclasses.replace(RECIPE, normalisation="unit")
    assert found.normalization == "unit"


def test_pickles_of_version_0_1_are_read():
    old = copy.copy(Tokens())
    state = {**vars(old), "percentile": None}
    read = object.__new__(Tokens)
    read.__setstate__(state)
    assert read == old
    assert "percentile" not in vars(read)
    state = {**vars(RECIPE), "normalisation": "centred"}
    del state["normalization"]
    recipe = object.__new__(Recipe)
    recipe.__setstate__(state)
    assert recipe == RECIPE.replace(normalization="centered")
    assert pickle.loads(pickle.dumps(RECIPE)) == copy.deepcopy(RECIPE) == RECIPE


@pytest.mark.parametrize("rate", [{"Cosine": {}, "Steps": {}}, {"Cosine": 5}, {"No": {}}])
def test_a_damaged_recipe_is_refused_in_a_line(rate):
    with pytest.raises(CnnzooError, match="fields must be those of this version"):
        Recipe.from_json({**RECIPE.to_json(), "learning_rate": rate})
    with pytest.raises(CnnzooError, match="fields must be those of this version"):
        Recipe.from_json(5)


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("cifar10", "cifar10_lenet5"),
        ("/a/b/toy.npz", "toy.npz_lenet5"),
        ("reviews.csv[review,stars]", "reviews.csv_review_stars__lenet5"),
    ],
)
def test_a_run_has_a_plain_name(dataset, name):
    assert resolve(RECIPE.replace(dataset=dataset), {})[0] == name


def test_the_signature_names_the_fields():
    assert "batch_size" in inspect.signature(Recipe).parameters
