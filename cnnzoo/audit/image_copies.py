"""Images that show the same: equal, shifted by a pixel, stored as JPEG, brighter or darker.

Three steps, each over all images: equal pixels by their hashes; shifts by the hashes of what stays
inside; and, among small pictures of 8x8 cells that are alike, those whose pixels differ by no more
than storage and brightness explain.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from cnnzoo.audit.copies import Pairs, equal
from cnnzoo.progress import tracked

_CELLS = 8  # Of a small picture, along each side.
_LOWEST, _HIGHEST = 0.97, 0.99  # Between which the least similarity of small pictures lies.
_SAMPLE, _NEIGHBORS = 1_000, 10  # It leaves each of so many images so many others, about.
_DIFFERENCE = 9.0  # Root mean square in gray levels, of 255, up to which JPEG may change pixels,
_SHARE = 0.35  # and in standard deviations of the image.
_NEARLY = 0.999  # The most that images of other pixels are alike.
_BLOCK, _CHUNK = 2_048, 1_024  # Images, and pairs, at a time.
_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # Of ITU-R BT.601, as JPEG has them.


def copies(images: np.ndarray) -> list[Pairs]:
    """Return the pairs of copies among `images`, but for those of one value.

    Args:
        images: uint8 `[images, height, width, channels]`.
    """
    varied = np.flatnonzero(~constant(images))
    some = images[varied]
    found = [*_equal(some), _alike(_gray(some))]
    return [Pairs(varied[one.first], varied[one.second], one.similarity) for one in found]


def constant(images: np.ndarray) -> np.ndarray:
    """Return which images have one value per channel, to within four levels, bool `[images]`."""
    flat = images.reshape(len(images), -1, images.shape[3])
    return (np.ptp(flat, axis=1) <= 4).all(axis=1)


def _equal(images: np.ndarray) -> Iterator[Pairs]:
    """Yield pairs of equal images, and those of which one is the other shifted by a pixel."""
    yield equal(_hashes(images))
    height, width = images.shape[1:3]
    if min(height, width) < _CELLS:
        return
    inside = _hashes(images[:, 1:-1, 1:-1])
    order = np.argsort(inside, kind="stable")
    blank = constant(images[:, 1:-1, 1:-1])
    for top, left in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)):
        part = _hashes(images[:, top : top + height - 2, left : left + width - 2])
        places = np.minimum(np.searchsorted(inside[order], part), len(order) - 1)
        others = order[places] if len(order) else order
        same = (inside[others] == part) & (others != np.arange(len(images))) & ~blank[others]
        seconds = np.flatnonzero(same)
        yield Pairs(others[seconds], seconds, np.full(len(seconds), _NEARLY))


def _hashes(images: np.ndarray) -> np.ndarray:
    """Return a hash of each image, uint64: a sum of its bytes times odd numbers drawn at random."""
    size = int(np.prod(images.shape[1:]))
    factors = np.random.default_rng(0).integers(0, 2**63, size, np.uint64) * 2 + 1
    found = np.empty(len(images), np.uint64)
    for begin in range(0, len(images), _BLOCK):
        some = images[begin : begin + _BLOCK].reshape(-1, size)
        found[begin : begin + _BLOCK] = (some * factors).sum(axis=1, dtype=np.uint64)
    return found


def _gray(images: np.ndarray) -> np.ndarray:
    """Return the brightness of each pixel, float32 `[images, height, width]`."""
    if images.shape[3] == 1:
        return images[..., 0].astype(np.float32)
    found = np.empty(images.shape[:3], np.float32)
    for begin in range(0, len(images), _BLOCK):
        found[begin : begin + _BLOCK] = images[begin : begin + _BLOCK] @ _WEIGHTS
    return found


def _alike(gray: np.ndarray) -> Pairs:
    """Return the pairs whose small pictures are alike, and then their pixels."""
    small = _small(gray)
    pixels = gray.reshape(len(gray), -1)
    least = _least_similarity(small)
    firsts, seconds, similarities = [], [], []
    blocks = range(0, len(small), _BLOCK)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for begin in tracked(blocks, blocks.__len__, "comparing", f"blocks of {_BLOCK:,} images"):
            similar = small[begin : begin + _BLOCK] @ small[begin:].T
            rows, columns = np.divmod(np.flatnonzero(similar > least), similar.shape[1])
            later = columns > rows
            first, second = rows[later] + begin, columns[later] + begin
            parts = [slice(start, start + _CHUNK) for start in range(0, len(first), _CHUNK)]
            compared = pool.map(
                lambda part, a=first, b=second: _similarity(pixels[a[part]], pixels[b[part]]), parts
            )
            similarity = np.concatenate([*compared, np.empty(0)])
            kept = similarity > 0
            firsts.append(first[kept])
            seconds.append(second[kept])
            similarities.append(similarity[kept])
    return Pairs(*map(np.concatenate, (firsts, seconds, similarities)))


def _small(gray: np.ndarray) -> np.ndarray:
    """Return the means of 8x8 cells, float32 `[images, 64]`, with mean 0 and length 1."""
    means = gray
    for axis in (1, 2):
        side = gray.shape[axis]
        edges = np.linspace(0, side, min(_CELLS, side) + 1).astype(int)
        sums = np.add.reduceat(means, edges[:-1], axis)
        means = sums / np.diff(edges)[(slice(None), None) if axis == 1 else slice(None)]
    flat = means.reshape(len(gray), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def _least_similarity(small: np.ndarray) -> float:
    """Return from which similarity on an image has ten others, within bounds."""
    sample = small[np.linspace(0, len(small) - 1, min(_SAMPLE, len(small))).astype(int)]
    share = min((_NEIGHBORS + 1) / max(len(small), 1), 1)
    similar = sample @ small.T
    return float(np.clip(np.quantile(similar, 1 - share), _LOWEST, _HIGHEST)) if len(small) else 1


def _similarity(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return how alike the pixels of pairs are, from 0, of no copies, to 1.

    Args:
        first: Brightness, float32 `[pairs, pixels]`.
        second: The same.
    """
    either = np.minimum(_difference(first, second), _difference(second, first))
    spread = np.minimum(first.std(axis=1), second.std(axis=1))
    most = np.minimum(_DIFFERENCE, _SHARE * spread)
    return np.where(either <= most, np.minimum(1 - either / 255, _NEARLY), 0)


def _difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return by how many levels `other` differs from `one` made brighter and of more contrast.

    Pixels at the ends of the scale, which may be cut off there, do not say how much brighter.
    """
    inner = ((one > 0) & (one < 255) & (other > 0) & (other < 255)).astype(np.float32)
    inner[inner.sum(axis=1) < _CELLS] = 1
    count = inner.sum(axis=1, keepdims=True)
    mean = (inner * one).sum(axis=1, keepdims=True) / count
    target = (inner * other).sum(axis=1, keepdims=True) / count
    spread = (inner * (one - mean) ** 2).sum(axis=1, keepdims=True)
    shared = (inner * (one - mean) * (other - target)).sum(axis=1, keepdims=True)
    contrast = shared / np.maximum(spread, 1e-6)
    expected = np.clip(contrast * (one - mean) + target, 0, 255)
    return np.sqrt(((other - expected) ** 2).mean(axis=1))
