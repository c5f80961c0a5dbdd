"""Your data in a NumPy archive, with arrays named as keras.datasets name them.

A `.npz` file holds `x_train` and `y_train`, and `x_test` and `y_test` if it has a test split, and
`x_val` and `y_val` if it has one for validation. Inputs are images, `[examples, height, width]` or
`[examples, height, width, channels]`, see `arrays`, or texts, strings `[examples]`; labels are
whole numbers or strings, `[examples]` or `[examples, 1]`, or one-hot rows.
"""

from __future__ import annotations

import functools
import re
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from cnnzoo.datasets.prepared import utf8
from cnnzoo.errors import CnnzooError
from cnnzoo.guard.npy import read_header
from cnnzoo.pipelines.custom_data.arrays import raw_images
from cnnzoo.pipelines.custom_data.examples import SPLITS, Found, class_names_of, classes_of, listed

# NumPy and zipfile raise all these for damaged archives, and RuntimeError for encrypted ones.
_UNREADABLE = (
    *(OSError, EOFError, ValueError, SyntaxError, MemoryError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError),
)

# Bytes that may be anything, and how much better more of them may be compressed than pictures are:
# zeros shrink by a thousand.
_LARGE, _RATIO = 2**26, 200


def find(path: Path, images: bool) -> Found:
    """Return the examples in the archive at `path`, those for training first.

    Args:
        path: A `.npz` file.
        images: Whether inputs must be images, else texts.

    Raises:
        CnnzooError: It is no such archive, or an array is missing or of another shape or type.
    """
    there, arrays = _arrays(path)
    splits = [
        one for one in ("train", "validation", "test") if {f"x_{one}", f"y_{one}"} & {*arrays}
    ]
    needed = {f"{part}_{split}" for split in {"train", *splits} for part in "xy"}
    missing = needed - set(arrays)
    if missing:
        got = listed(map(repr, there)) or "nothing"
        raise CnnzooError(f"{path} must hold {listed(sorted(missing))}; got {got}")
    named = {f"x_{split} of {path}": arrays[f"x_{split}"] for split in splits}
    inputs = (
        raw_images(named) if images else {name: _texts(name, one) for name, one in named.items()}
    )
    return _found(path, dict(zip(splits, inputs.values(), strict=True)), arrays, images)


def _found(
    path: Path, inputs: dict[str, np.ndarray], arrays: dict[str, np.ndarray], images: bool
) -> Found:
    labels: list[str] = []
    classes: set[str] = set()
    for split, of_split in inputs.items():
        name, values = f"y_{split} of {path}", arrays[f"y_{split}"]
        if not values.ndim or len(values) != len(of_split):
            raise CnnzooError(
                f"{name} must have one label for each of {len(of_split):,} examples; got shape "
                f"{list(values.shape)}"
            )
        of_labels = class_names_of(values, functools.partial(_named, name))
        labels += of_labels
        classes |= classes_of(values, of_labels)
    return Found(
        [
            one
            for of_split in inputs.values()
            for one in (of_split if images else of_split.tolist())
        ],
        labels,
        np.repeat([*inputs], [len(of_split) for of_split in inputs.values()]).tolist(),
        classes,
        [*inputs],
    )


def holds_texts(path: Path) -> bool:
    """Return whether the inputs in the archive at `path` are strings.

    Raises:
        CnnzooError: It is no archive that can be read.
    """
    inputs = _arrays(path)[1].get("x_train")
    return inputs is not None and inputs.dtype.kind in "US"


def _named(name: str, place: int) -> str:
    return f"{name}, label {place},"


def _arrays(path: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    """Return the names of all arrays in an archive, and, by split, those that are read."""
    try:
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise ValueError("one array")
        with archive:
            wanted = _wanted(path, archive.files)
            _check_sizes(path, set(wanted.values()))
            return archive.files, {name: archive[key] for name, key in wanted.items()}
    except CnnzooError:
        raise
    except _UNREADABLE as error:
        if "Object arrays" in str(error):
            raise CnnzooError(
                f"{path} must hold arrays of numbers or strings; got one of Python objects"
            ) from error
        raise CnnzooError(f"{path} must be a NumPy archive; it is none, or damaged") from error


def _wanted(path: Path, names: list[str]) -> dict[str, str]:
    """Return the names of the arrays of examples by "x_" or "y_" and the split."""
    wanted: dict[str, str] = {}
    for name in names:
        part = re.fullmatch("([xy])_([a-z]+)", name.lower())
        if part is None or part[2] not in SPLITS:
            continue
        key = f"{part[1]}_{SPLITS[part[2]]}"
        if key in wanted:
            raise CnnzooError(f"{path} must hold one of {wanted[key]} and {name}; got both")
        wanted[key] = name
    return wanted


def _check_sizes(path: Path, names: set[str]) -> None:
    """Refuse arrays that are no data: their headers state more than is there, or all is one value.

    Raises:
        ValueError: One does.
    """
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.removesuffix(".npy") not in names:
                continue
            with archive.open(member) as file:
                read_header(file, member.file_size)
            if member.file_size > _LARGE and member.file_size > _RATIO * member.compress_size:
                raise CnnzooError(
                    f"{member.filename.removesuffix('.npy')} of {path} must hold data; got "
                    f"{member.file_size:,} bytes that are compressed to {member.compress_size:,}"
                )


def _texts(name: str, inputs: np.ndarray) -> np.ndarray:
    if inputs.dtype.kind not in "US" or inputs.ndim != 1:
        raise CnnzooError(
            f"{name} must be texts, str [examples], as the network takes; got {inputs.dtype} "
            f"{list(inputs.shape)}"
        )
    if inputs.dtype.kind == "S":
        return np.array([utf8(one, name) for one in inputs.tolist()], object)
    return inputs
