"""The temperature by which logits are divided, so that scores are right as often as they say.

Source: Guo, Pleiss, Sun and Weinberger 2017, https://arxiv.org/abs/1706.04599, section 4.2.
"""

from __future__ import annotations

import math

import numpy as np

_COLDEST, _HOTTEST = 0.05, 20.0


def logits_of(scores: np.ndarray) -> np.ndarray:
    """Return float64 logits of softmax `scores`, `[examples, classes]`."""
    smallest = np.finfo(np.float32).tiny  # A score may have underflowed to 0.
    return np.log(np.maximum(scores.astype(np.float64), smallest))


def tempered(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Return what softmax `scores` become where the logits are divided by `temperature`."""
    logits = logits_of(scores) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature of the least cross-entropy, from 0.05 to 20.

    Args:
        scores: Of softmax at a temperature of 1, float `[examples, classes]`.
        labels: Whole numbers `[examples]`.
    """
    logits = logits_of(scores)
    of_label = logits[np.arange(len(labels)), labels].mean()

    def slope(inverse: float) -> float:  # Of the cross-entropy, which is convex in the inverse.
        shares = tempered(scores, 1 / inverse)
        return float((shares * logits).sum(axis=1).mean() - of_label)

    low, high = 1 / _HOTTEST, 1 / _COLDEST
    for _ in range(50):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return float(f"{1 / math.sqrt(low * high):.6g}")
