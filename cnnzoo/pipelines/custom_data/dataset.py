"""Your images or texts, in any usual form, as a data set like those of the catalog."""

from __future__ import annotations

import functools
import os
import re
import reprlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from cnnzoo.datasets import DATASETS, Dataset, Examples
from cnnzoo.datasets.encoded import EncodedImages, Fetch
from cnnzoo.datasets.prepared import in_memory
from cnnzoo.decoding import Resizing
from cnnzoo.errors import CnnzooError
from cnnzoo.files import read
from cnnzoo.pipelines.custom_data import folders, kind, npz, tables
from cnnzoo.pipelines.custom_data.content_split import split_by_content
from cnnzoo.pipelines.custom_data.examples import Found, Input, ordered
from cnnzoo.pipelines.images import MAX_BYTES


def find(
    data: Dataset | str | Path | None,
    shape: tuple[int, ...],
    complete: bool = True,
    resizing: Resizing = "pad",
) -> Dataset:
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
        resizing: Of images of another size; see `cnnzoo.decoding`.

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
    return _dataset(name, path, found, shape if images else (), complete, resizing)


def kind_of(data: Dataset | str | Path) -> str:
    """Return what `data`, as for `find`, are: "images", "sounds" or "texts".

    Raises:
        CnnzooError: There are no such data, or a table or archive cannot be read.
    """
    path, columns = (None, []) if isinstance(data, Dataset) else path_of(str(data))
    if path is None or str(data) in DATASETS:
        return find(data, ()).kind
    return kind.kind_of(path, columns)


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
    name: str,
    path: Path,
    found: Found,
    shape: tuple[int, ...],
    complete: bool,
    resizing: Resizing,
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
    fetch = _fetch(found.inputs)

    def encoded(split: str) -> Examples:
        images = EncodedImages(fetch, rows[split], shape, resizing)
        return Examples(images, labels[rows[split]])

    @functools.cache
    def examples(split: str) -> Examples:
        if shape:
            return in_memory(encoded(split))
        texts = [found.inputs[row] for row in rows[split].tolist()]
        return Examples(np.array(texts, object), labels[rows[split]])

    return Dataset(
        name=name,
        class_names=classes,
        sizes={split: len(chosen) for split, chosen in rows.items()},
        source=path.resolve().as_uri(),
        citation="",
        license="",
        read=examples,
        encoded=encoded if shape else None,
        input_shape=shape,
        resizing=resizing,
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


def _fetch(inputs: Sequence[Input]) -> Fetch:
    def fetch(row: int) -> tuple[bytes | np.ndarray, str]:
        one = inputs[row]
        if isinstance(one, np.ndarray):
            return one, f"image {row}"
        return read(Path(one), limit=MAX_BYTES), str(one)

    return fetch
