"""The test split of one's own data that come without one."""

from __future__ import annotations

import hashlib
from collections import defaultdict

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.files import read
from cnnzoo.pipelines.images import MAX_BYTES
from cnnzoo.pipelines.own_examples import Found, Input

TEST_SHARE = 0.2  # Of each class.


def cut(found: Found) -> list[bool]:
    """Return whether each example is in the test split.

    A fifth of each class is: the examples whose content has the lowest SHA-256, so that the split
    depends on nothing else, and all that equal them.
    """
    digests = [hashlib.sha256(_content(one)).digest() for one in found.inputs]
    by_class = defaultdict(list)
    for label, digest in zip(found.labels, digests, strict=True):
        by_class[label].append(digest)
    lowest: set[bytes] = set()
    for of_class in by_class.values():
        lowest.update(sorted(of_class)[: round(TEST_SHARE * len(of_class)) or 1])
    return [digest in lowest for digest in digests]


def _content(one: Input) -> bytes:
    if isinstance(one, np.ndarray):
        return one.tobytes()
    if isinstance(one, str):
        return one.encode()
    try:
        return read(one, limit=MAX_BYTES)
    except CnnzooError:  # Told, with all others, when the images are read.
        return bytes(one)
