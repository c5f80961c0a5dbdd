"""Similarities against SciPy and TensorFlow."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import rank_correlation, structural_similarity

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("values", [1_000, 4])  # Without ties, and with many.
def test_rank_correlation_is_that_of_scipy(values):
    first = RNG.integers(0, values, (9, 8))
    second = first + RNG.integers(0, values, (9, 8))
    expected = scipy.stats.spearmanr(first.ravel(), second.ravel()).statistic
    assert rank_correlation(first, second) == pytest.approx(expected, abs=1e-12)
    assert rank_correlation(first, -first) == pytest.approx(-1)


def test_arrays_of_equal_values_are_like_each_other_alone():
    flat, varied = np.zeros(5), np.arange(5)
    assert rank_correlation(flat, flat + 3) == 1
    assert rank_correlation(flat, varied) == rank_correlation(varied, flat) == 0


def test_structural_similarity_is_that_of_tensorflow():
    first = RNG.uniform(size=(15, 20))
    second = np.clip(first + 0.2 * RNG.normal(size=first.shape), 0, 1)
    pair = (tf.constant(one[..., None]) for one in (first, second))
    expected = float(tf.image.ssim(*pair, max_val=1.0))
    assert structural_similarity(first, second) == pytest.approx(expected, abs=1e-5)
    assert 0.2 < expected < 0.95


def test_structural_similarity_of_short_sides_and_of_sounds():
    # Without spread, only the means count: (2 a b + c) / (a^2 + b^2 + c).
    expected = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    for shape in [(3, 4), (50,), (1,)]:
        found = structural_similarity(np.full(shape, 0.2), np.full(shape, 0.6))
        assert found == pytest.approx(expected)


@pytest.mark.parametrize("function", [rank_correlation, structural_similarity])
def test_other_shapes_are_refused(function):
    with pytest.raises(CnnzooError, match=r"^first and second must have one shape, and values; "):
        function(np.zeros(3), np.zeros(4))
