import numpy as np
import pytest

from cnnzoo.datasets import mnist
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.splits import train_validation


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
