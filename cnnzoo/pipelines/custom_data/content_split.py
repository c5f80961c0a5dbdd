"""The test split of custom data whose source has none: each example's own content decides.

An example stays where it is, whatever else is added, deleted or renamed, and equal contents are in
the same split.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from cnnzoo.datasets.encoded import EncodedImage
from cnnzoo.datasets.sources import is_test
from cnnzoo.pipelines.custom_data.examples import Input

_WHOLE = 2**14  # Bytes up to which the whole content counts: 16 KiB.
_FEW, _THREADS = 500, 8  # Files that one thread reads, and threads.
_SLICES, _SLICE = 8, 2**10  # Of longer contents: so many slices, each of 1 KiB.


def split_by_content(inputs: Sequence[Input], labels: Sequence[str]) -> list[bool]:
    """Return whether each example is in the test split: those whose digest `is_test`, a fifth.

    A class of which none is has its lowest digest there, and one of which all are leaves its
    highest for training.
    """
    digests = _digests(inputs)
    by_class = defaultdict(set)
    for label, one in zip(labels, digests, strict=True):
        by_class[label].add(one)
    moved: dict[bytes, bool] = {}
    for of_class in by_class.values():
        in_test = sum(map(is_test, of_class))
        if in_test == 0:
            moved[min(of_class)] = True
        elif in_test == len(of_class) > 1:
            moved.setdefault(max(of_class), False)
    return [moved.get(one, is_test(one)) for one in digests]


def _digests(inputs: Sequence[Input]) -> list[bytes]:
    """Return the digest of each; files are read by several threads, since disks take long."""
    if len(inputs) < _FEW or not isinstance(inputs[0], Path):
        return [digest(one) for one in inputs]
    parts = [inputs[begin : begin + _FEW] for begin in range(0, len(inputs), _FEW)]
    with ThreadPoolExecutor(_THREADS) as pool:
        found = pool.map(lambda part: [digest(one) for one in part], parts)
        return list(itertools.chain.from_iterable(found))


def digest(one: Input) -> bytes:
    """Return the SHA-256 of a text, of pixels or of a file's content.

    Of more than 16 KiB it is that of the size and of eight slices of 1 KiB, spread evenly. A file
    that cannot be read counts by its path.
    """
    if isinstance(one, Path):
        try:
            return hashlib.sha256(_sampled_file(one)).digest()
        except OSError:  # Reported, with all others, when the images are read.
            return hashlib.sha256(bytes(one)).digest()
    if isinstance(one, EncodedImage):
        return hashlib.sha256(_sampled(one.content)).digest()
    content = one.tobytes() if isinstance(one, np.ndarray) else one.encode()
    return hashlib.sha256(_sampled(content)).digest()


def _sampled_file(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        if size <= _WHOLE:
            return os.pread(descriptor, _WHOLE, 0)
        parts = [os.pread(descriptor, _SLICE, start) for start in _starts(size)]
    finally:
        os.close(descriptor)
    return b"".join([size.to_bytes(8, "big"), *parts])


def _sampled(content: bytes) -> bytes:
    size = len(content)
    if size <= _WHOLE:
        return content
    parts = [content[start : start + _SLICE] for start in _starts(size)]
    return b"".join([size.to_bytes(8, "big"), *parts])


def _starts(size: int) -> list[int]:
    return [place * (size - _SLICE) // (_SLICES - 1) for place in range(_SLICES)]
