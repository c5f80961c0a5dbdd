"""How alike two pictures are: by the order of their values, and by their structure.

Sources: rank correlation, Spearman 1904, https://doi.org/10.2307/1412159; structural similarity,
Wang et al. 2004, https://doi.org/10.1109/TIP.2003.819861, section III.B.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnzoo.errors import CnnzooError

_WINDOW, _SIGMA = 11, 1.5  # Positions, of structural similarity.
_STABLE = 0.01**2, 0.03**2  # For values from 0 to 1.


def rank_correlation(first: Any, second: Any) -> float:
    """Return Spearman's rank correlation, -1 to 1, of two arrays of one shape.

    Equal values share the mean of their ranks. An array of equal values has no order: with another
    such array the correlation is 1, with any other array it is 0.

    Raises:
        CnnzooError: The shapes differ.
    """
    ranks = [_ranks(values) for values in _pair(first, second)]
    spreads = [float(np.linalg.norm(one)) for one in ranks]
    if min(spreads) == 0:
        return float(max(spreads) == 0)
    return float(ranks[0] @ ranks[1] / (spreads[0] * spreads[1]))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value, less the mean rank."""
    _, places, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return ranks[places.ravel()] - (values.size + 1) / 2


def structural_similarity(first: Any, second: Any) -> float:
    """Return the structural similarity (SSIM), at most 1, of two arrays of one shape.

    Values are from 0 to 1, on any number of sides. It is the mean over all Gaussian windows of 11
    positions per side, or as many as the side has, that lie within the arrays.

    Raises:
        CnnzooError: The shapes differ.
    """
    one, other = _pair(first, second)
    means = _smoothed(one), _smoothed(other)
    spreads = _smoothed(one**2) - means[0] ** 2, _smoothed(other**2) - means[1] ** 2
    shared = _smoothed(one * other) - means[0] * means[1]
    alike = (2 * means[0] * means[1] + _STABLE[0]) * (2 * shared + _STABLE[1])
    total = (means[0] ** 2 + means[1] ** 2 + _STABLE[0]) * (sum(spreads) + _STABLE[1])
    return float(np.mean(alike / total))


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Return the weighed mean of each window."""
    for axis, side in enumerate(values.shape):
        size = min(_WINDOW, side)
        weights = np.exp(-(((np.arange(size) - (size - 1) / 2) / _SIGMA) ** 2) / 2)
        weights /= weights.sum()
        values = np.apply_along_axis(np.convolve, axis, values, weights, mode="valid")
    return values


def _pair(first: Any, second: Any) -> tuple[np.ndarray, np.ndarray]:
    one, other = np.asarray(first, float), np.asarray(second, float)
    if one.shape != other.shape or not one.size:
        raise CnnzooError(
            f"first and second must have one shape, and values; "
            f"got {list(one.shape)} and {list(other.shape)}"
        )
    return one, other
