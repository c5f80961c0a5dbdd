"""Your images or texts, in any usual form, as a data set like those of the catalog."""

from __future__ import annotations

import functools
import os
import re
import reprlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from cnnzoo.datasets import DATASETS, Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data import folders, npz, tables
from cnnzoo.pipelines.custom_data.content_split import split_by_content
from cnnzoo.pipelines.custom_data.examples import Found, Input, listed, ordered
from cnnzoo.pipelines.images import UNDECODABLE, decode, read_encoded


def find(data: Dataset | str | Path, shape: tuple[int, ...], complete: bool = True) -> Dataset:
    """Return `data`: a data set as it is, one of the catalog by its name, or that at a path.

    Where the source has no test split, a fifth of the examples is it, see `content_split`. Images
    are brought to `shape` as a served network brings them.

    Args:
        data: A data set; a name of `list_datasets()`; a folder, see `folders`; a `.csv`, `.tsv` or
            `.jsonl` file, see `tables`, with the names of its columns behind it where these are
            others: `reviews.csv[review,stars]`; or a `.npz` file, see `npz`.
        shape: Of one input of the network. Three axes (height, width, 1 or 3 channels) make the
            examples at a path images, one or none texts.
        complete: Whether the data must have what training needs: two classes or more, and
            examples of each class in both splits.

    Raises:
        CnnzooError: It is none of these, it is damaged, or not `complete`.
    """
    if isinstance(data, Dataset):
        return data
    if not isinstance(data, (str, Path)):
        raise CnnzooError(f"data must be a data set, a name or a path; got {data!r}")
    name = str(data)
    path, columns = path_of(name)
    if name in DATASETS or path is None:
        return DATASETS[name]
    images = len(shape) == 3 and shape[2] in (1, 3)
    if not images and len(shape) > 1:
        raise CnnzooError(
            "dataset must be one of the catalog for a network that takes neither texts nor "
            f"images of 1 or 3 channels; got {name}"
        )
    found = _found(path, images, columns)
    return _dataset(name, path, found, shape if images else (), complete)


def path_of(name: str) -> tuple[Path | None, list[str]]:
    """Return the path that `name` means, or None, and the columns in brackets behind it.

    Raises:
        CnnzooError: These are not two.
    """
    if os.path.exists(name):
        return Path(name), []
    bracketed = re.fullmatch(r"(.+)\[([^][]*)\]", name)
    if bracketed is None or not tables.is_table(Path(bracketed[1])):
        return None, []
    columns = [column.strip() for column in bracketed[2].split(",")]
    if len(columns) != 2 or not all(columns):
        raise CnnzooError(f"columns must be two, as in {bracketed[1]}[text,label]; got {name}")
    return (Path(bracketed[1]) if os.path.exists(bracketed[1]) else None), columns


def _found(path: Path, images: bool, columns: list[str]) -> Found:
    if path.is_dir():
        return folders.find(path, images)
    if tables.is_table(path):
        return tables.find(path, images, columns)
    if path.suffix.lower() == ".npz":
        return npz.find(path, images)
    raise CnnzooError(
        "dataset must be a name of the catalog, a folder, or a .csv, .tsv, .jsonl or .npz file; "
        f"got {path}"
    )


def _dataset(
    name: str, path: Path, found: Found, shape: tuple[int, ...], complete: bool
) -> Dataset:
    """Return the examples at `path` as the data set `name`.

    Raises:
        CnnzooError: They are not `complete`, or a text or a class has no UTF-8.
    """
    classes = ordered(found.classes)
    if complete and len(classes) < 2:
        got = f"{classes[0]!r} alone" if classes else "none"
        raise CnnzooError(f"{name} must hold examples of two classes or more; got {got}")
    _check_unicode(name, classes if shape else [*classes, *map(str, found.inputs)])
    places = {of_class: place for place, of_class in enumerate(classes)}
    labels = np.array([places[label] for label in found.labels], np.int64)
    chosen = [one == "test" for one in found.splits] or split_by_content(found.inputs, found.labels)
    in_test = np.array(chosen, bool)
    rows = {"train": np.flatnonzero(~in_test), "test": np.flatnonzero(in_test)}
    if complete:
        _check_splits(name, "images" if shape else "texts", classes, labels, rows)

    @functools.cache
    def examples(split: str) -> Examples:
        chosen = [found.inputs[row] for row in rows[split].tolist()]
        inputs = load(chosen, shape) if shape else np.array(chosen, object)
        return Examples(inputs, labels[rows[split]])

    return Dataset(
        name=name,
        class_names=classes,
        sizes={split: len(chosen) for split, chosen in rows.items()},
        source=path.resolve().as_uri(),
        citation="",
        license="",
        read=examples,
        input_shape=shape,
        has_test=bool(found.splits),
    )


def _check_splits(
    name: str, kind: str, classes: Sequence[str], labels: np.ndarray, rows: dict[str, np.ndarray]
) -> None:
    for split, chosen in rows.items():
        counts = np.bincount(labels[chosen], minlength=len(classes))
        if not counts.all():
            lacking = classes[int(counts.argmin())]
            raise CnnzooError(f"{name} must hold {kind} of {lacking!r} for {split}; got none")


def _check_unicode(name: str, strings: Iterable[str]) -> None:
    for string in strings:
        try:
            string.encode()
        except UnicodeEncodeError as error:
            raise CnnzooError(
                f"{name} must hold Unicode text; got half of a surrogate pair in "
                f"{reprlib.repr(string)}"
            ) from error


def load(images: Sequence[Input], shape: tuple[int, ...]) -> np.ndarray:
    """Return `images` as uint8 `[images, *shape]`, as `decode` brings them there.

    Args:
        images: PNG and JPEG files, or pixels, uint8 `[height, width, channels]`.
        shape: Height, width and channels.

    Raises:
        CnnzooError: Some files are no readable images; the message counts and names them.
    """
    decoded = tf.function(lambda content: decode(content, shape, light_on_dark=False))
    loaded, unreadable = np.empty((len(images), *shape), np.uint8), []
    for place, image in enumerate(images):
        if isinstance(image, np.ndarray) and image.shape == shape:
            loaded[place] = image
            continue
        try:
            loaded[place] = decoded(_encoded(image)).numpy()
        except (CnnzooError, *UNDECODABLE):
            unreadable.append(image)
    if unreadable:
        raise CnnzooError(
            f"images must be readable PNG or JPEG files; {len(unreadable)} are not: "
            f"{listed(unreadable)}"
        )
    return loaded


def _encoded(image: Input) -> tf.Tensor:
    if isinstance(image, np.ndarray):
        return tf.io.encode_png(image, compression=0)
    return tf.constant(read_encoded(Path(image)))
