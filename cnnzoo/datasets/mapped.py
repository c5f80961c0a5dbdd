"""Inputs too large for memory, in a file that is made once, whole or not at all, and then mapped.

The file is NumPy's: `NAME.npy`, with the labels next to it in `NAME_labels.npy`.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.files import new_file

Batches = Iterator[tuple[np.ndarray, np.ndarray]]  # Of inputs and labels.

_LEFT_AFTER = 3_600  # Seconds since its last write after which nobody writes an unfinished file.


def map_arrays(
    path: Path, batches: Batches, shape: tuple[int, ...], dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs, memory-mapped from `path`, and labels, int64 `[examples]`.

    Args:
        path: Of the inputs' file; where it does not exist, it is made from `batches`.
        batches: Read only in that case.
        shape: Of all inputs; examples may turn out to be fewer.
        dtype: Of the inputs.

    Raises:
        CnnzooError: The files cannot be made, or are damaged.
    """
    labels_path = path.with_name(f"{path.stem}_labels.npy")
    if not (path.is_file() and labels_path.is_file()):
        try:
            _write(path, labels_path, batches, shape, dtype)
        except OSError as error:
            gigabytes = math.prod(shape) * dtype.itemsize / 1e9
            raise CnnzooError(
                f"{path.parent} must be writable and take {path.name}, {gigabytes:,.1f} GB; "
                f"got {error.strerror or error}"
            ) from error
    labels = _mapped(labels_path, np.dtype(np.int64), ())
    inputs = _mapped(path, dtype, shape[1:])
    if len(inputs) != len(labels):
        raise _damaged(path, f"it has {len(inputs):,} examples, {labels_path.name} {len(labels):,}")
    return inputs, np.array(labels)


def _write(
    path: Path, labels_path: Path, batches: Batches, shape: tuple[int, ...], dtype: np.dtype
) -> None:
    for to_come in (path, labels_path):
        _remove_abandoned(to_come)
    labels = []
    # Written as a file, not through a map: a full disk then is an error and not a killed process.
    with new_file(path) as file:
        _write_header(file, shape, dtype)
        for some_inputs, some_labels in batches:
            file.write(some_inputs.data)
            labels.append(some_labels.astype(np.int64))
        found = np.concatenate(labels) if labels else np.empty(0, np.int64)
        file.seek(0)
        _write_header(file, (len(found), *shape[1:]), dtype)
        with new_file(labels_path) as labels_file:
            np.save(labels_file, found)


def _remove_abandoned(path: Path) -> None:
    """Remove what is left of files that were to become `path` and whose writers were killed."""
    for left in path.parent.glob(f".{path.name}.*"):
        with contextlib.suppress(FileNotFoundError):  # Another process may just have finished it.
            if time.time() - left.stat().st_mtime > _LEFT_AFTER:
                left.unlink()


def _write_header(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Write NumPy's header, which has the same length for every number of examples."""
    descr = np.lib.format.dtype_to_descr(dtype)
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _mapped(path: Path, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    """Return the array in `path`, memory-mapped, if it has examples of `shape` and `dtype`."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, str(error)) from error
    if array.dtype != dtype or array.shape[1:] != shape:
        raise _damaged(path, f"it holds {array.dtype} {list(array.shape)}")
    return array


def _damaged(path: Path, reason: str) -> CnnzooError:
    return CnnzooError(f"{path} is damaged ({reason}); delete it to have it made again")
