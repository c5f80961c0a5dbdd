"""What all readers of custom data share: examples before they are split, and their classes."""

from __future__ import annotations

import io
import re
import reprlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from PIL import Image

from cnnzoo.datasets.encoded import EncodedImage
from cnnzoo.datasets.prepared import utf8
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.arrays import raw_images

MAX_TEXT_BYTES = 2**30  # Of a table or a file of texts: 1 GiB.
MAX_EXAMPLES = 2_000_000  # Of a source that does not know how many it holds.
_OTHER_MODES = {"HSV": "RGB", "LAB": "RGB", "YCbCr": "RGB", "La": "LA", "RGBa": "RGBA"}
_PATH = 200  # Characters of a path that a message quotes.

# A text, an image's file, where it is or what it holds, or its pixels.
Input: TypeAlias = "str | Path | EncodedImage | np.ndarray"

SPLITS = {  # Word in small letters, such as the name of a folder -> split.
    "train": "train",
    "test": "test",
    **dict.fromkeys(("validation", "val", "valid", "dev"), "validation"),
}


class Found(NamedTuple):
    """The examples at a path, index by index, in its order."""

    inputs: Sequence[Input] | np.ndarray  # An array: of inputs that need no decoding.
    labels: Sequence[str]  # Names of classes.
    splits: Sequence[str]  # "train", "validation" or "test"; empty: all "train".
    classes: Collection[str]  # Distinct; with those that have no example.
    named: Collection[str] = ()  # The splits that the source has, with those without an example.
    left_out: Sequence[str] = ()  # Names of files that hold no examples.


def text_of(value: object, where: str) -> str:
    """Return the text `value`, a string or UTF-8 bytes.

    Raises:
        CnnzooError: It is something else; `where` begins the message.
    """
    if isinstance(value, bytes):
        return utf8(value, where)
    if not isinstance(value, str):
        raise CnnzooError(f"{where} must be a string; got {reprlib.repr(value)}")
    return str(value)


def image_of(value: Any, where: str, folder: Path) -> Path | EncodedImage | np.ndarray:
    """Return the image that a field of a table means: a path, a file's bytes, or both.

    The latter is a mapping with `bytes` and `path`, as Hugging Face's `datasets` write one. In
    memory it may also be an image of Pillow, or pixels, uint8 `[height, width, 1 to 4]`.

    Args:
        value: Of the field.
        where: What to call it in a message.
        folder: To which paths are relative.

    Raises:
        CnnzooError: It is something else, or there is no such file.
    """
    if isinstance(value, Mapping) and {"bytes", "path"} & set(value):
        value = value.get("path") if value.get("bytes") is None else value["bytes"]
    if isinstance(value, bytes):
        return EncodedImage(value, where)
    if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim in (2, 3):
        return raw_images({where: value[None]})[where][0]
    if isinstance(value, Image.Image):
        try:
            return EncodedImage(_file_of(value), where)
        except (OSError, ValueError, TypeError, SyntaxError) as error:
            raise CnnzooError(f"{where} must be an image that can be read: {error}") from error
    if not isinstance(value, (str, Path)):
        got = reprlib.repr(value)
        raise CnnzooError(f"{where} must be the path of an image file, or its bytes; got {got}")
    path, value = folder / value, str(value)
    try:
        there = path.is_file()
    except (OSError, ValueError):  # Such as of a name that is too long for any file.
        there = False
    if not there:
        got = str(path) if len(value) <= _PATH else reprlib.repr(value)
        raise CnnzooError(f"{where} must name an image file; no such file: {got}")
    return path


def _file_of(image: Image.Image) -> bytes:
    """Return a file of the same pixels, and EXIF's orientation; PNG knows no inks, for one."""
    if image.mode in _OTHER_MODES:
        image = image.convert(_OTHER_MODES[image.mode])
    buffer = io.BytesIO()
    try:
        image.save(buffer, "PNG", exif=image.info.get("exif", b""))
    except OSError:
        buffer = io.BytesIO()
        image.save(buffer, "TIFF", exif=image.info.get("exif", b""))
    return buffer.getvalue()


