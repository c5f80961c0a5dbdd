"""What the header of a .npy file states, believed only as far as the file's bytes go."""

from __future__ import annotations

import math
import tokenize
from typing import IO

import numpy as np


def read_header(file: IO[bytes], size: int) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, whether columns come first, and type of the array in a .npy file.

    Args:
        file: At its beginning; afterwards behind the header.
        size: Bytes of the whole file. One of 4,000,000,000 strings of no characters has 400, and
            NumPy reads it.

    Raises:
        ValueError: It is damaged, holds Python objects, or states more items than it has bytes.
    """
    try:
        version = np.lib.format.read_magic(file)
        headers = np.lib.format.read_array_header_1_0, np.lib.format.read_array_header_2_0
        shape, by_column, dtype = headers[version != (1, 0)](file)
    except (SyntaxError, TypeError, tokenize.TokenError) as error:
        raise ValueError("a damaged header") from error
    if dtype.hasobject:
        raise ValueError("Object arrays are not read")
    if min(shape, default=0) < 0 or math.prod(shape) * max(dtype.itemsize, 1) > size:
        raise ValueError("more items than bytes")
    return shape, by_column, dtype
