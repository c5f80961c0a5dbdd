"""Random numbers of images, each a pure function of (seed, name, index of the image, place).

Source: Salmon, Moraes, Dror and Shaw 2011, https://doi.org/10.1145/2063384.2063405 (Philox).
"""

from __future__ import annotations

import math
import zlib

import numpy as np

_LEVELS = 256  # Of a byte.
_QUANTILES = 4096  # Of a Poisson distribution.


class Draws:
    """Draws for some images; each call gives new numbers, whichever other images there are.

    Args:
        seed: From 0 to 4294967295.
        name: Of what they are for.
        indices: Of the images, int `[images]`, at least 0.
    """

    def __init__(self, seed: int, name: str, indices: np.ndarray) -> None:
        key = [seed, zlib.crc32(name.encode())]
        # What Philox makes of key and counter is the same in every version of NumPy.
        self._streams = [
            np.random.Philox(counter=[0, 0, 0, index], key=key) for index in indices.tolist()
        ]

    def uniform(self, *shape: int) -> np.ndarray:
        """Return numbers from 0 to below 1, float32 `[images, *shape]`."""
        count = math.prod(shape)
        numbers = np.empty((len(self._streams), count), np.float32)
        for row, stream in zip(numbers, self._streams, strict=True):
            row[:] = stream.random_raw(count) >> np.uint64(40)  # 24 bits, which float32 holds.
        numbers *= np.float32(2**-24)
        return numbers.reshape(-1, *shape)

    def normal(self, *shape: int) -> np.ndarray:
        """Return numbers of mean 0 and standard deviation 1, float32 `[images, *shape]`."""
        radius = np.sqrt(-2 * np.log(1 - self.uniform(*shape)))
        return radius * np.cos(np.float32(2 * math.pi) * self.uniform(*shape))

    def signs(self, *shape: int) -> np.ndarray:
        """Return -1 or 1, float32 `[images, *shape]`."""
        return np.where(self.uniform(*shape) < 0.5, np.float32(-1), np.float32(1))

    def integers(self, low: int, high: int, *shape: int) -> np.ndarray:
        """Return whole numbers from `low` to below `high`, int64 `[images, *shape]`."""
        return low + np.floor(self.uniform(*shape) * (high - low)).astype(np.int64)

    def poisson(self, levels: np.ndarray, rate: float) -> np.ndarray:
        """Return Poisson counts of mean `rate * levels / 255`, float32 like `levels`.

        A count is one of 4,096 quantiles, so that rarer ones than 1 in 8,192 do not occur.

        Args:
            levels: uint8 `[images, ...]`.
            rate: Mean at level 255.
        """
        places = (self.uniform(*levels.shape[1:]) * _QUANTILES).astype(np.int32)
        return _quantiles(rate).take(places + levels * np.int32(_QUANTILES))


def _quantiles(rate: float) -> np.ndarray:
    """Return the counts at evenly spaced probabilities, float32 `[levels * quantiles]`."""
    most = int(rate + 10 * math.sqrt(rate) + 20)
    means = np.maximum(rate * np.arange(_LEVELS) / (_LEVELS - 1), 1e-30)[:, None]
    factorials = np.append(0, np.cumsum(np.log(np.arange(1, most + 1))))
    shares = np.exp(np.arange(most + 1) * np.log(means) - means - factorials)
    wanted = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    rows = [np.searchsorted(np.cumsum(row), wanted) for row in shares]
    return np.concatenate(rows).astype(np.float32)
