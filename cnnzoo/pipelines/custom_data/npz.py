"""Your data in a NumPy archive, with arrays named as keras.datasets name them.

A `.npz` file holds `x_train` and `y_train`, and `x_test` and `y_test` if it has a test split.
Inputs are images, uint8 `[examples, height, width]` or `[examples, height, width, channels]`, or
texts, str `[examples]`; labels are whole numbers or strings, `[examples]` or `[examples, 1]`.
"""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from cnnzoo.decoding import MAX_PIXELS
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.examples import Found, class_name, listed

# NumPy and zipfile raise all these for damaged archives, and RuntimeError for encrypted ones.
_UNREADABLE = (
    *(OSError, EOFError, ValueError, SyntaxError, MemoryError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError),
)


def find(path: Path, images: bool) -> Found:
    """Return the examples in the archive at `path`, those for training first.

    Args:
        path: A `.npz` file.
        images: Whether inputs must be images, else texts.

    Raises:
        CnnzooError: It is no such archive, or an array is missing or of another shape or type.
    """
    there, arrays = _arrays(path)
    splits = ["train", "test"] if {"x_test", "y_test"} & set(arrays) else ["train"]
    missing = {f"{part}_{split}" for split in splits for part in "xy"} - set(arrays)
    if missing:
        got = listed(map(repr, there)) or "nothing"
        raise CnnzooError(f"{path} must hold {listed(sorted(missing))}; got {got}")
    inputs = [_inputs(arrays[f"x_{split}"], images, f"x_{split} of {path}") for split in splits]
    if inputs[0].shape[1:] != inputs[-1].shape[1:]:
        raise CnnzooError(
            f"x_train and x_test of {path} must hold images of one shape; got "
            f"{list(inputs[0].shape[1:])} and {list(inputs[-1].shape[1:])}"
        )
    labels: list[str] = []
    for split, of_split in zip(splits, inputs, strict=True):
        labels += _labels(arrays[f"y_{split}"], len(of_split), f"y_{split} of {path}")
    return Found(
        [one if images else str(one) for of_split in inputs for one in of_split],
        labels,
        np.repeat(splits, list(map(len, inputs))).tolist() if len(splits) > 1 else [],
        set(labels),
    )


def holds_texts(path: Path) -> bool:
    """Return whether the inputs in the archive at `path` are strings.

    Raises:
        CnnzooError: It is no archive that can be read.
    """
    inputs = _arrays(path)[1].get("x_train")
    return inputs is not None and inputs.dtype.kind == "U"


def _arrays(path: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    """Return the names of all arrays in an archive, and those of its arrays that are read."""
    try:
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise ValueError("one array")
        with archive:
            wanted = [f"{part}_{split}" for split in ("train", "test") for part in "xy"]
            return archive.files, {key: archive[key] for key in wanted if key in archive.files}
    except _UNREADABLE as error:
        if "Object arrays" in str(error):
            raise CnnzooError(
                f"{path} must hold arrays of numbers or strings; got one of Python objects"
            ) from error
        raise CnnzooError(f"{path} must be a NumPy archive; it is none, or damaged") from error


def _inputs(inputs: np.ndarray, images: bool, name: str) -> np.ndarray:
    """Return texts as they are, and images with an axis of channels.

    Raises:
        CnnzooError: The array holds something else.
    """
    found = f"{inputs.dtype} {list(inputs.shape)}"
    if not images:
        if inputs.dtype.kind != "U" or inputs.ndim != 1:
            raise CnnzooError(
                f"{name} must be texts, str [examples], as the network takes; got {found}"
            )
        return inputs
    pixels = inputs[..., None] if inputs.ndim == 3 else inputs
    if inputs.dtype != np.uint8 or pixels.ndim != 4 or not 1 <= pixels.shape[3] <= 4:
        raise CnnzooError(
            f"{name} must be images, uint8 [examples, height, width] or [examples, height, width, "
            f"1 to 4 channels], as the network takes; got {found}"
        )
    if not 1 <= pixels.shape[1] * pixels.shape[2] <= MAX_PIXELS:
        raise CnnzooError(f"{name} must have 1 to {MAX_PIXELS:,} pixels an image; got {found}")
    return pixels


def _labels(labels: np.ndarray, examples: int, name: str) -> list[str]:
    """Return the name of the class of each of the `examples`.

    Raises:
        CnnzooError: There is another number of labels, or one is neither string nor whole number.
    """
    if labels.shape not in ((examples,), (examples, 1)):
        raise CnnzooError(
            f"{name} must have one label for each of {examples:,} examples; got shape "
            f"{list(labels.shape)}"
        )
    values, places = np.unique(labels.reshape(-1), return_inverse=True)
    names = [class_name(value, name) for value in values.tolist()]
    return [names[place] for place in places]