def class_names_of(
    labels: Any, where: Callable[[int], str], class_names: Sequence[str] = ()
) -> list[str]:
    """Return the name of the class that each label means.

    Strings are names as they are. Numbers name classes "0", "1" and so on, or are the places of
    their names in `class_names`. A one-hot row is the number of its place.

    Args:
        labels: Strings, bytes, whole numbers, booleans or one-hot rows, `[examples]`,
            `[examples, 1]` or `[examples, classes]`.
        where: What to call the label at a place in a message.
        class_names: If known.

    Raises:
        CnnzooError: A label is missing, negative, no whole number, several classes, or none of
            `class_names`.
    """
    if isinstance(labels, np.ndarray):
        labels = _one_per_example(labels, where).tolist()
    names: dict[Any, str] = {}
    found = []
    for place, label in enumerate(labels):
        value = _plain(label, where, place)
        if value not in names:
            names[value] = _class_name(value, where(place), class_names)
        found.append(names[value])
    return found


def classes_of(labels: Any, names: Sequence[str]) -> set[str]:
    """Return the distinct `names` of `labels`, and of one-hot rows those of all columns."""
    one_hot = isinstance(labels, np.ndarray) and labels.ndim == 2 and labels.shape[1] > 1
    return set(names) | (set(map(str, range(labels.shape[1]))) if one_hot else set())


def _one_per_example(labels: np.ndarray, where: Callable[[int], str]) -> np.ndarray:
    """Return `labels` with one value per example."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        return labels[:, 0]
    if labels.ndim == 2 and labels.shape[1] and labels.dtype.kind in "biuf":
        wrong = ((labels != 0) & (labels != 1)).any(axis=1) | (labels.sum(axis=1) != 1)
        if wrong.any():
            place = int(wrong.argmax())
            raise _several(where(place), labels[place].tolist())
        return labels.argmax(axis=1)
    if labels.ndim != 1:
        raise CnnzooError(
            f"{where(0)} must be one label per example; got an array of shape {list(labels.shape)}"
        )
    return labels


def _plain(label: Any, where: Callable[[int], str], place: int) -> Any:
    """Return one label as a string, bytes or number of Python, or as it is."""
    if hasattr(label, "tolist"):  # Of NumPy.
        label = label.tolist()
    if isinstance(label, (str, bytes, int, float, type(None))):
        return label
    if not isinstance(label, (list, tuple)):
        kind = type(label).__name__
        raise CnnzooError(f"{where(place)} must be a string or a whole number; got a {kind}")
    if len(label) == 1:
        return _plain(label[0], where, place)
    numbers = all(isinstance(one, (int, float)) for one in label)
    if not numbers or sorted(label) != [0] * (len(label) - 1) + [1]:
        raise _several(where(place), label)
    return label.index(1)


def _several(where: str, got: object) -> CnnzooError:
    return CnnzooError(
        f"{where} must be one class; got {reprlib.repr(got)}: several classes per example, or "
        "shares of them, are multi-label data, which cnnzoo does not train"
    )


def _class_name(label: Any, where: str, class_names: Sequence[str]) -> str:
    if isinstance(label, bytes):
        label = utf8(label, where)
    if isinstance(label, str):
        name = label.strip()
        if not name:
            raise CnnzooError(f"{where} must be a string or a whole number; got an empty one")
        if class_names and name not in class_names:
            raise CnnzooError(f"{where} must be one of class_names; got {name!r}")
        return name
    if label is None or label != label:
        raise CnnzooError(f"{where} must be a string or a whole number; got {label}, a missing one")
    if isinstance(label, float) and not label.is_integer():
        raise CnnzooError(
            f"{where} must be a string or a whole number; got {label}: numbers to predict are "
            "regression, which cnnzoo does not train"
        )
    return _numbered(int(label), where, class_names)


def _numbered(number: int, where: str, class_names: Sequence[str]) -> str:
    if number < 0:
        raise CnnzooError(
            f"{where} must be at least 0; got {number}, which often marks an unlabeled example"
        )
    if class_names and number >= len(class_names):
        raise CnnzooError(
            f"{where} must be from 0 to {len(class_names) - 1}, a place in class_names; "
            f"got {number}"
        )
    return class_names[number] if class_names else str(number)


def ordered(classes: Iterable[str]) -> tuple[str, ...]:
    """Return names of classes in alphabetical order, integers in numerical order."""
    names = sorted(classes)
    return tuple(sorted(names, key=int) if all(map(_is_integer, names)) else names)


def _is_integer(name: str) -> bool:
    return re.fullmatch("[+-]?[0-9]{1,300}", name) is not None  # int() reads few digits more.


def listed(values: Iterable[object]) -> str:
    """Return the first five of `values`, and "..." for others."""
    named = [str(value) for value in values]
    return ", ".join(named[:5]) + (", ..." if len(named) > 5 else "")
