import numpy as np
import pytest

from cnnzoo.datasets import Dataset, Examples, mnist
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.splits import Split, folds, select, train_validation, training_data

SPLITS = ("train", "validation", "test")


def test_mnist_splits_into_55000_and_5000_with_equal_shares():
    labels = mnist.read("train").labels
    training, validation = train_validation(labels, 5_000)
    assert (len(training), len(validation)) == (55_000, 5_000)
    assert np.array_equal(np.sort(np.concatenate([training, validation])), np.arange(60_000))
    shares = np.bincount(labels) * 5_000 / 60_000
    assert np.abs(np.bincount(labels[validation]) - shares).max() < 1


def test_the_seed_selects_the_split():
    labels = np.arange(100) % 4
    first, again, other = (train_validation(labels, 20, seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("size", [0, 10, 11, -1])
def test_a_split_that_leaves_nothing_is_refused(size):
    with pytest.raises(CnnzooError, match=f"validation must be from 1 to 9 examples; got {size}"):
        train_validation(np.zeros(10, int), size)


@pytest.mark.parametrize("count", [2, 7, 10])
def test_every_example_is_tested_in_one_fold(count):
    labels = np.random.default_rng(0).choice(3, 101, p=[0.7, 0.2, 0.1])
    parts = folds(labels, count, seed=1)
    assert len(parts) == count
    assert np.array_equal(np.sort(np.concatenate([test for _, test in parts])), np.arange(101))
    for training, test in parts:
        assert np.array_equal(np.sort(np.concatenate([training, test])), np.arange(101))
        assert len(test) in (101 // count, 101 // count + 1)
        for name in range(3):
            share = (labels == name).sum() / count
            assert abs((labels[test] == name).sum() - share) < 1
    assert not np.array_equal(parts[0][1], folds(labels, count, seed=2)[0][1])


@pytest.mark.parametrize("count", [-1, 1, 6])
def test_too_few_or_too_many_folds_are_refused(count):
    with pytest.raises(CnnzooError, match=f"folds must be from 2 to 5, the examples; got {count}"):
        folds(np.zeros(5, int), count)


def test_a_share_below_1_is_of_all_examples():
    labels = np.repeat([0, 1], 50)
    training, validation = train_validation(labels, 0.2)
    assert np.array_equal(validation, train_validation(labels, 20)[1])
    assert len(train_validation(labels[:3], 0.01)[1]) == 1
    assert len(training) == 80


def letters(split):
    count = {"train": 20, "test": 10}[split]
    first = {"train": 0, "test": 20}[split]
    names = [f"text {place}" for place in range(first, first + count)]
    return Examples(np.array(names, object), np.arange(count) % 2)


LETTERS = Dataset("letters", ("a", "b"), {"train": 20, "test": 10}, "", "", "", read=letters)


@pytest.mark.parametrize("cut", [Split(0.25), Split(5, folds=3, fold=1)])
def test_no_example_is_in_two_splits_and_none_is_lost(cut):
    parts = {split: list(select(LETTERS, split, cut).inputs) for split in SPLITS}
    assert sorted(sum(parts.values(), [])) == sorted(f"text {place}" for place in range(30))
    assert [len(parts[split]) for split in SPLITS] == [15, 5, 10]
    examples, training, validation = training_data(LETTERS, cut)
    assert list(examples.inputs[training]) == parts["train"]
    assert list(validation.inputs) == parts["validation"]


def test_the_folds_of_a_set_test_every_example_once():
    tested = [select(LETTERS, "test", Split(5, folds=3, fold=fold)).inputs for fold in range(3)]
    assert sorted(np.concatenate(tested)) == sorted(f"text {place}" for place in range(30))


def test_an_unknown_split_gets_near_matches():
    with pytest.raises(CnnzooError, match="split 'tests' is unknown; did you mean test"):
        select(LETTERS, "tests", Split(5))


def test_another_data_set_is_not_split_as_the_one_of_the_card():
    recipe = {"validation": 5, "folds": 3, "fold": 1}
    assert Split.of({"dataset": "letters", "recipe": recipe}, LETTERS) == Split(5, 3, 1)
    assert Split.of({"dataset": "mr", "recipe": recipe}, LETTERS) == Split(0.1)
    tested = select(LETTERS, "test", Split.of({"dataset": "mr", "recipe": recipe}, LETTERS))
    assert list(tested.inputs) == list(LETTERS.examples("test").inputs)


def test_a_class_of_two_examples_has_one_for_validation_where_there_is_room():
    labels = np.repeat([0, 1, 2, 3, 4], [50, 46, 2, 2, 1])  # By share: 5, 5, 0, 0 and 0.
    training, validation = train_validation(labels, 0.1)
    assert np.bincount(labels[validation], minlength=5).tolist() == [4, 4, 1, 1, 0]
    assert np.bincount(labels[training]).tolist() == [46, 42, 1, 1, 1]
    _, validation = train_validation(np.repeat([0, 1, 2], [50, 2, 2]), 2)
    assert validation.size == 2  # No room for three classes.
