"""Bodies that are arrays as they lie in memory, or one encoded image: no JSON."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.guard.npy import read_header
from cnnzoo.serving import tensors
from cnnzoo.serving.bodies import Body
from cnnzoo.serving.limits import Limits
from cnnzoo.serving.tensors import BYTES, Input

_RAW, _NPY = "application/octet-stream", "application/x-npy"
KINDS = frozenset({_RAW, _NPY})

_MAGIC = b"\x93NUMPY"  # Begins a .npy file.


def arrays(
    content: bytes, body: Body, inputs: Mapping[str, Input], limits: Limits
) -> dict[str, np.ndarray]:
    """Return the array of a signature's one input.

    Args:
        content: A .npy file, the values of a batch in little-endian byte order, or, for an input
            of encoded examples, one of them.
        body: What the header says of it; a shape is checked, and needed by none.
        inputs: Of the signature.
        limits: Of the request.

    Raises:
        CnnzooError: It does not fit.
    """
    if len(inputs) != 1:
        raise CnnzooError(f"the body must be JSON for {len(inputs)} inputs; got {body.kind}")
    ((name, wanted),) = inputs.items()
    if wanted.dtype == "string":
        if not name.endswith(BYTES) or content.startswith(_MAGIC) or body.kind == _NPY:
            raise CnnzooError(f"{name} must come as JSON; got {body.kind}")
        return {name: tensors.strings([content], name, limits)}
    if content.startswith(_MAGIC) or body.kind == _NPY:
        found = _npy(content, name, wanted, limits)
    else:
        shape = _shape(body.shape)
        if shape:
            tensors.check_shape([*shape], name, wanted.shape)
        found = tensors.raw(content, name, wanted, limits, shape[0] if shape else None)
    return {name: found}


def _npy(content: bytes, name: str, wanted: Input, limits: Limits) -> np.ndarray:
    """Return the array in a .npy file, of the type of the input."""
    file = io.BytesIO(content)
    try:
        shape, by_column, dtype = read_header(file, len(content))
        found = np.frombuffer(content, dtype, math.prod(shape), file.tell())
    except ValueError as error:
        raise CnnzooError(f"the body must be a .npy file; got {error}") from error
    found = found.reshape(shape, order="F" if by_column else "C")
    tensors.check_shape(list(shape), name, wanted.shape)
    tensors.check_number(shape[0] if shape else 1, name, limits)
    with np.errstate(invalid="ignore", over="ignore"):
        cast = found.astype(wanted.dtype) if found.dtype.kind in "biuf" else None
    fits = cast is not None and (
        np.isfinite(cast).all() if cast.dtype.kind == "f" else np.array_equal(cast, found)
    )
    if cast is None or not fits:
        raise CnnzooError(f"{name} must hold {wanted.dtype}; got {found.dtype}, which does not fit")
    return np.ascontiguousarray(cast)


def _shape(text: str) -> tuple[int, ...]:
    """Return the sizes in a header such as "64,28,28,1"; () for none.

    Raises:
        CnnzooError: They are no sizes.
    """
    parts = [part.strip() for part in text.strip("[]() ").split(",")] if text else []
    if not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):
        raise CnnzooError(f"X-Shape must be sizes such as 64,28,28,1; got {text[:40]!r}")
    return tuple(map(int, parts))
