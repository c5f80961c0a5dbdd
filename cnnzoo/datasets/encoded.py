"""Images that stay encoded where they are, and are decoded in parallel when they are read."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from cnnzoo.decoding import Resizing, decode_image, fit_image
from cnnzoo.errors import CnnzooError
from cnnzoo.progress import tracked

MAX_BYTES = 2**31  # Of decoded inputs in memory: 2 GiB. What is larger is decoded as it is read.

ALIGNMENT = 64  # Bytes; of the memory of every tensor.

_CHUNK = 256  # Images that are decoded at a time,
_PARTS = 16  # by the threads in so many parts.

Fetch = Callable[[int], "tuple[bytes | np.ndarray, str]"]  # Place -> file or pixels, and its name.


@dataclass(frozen=True)
class EncodedImage:
    """An image's file that stands in another, such as in a table."""

    content: bytes
    name: str  # In messages and answers.

    def __str__(self) -> str:
        return self.name


class EncodedImages:
    """Images by index, as an array uint8 `[images, height, width, channels]` has them.

    Args:
        fetch: Returns the encoded file, or the pixels, that stand at a place, and their name.
        places: Where they stand, int `[images]`.
        shape: Height, width and channels to which they are brought.
        resizing: How; see `cnnzoo.decoding`.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(
        self, fetch: Fetch, places: np.ndarray, shape: tuple[int, ...], resizing: Resizing = "pad"
    ) -> None:
        self.fetch, self.places, self.resizing = fetch, places, resizing
        self.shape = (len(places), *shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all images, decoded."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: Any) -> np.ndarray:
        """Return the image at an integer, or the images at a slice or at integers.

        Raises:
            CnnzooError: One cannot be read.
        """
        if isinstance(index, (int, np.integer)):
            return self.decoded(int(self.places[index]))
        return self.crops(np.arange(len(self))[index])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:] if dtype is None else self[:].astype(dtype)

    def select(self, indices: np.ndarray) -> EncodedImages:
        """Return the images at `indices`, which stay encoded."""
        return self.at(self.places[indices])

    def at(self, places: np.ndarray) -> EncodedImages:
        """Return the images that `fetch` finds at `places`, in the same shape."""
        return EncodedImages(self.fetch, places, self.shape[1:], self.resizing)

    def crops(
        self, indices: np.ndarray, boxes: np.ndarray | None = None, rows: slice = slice(None)
    ) -> np.ndarray:
        """Return the images at `indices`, or random parts of them.

        Args:
            indices: int `[images]`.
            boxes: Share of area, aspect, top and left, float32 `[images, 4]`; see
                `cnnzoo.decoding.random_box`.
            rows: Of these images, those that are read; the others are zero.

        Raises:
            CnnzooError: One cannot be read.
        """
        places = self.places[indices]
        chosen = np.arange(len(places))[rows]
        whole = len(chosen) == len(places)
        decoded = (np.empty if whole else np.zeros)((len(places), *self.shape[1:]), np.uint8)

        def some(part: np.ndarray) -> None:
            for row in part.tolist():
                box = None if boxes is None else tuple(boxes[row].tolist())
                decoded[row] = self.decoded(int(places[row]), box)

        for _ in _pool().map(some, np.array_split(chosen, _PARTS)):
            pass
        return decoded

    def decoded(self, place: int, box: tuple[float, ...] | None = None) -> np.ndarray:
        """Return the image that `fetch` finds at `place`, or a random part of it.

        Raises:
            CnnzooError: It cannot be read.
        """
        content, name = self.fetch(place)
        how: dict[str, Any] = {"resizing": self.resizing, "crop": box}
        if isinstance(content, np.ndarray):
            return fit_image(content, self.shape[1:], **how)
        return decode_image(content, self.shape[1:], **how, name=name)

    def unreadable(self) -> np.ndarray:
        """Return the indices of those that cannot be read."""
        small = EncodedImages(self.fetch, self.places, (8, 8, self.shape[3]))

        def fails(place: int) -> bool:
            try:
                small.decoded(place)
            except CnnzooError:
                return True
            return False

        found = _pool().map(fails, self.places.tolist())
        return np.flatnonzero(list(tracked(found, self.__len__, "checking", "images")))

    def in_memory(self) -> np.ndarray | EncodedImages:
        """Return the decoded images where they fit into memory, or else this.

        Raises:
            CnnzooError: Some cannot be read; the message counts and names them.
        """
        if self.nbytes > MAX_BYTES:
            return self
        decoded = aligned(self.shape, self.dtype)
        parts = range(0, len(self), _CHUNK)
        for begin in tracked(parts, parts.__len__, "reading", f"parts of {_CHUNK} images"):
            try:
                decoded[begin : begin + _CHUNK] = self[begin : begin + _CHUNK]
            except CnnzooError as error:
                raise self._unreadable(error) from error
        return decoded

    def _unreadable(self, first: CnnzooError) -> CnnzooError:
        wrong = self.unreadable()
        if len(wrong) < 2:
            return first
        names = [self.fetch(place)[1] for place in self.places[wrong[:5]].tolist()]
        more = ", ..." if len(wrong) > len(names) else ""
        return CnnzooError(
            f"images must be readable; {len(wrong):,} are not: {', '.join(names)}{more}"
        )


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads that decode: Pillow leaves Python's lock while it works."""
    return ThreadPoolExecutor(os.cpu_count())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # Threads are not copied.


def aligned(shape: Sequence[int], dtype: np.dtype) -> np.ndarray:
    """Return an empty array at an address that TensorFlow takes over without a copy."""
    if dtype.hasobject:
        return np.empty(shape, dtype)
    size = math.prod(shape) * dtype.itemsize
    buffer = np.empty(size + ALIGNMENT, np.uint8)
    begin = -buffer.ctypes.data % ALIGNMENT
    return buffer[begin : begin + size].view(dtype).reshape(shape)
