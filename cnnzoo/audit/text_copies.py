"""Texts that say the same: equal but for case and signs, or nearly so.

Two texts are nearly equal if they share at least 80% of all their sequences of five characters.
Pairs to compare come from MinHash, Broder 1997, https://doi.org/10.1109/SEQUEN.1997.666900.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from cnnzoo.audit.copies import Pairs, equal
from cnnzoo.progress import tracked

_LENGTH = 5  # Characters of a sequence.
_LEAST = 0.8  # Share of sequences of both texts.
_BANDS, _ROWS = 16, 4  # Pairs of that share agree in a band with a chance of 99.98%.
_CHUNK = 500  # Texts at a time.
_MOST = 50  # Texts of a band that are compared with its first one.


def normalized(text: str) -> str:
    """Return the letters and digits of `text` in small letters, with spaces between words."""
    kept = (sign if sign.isalnum() else " " for sign in text.casefold())
    return " ".join("".join(kept).split())


def copies(texts: Sequence[str]) -> list[Pairs]:
    """Return the pairs of copies among `texts`, but for those without letters and digits."""
    plain = [normalized(text) for text in texts]
    filled = np.array([place for place, text in enumerate(plain) if text], np.int64)
    kept = [plain[place] for place in filled.tolist()]
    if not kept:
        return []
    same = equal(np.array([hashlib.sha256(text.encode()).digest() for text in kept]))
    found = [same, _nearly(kept, np.setdiff1d(np.arange(len(kept)), same.second))]
    return [Pairs(filled[one.first], filled[one.second], one.similarity) for one in found]


def _nearly(texts: list[str], distinct: np.ndarray) -> Pairs:
    """Return the pairs that are nearly equal among the `distinct` ones."""
    chosen = [texts[place] for place in distinct.tolist()]
    signatures = _signatures(chosen)
    pairs: set[tuple[int, int]] = set()
    for band in range(_BANDS):
        rows = np.ascontiguousarray(signatures[:, band * _ROWS : (band + 1) * _ROWS])
        keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * _ROWS))).reshape(-1)
        order = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(np.append(True, keys[order][1:] != keys[order][:-1]))
        for alike in np.split(order, starts[1:]):
            if len(alike) > 1:
                members = alike[: _MOST + 1].tolist()
                pairs.update((members[0], other) for other in members[1:])
                pairs.update(zip(alike[:-1].tolist(), alike[1:].tolist(), strict=True))
    compared = [(*pair, _shared(chosen[pair[0]], chosen[pair[1]])) for pair in sorted(pairs)]
    kept = np.array([one for one in compared if one[2] >= _LEAST]).reshape(-1, 3)
    first, second = (distinct[kept[:, column].astype(int)] for column in (0, 1))
    return Pairs(first, second, kept[:, 2])


def _sequences(text: str) -> set[str]:
    return {text[start : start + _LENGTH] for start in range(max(len(text) - _LENGTH + 1, 1))}


def _shared(one: str, other: str) -> float:
    first, second = _sequences(one), _sequences(other)
    return len(first & second) / len(first | second)


def _signatures(texts: list[str]) -> np.ndarray:
    """Return the least hashes of each text's sequences, uint32 `[texts, 64]`."""
    draw = np.random.default_rng(0)
    factors = draw.integers(0, 2**63, _BANDS * _ROWS, np.uint64) * 2 + 1
    found = np.empty((len(texts), _BANDS * _ROWS), np.uint32)
    parts = range(0, len(texts), _CHUNK)
    for begin in tracked(parts, parts.__len__, "comparing", f"parts of {_CHUNK} texts"):
        some = [text.ljust(_LENGTH) for text in texts[begin : begin + _CHUNK]]
        hashes, starts = _hashed(some)
        for place, factor in enumerate(factors):
            mixed = (hashes * factor) >> np.uint64(32)
            found[begin : begin + _CHUNK, place] = np.minimum.reduceat(mixed, starts)
    return found


def _hashed(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return a hash of each sequence of all `texts`, and where those of each text begin."""
    letters = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).astype(np.uint64)
    hashes = np.zeros(len(letters), np.uint64)
    for offset in range(_LENGTH):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + np.roll(letters, -offset)
        hashes ^= hashes >> np.uint64(29)
    lengths = np.array([len(text) for text in texts])
    ends = np.cumsum(lengths)
    inside = np.ones(len(letters), bool)  # Sequences that go on into the next text are none.
    for back in range(1, _LENGTH):
        inside[ends - back] = False
    counts = lengths - _LENGTH + 1
    return hashes[inside], np.cumsum(counts) - counts
