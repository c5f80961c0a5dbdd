"""Your images or texts, in any usual form, as a data set like those of the catalog."""

from __future__ import annotations

import functools
import os
import re
import reprlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from cnnzoo.addresses import is_address, local_name
from cnnzoo.datasets import DATASETS, Dataset, Examples
from cnnzoo.datasets.encoded import EncodedImage, EncodedImages, Fetch
from cnnzoo.datasets.prepared import in_memory
from cnnzoo.decoding import Resizing
from cnnzoo.errors import CnnzooError
from cnnzoo.files import read
from cnnzoo.pipelines.custom_data import folders, kind, npz, split_tables, tables
from cnnzoo.pipelines.custom_data.content_split import split_by_content
from cnnzoo.pipelines.custom_data.examples import Found, Input, listed, ordered
from cnnzoo.pipelines.custom_data.rows import MissingColumnError
from cnnzoo.pipelines.images import MAX_BYTES
from cnnzoo.quiet import log, log_once

IN_MEMORY = "examples"  # What data are called that have no name.

# Anything else is read by `from_examples`.
Data: TypeAlias = "Dataset | str | Path | Any"

_READING = ("encoding", "resizing", "skip_unreadable")  # Fields of a recipe.


def find(
    data: Data,
    shape: tuple[int, ...],
    *,
    complete: bool = True,
    encoding: str | None = None,
    resizing: Resizing = "pad",
    skip_unreadable: bool = False,
) -> Dataset:
    """Return `data`: a data set as it is, one of the catalog by its name, or that at a path.

    Where the source has no test split, a fifth of the examples is it, see `content_split`. Images
    are brought to `shape` as a served network brings them.

    Args:
        data: A data set; a name of `list_datasets()`; a folder, see `folders`; a table, see
            `tables`, or a folder of them, see `split_tables`, with the names of columns behind
            it where these are others: `reviews.csv[review,stars]`; a `.npz` file, see `npz`; the
            address of one of these, such as s3://bucket/photos, which is copied here; or what
            `from_examples` takes without labels.
        shape: Of one input of the network. Three axes (height, width, 1 or 3 channels) make the
            examples at a path images, one or none texts.
        complete: Whether the data must have what training needs: two classes or more, and
            examples of each class for training and test.
        encoding: Of texts at a path, where that is not UTF-8.
        resizing: Of images of another size; see `cnnzoo.decoding`.
        skip_unreadable: Whether image files that cannot be read are left out, and counted.

    Raises:
        CnnzooError: It is none of these, it is damaged, or not `complete`.
    """
    if isinstance(data, Dataset):
        return data
    images = len(shape) == 3 and shape[2] in (1, 3)
    if not isinstance(data, (str, Path)):
        from cnnzoo.pipelines.custom_data.in_memory import from_examples  # It imports this file.

        return from_examples(data, shape=shape if images else ())
    name = str(data)
    path, columns = path_of(name)
    if name in DATASETS or path is None:
        return DATASETS[name]
    if not images and len(shape) > 1:
        raise CnnzooError(
            "dataset must be one of the catalog for a network that takes neither texts nor "
            f"images of 1 or 3 channels; got {name}"
        )
    found = _found(path, images, columns, encoding)
    if images and skip_unreadable:
        found = _readable(name, found, shape)
    source = name if is_address(name) else path.resolve().as_uri()
    return assemble(
        name, found, shape if images else (), source, complete=complete, resizing=resizing
    )


