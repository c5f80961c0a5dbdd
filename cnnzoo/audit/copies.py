"""Groups of copies, from pairs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np


class Pairs(NamedTuple):
    """Pairs of examples that show the same."""

    first: np.ndarray  # int64 `[pairs]`.
    second: np.ndarray  # int64 `[pairs]`.
    similarity: np.ndarray  # 1 of equal content, float `[pairs]`.


class Group(NamedTuple):
    """Examples that show the same."""

    places: list[int]  # Ascending.
    similarity: float  # The least of its pairs that were found.


def groups(found: Iterable[Pairs], count: int) -> list[Group]:
    """Return the groups that pairs among `count` examples join, by their first example.

    Args:
        found: Pairs; one may be there several times.
        count: Number of examples.
    """
    parent = list(range(count))
    least = [1.0] * count

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for pairs in found:
        columns = (column.tolist() for column in pairs)
        for first, second, similarity in zip(*columns, strict=True):
            low, high = sorted((root(first), root(second)))
            if low != high:
                parent[high] = low
                least[low] = min(least[low], least[high], similarity)
    members: dict[int, list[int]] = {}
    for place in range(count):
        members.setdefault(root(place), []).append(place)
    return [Group(places, least[one]) for one, places in members.items() if len(places) > 1]


def equal(keys: np.ndarray) -> Pairs:
    """Return each example whose key was there before, with the first one of that key.

    Args:
        keys: `[examples]`, of any type that sorts.
    """
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    one = first[inverse.reshape(-1)]
    later = np.flatnonzero(one != np.arange(len(keys)))
    return Pairs(one[later], later, np.ones(len(later)))