def reading(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `find` that a recipe, as a card has it, states."""
    return {field: recipe[field] for field in _READING if field in recipe}


def name_of(data: Data) -> str:
    """Return what a recipe and a card call `data`."""
    if isinstance(data, Dataset):
        return data.name
    return str(data) if isinstance(data, (str, Path)) else IN_MEMORY


def kind_of(data: Data) -> str:
    """Return what `data`, as for `find`, are: "images", "sounds" or "texts".

    Raises:
        CnnzooError: There are no such data, or a table or archive cannot be read.
    """
    path, columns = path_of(str(data)) if isinstance(data, (str, Path)) else (None, [])
    if path is None or str(data) in DATASETS:
        return find(data, ()).kind
    return kind.kind_of(path, columns)


def path_of(name: str) -> tuple[Path | None, list[str]]:
    """Return the path that `name` means, or None, and the columns in brackets behind it.

    Raises:
        CnnzooError: These are not two.
    """
    if is_address(name):
        return path_of(local_name(name))
    expanded = os.path.expanduser(name)
    if os.path.exists(expanded):
        return Path(expanded), []
    bracketed = re.fullmatch(r"(.+)\[([^][]*)\]", expanded)
    if bracketed is None or not (
        tables.is_table(Path(bracketed[1])) or os.path.isdir(bracketed[1])
    ):
        return None, []
    columns = [column.strip() for column in bracketed[2].split(",")]
    if len(columns) != 2 or not all(columns):
        raise CnnzooError(f"columns must be two, as in {bracketed[1]}[text,label]; got {name}")
    return (Path(bracketed[1]) if os.path.exists(bracketed[1]) else None), columns


def _found(path: Path, images: bool, columns: list[str], encoding: str | None) -> Found:
    if path.is_dir() and split_tables.by_split(path):
        try:
            return split_tables.find(path, images, columns, encoding)
        except MissingColumnError:  # It may describe what is in the folders beside it.
            if columns or not any(one.is_dir() for one in path.iterdir()):
                raise
    if path.is_dir() and columns:
        raise CnnzooError(f"{path} must hold a table train.csv, for one, to have columns; got none")
    if path.is_dir():
        return folders.find(path, images, encoding)
    if tables.is_table(path):
        return tables.find(path, images, columns, encoding)
    if path.suffix.lower() == ".npz":
        return npz.find(path, images)
    raise CnnzooError(
        f"dataset must be a name of the catalog, a folder, or a {', '.join(tables.READERS)} or "
        f".npz file; got {path}"
    )


def assemble(
    name: str,
    found: Found,
    shape: tuple[int, ...],
    source: str,
    class_names: Sequence[str] = (),
    sample_rate: int = 0,
    complete: bool = True,
    resizing: Resizing = "pad",
) -> Dataset:
    """Return examples of any source as the data set `name`, after the checks that all share.

    Args:
        name: Of the data set.
        found: Its examples.
        shape: Of one input; empty for texts.
        source: Where they come from.
        class_names: In the order of the labels; by default in alphabetical order.
        sample_rate: Of sounds, in Hz.
        complete: As for `find`.
        resizing: Of images of another size.

    Raises:
        CnnzooError: They are not `complete`, or a text or a class has no UTF-8.
    """
    if found.left_out:
        log_once(f"{name}: {len(found.left_out):,} left out, no examples: {listed(found.left_out)}")
    classes = tuple(class_names) or ordered(found.classes)
    of_kind = {3: "images", 2: "sounds", 0: "texts"}[len(shape)]
    _check_unicode(name, classes if shape else [*classes, *map(str, found.inputs)])
    places = {of_class: place for place, of_class in enumerate(classes)}
    labels = np.array([places[label] for label in found.labels], np.int64)
    rows = _rows(found)
    if complete:
        _check_classes(name, of_kind, classes, labels, rows)
    fetch = _fetch(found.inputs)
    ready = isinstance(found.inputs, np.ndarray) and found.inputs.shape[1:] == shape

    def encoded(split: str) -> Examples:
        images = EncodedImages(fetch, rows[split], shape, resizing)
        return Examples(images, labels[rows[split]])

    @functools.cache
    def examples(split: str) -> Examples:
        if shape and not ready:
            return in_memory(encoded(split))
        return Examples(_taken(found.inputs, rows[split]), labels[rows[split]])

    return Dataset(
        name=name,
        class_names=classes,
        sizes={split: len(chosen) for split, chosen in rows.items()},
        source=source,
        citation="",
        license="",
        read=examples,
        encoded=encoded if shape and not ready else None,
        input_shape=shape,
        resizing=resizing,
        sample_rate=sample_rate,
        has_test="test" in found.named,
    )


def _rows(found: Found) -> dict[str, np.ndarray]:
    """Return the places of the examples of each split."""
    splits = np.array(found.splits or ["train"] * len(found.labels), object)
    if "test" not in found.named:
        training = np.flatnonzero(splits == "train")
        inputs = [found.inputs[row] for row in training.tolist()]
        labels = [found.labels[row] for row in training.tolist()]
        splits[training[np.array(split_by_content(inputs, labels), bool)]] = "test"
    named = {"train", "test", *found.named}
    order = [split for split in ("train", "validation", "test") if split in named]
    return {split: np.flatnonzero(splits == split) for split in order}


def _check_classes(
    name: str,
    of_kind: str,
    classes: Sequence[str],
    labels: np.ndarray,
    rows: Mapping[str, np.ndarray],
) -> None:
    """Refuse classes that cannot be trained or scored, whatever the source."""
    twice = [one for one, count in Counter(classes).items() if count > 1]
    if twice:
        raise CnnzooError(f"class_names of {name} must be distinct; got {twice[0]!r} twice")
    if len(classes) < 2:
        got = f"{classes[0]!r} alone" if classes else "none"
        raise CnnzooError(f"{name} must hold examples of two classes or more; got {got}")
    for split, chosen in rows.items():
        if split == "validation":
            if not len(chosen):
                raise CnnzooError(f"{name} must hold {of_kind} for validation; got none")
            continue
        counts = np.bincount(labels[chosen], minlength=len(classes))
        if not counts.all():
            missing = classes[int(counts.argmin())]
            raise CnnzooError(f"{name} must hold {of_kind} of {missing!r} for {split}; got none")


def _check_unicode(name: str, strings: Iterable[str]) -> None:
    for string in strings:
        try:
            string.encode()
        except UnicodeEncodeError as error:
            raise CnnzooError(
                f"{name} must hold Unicode text; got half of a surrogate pair in "
                f"{reprlib.repr(string)}"
            ) from error


def _taken(inputs: Sequence[Input] | np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the inputs in `rows`, without a copy of arrays where rows follow each other."""
    if not isinstance(inputs, np.ndarray):
        return np.array([inputs[row] for row in rows.tolist()], object)
    first, last = int(rows.min(initial=len(inputs))), int(rows.max(initial=0))
    return inputs[first : last + 1] if last - first == len(rows) - 1 else inputs[rows]


def _fetch(inputs: Sequence[Input] | np.ndarray) -> Fetch:
    def fetch(row: int) -> tuple[bytes | np.ndarray, str]:
        one = inputs[row]
        if isinstance(one, np.ndarray):
            return one, f"image {row}"
        if isinstance(one, EncodedImage):
            return one.content, one.name
        return read(Path(one), limit=MAX_BYTES), str(one)

    return fetch


def _readable(name: str, found: Found, shape: tuple[int, ...]) -> Found:
    """Return `found` without the images that cannot be read, which are counted."""
    images = EncodedImages(_fetch(found.inputs), np.arange(len(found.labels)), shape)
    wrong = set(images.unreadable().tolist())
    if not wrong:
        return found
    names = [found.inputs[row] for row in sorted(wrong)]
    log(f"{name}: left out {len(wrong):,} unreadable of {len(images):,} images: {listed(names)}")
    kept = [row for row in range(len(images)) if row not in wrong]
    return found._replace(
        inputs=[found.inputs[row] for row in kept],
        labels=[found.labels[row] for row in kept],
        splits=[found.splits[row] for row in kept] if found.splits else [],
    )
