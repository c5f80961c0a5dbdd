"""Your images or texts, in any usual form, as a data set like those of the catalog."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import reprlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from cnnzoo.datasets import DATASETS, Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.files import read
from cnnzoo.pipelines.custom_data import folders, npz, tables
from cnnzoo.pipelines.custom_data.examples import Found, Input, listed, ordered
from cnnzoo.pipelines.images import MAX_BYTES, UNDECODABLE, decode, read_encoded
from cnnzoo.quiet import log_once

IN_MEMORY = "examples"  # What data are called that have no name.

# Anything else is read by `from_examples`.
Data: TypeAlias = "Dataset | str | Path | Any"


def find(data: Data, shape: tuple[int, ...], encoding: str | None = None) -> Dataset:
    """Return `data`: a data set as it is, one of the catalog by its name, or that at a path.

    Where the source has no test split, a fifth of each class is it: the examples whose content has
    the lowest SHA-256, and all that equal them. Images are brought to `shape` as a served network
    brings them.

    Args:
        data: A data set; a name of `list_datasets()`; a folder, see `folders`; a table, see
            `tables`, with the names of its columns behind it where these are others:
            `reviews.csv[review,stars]`; a `.npz` file, see `npz`; or what `from_examples` takes
            without labels.
        shape: Of one input of the network. Three axes (height, width, 1 or 3 channels) make the
            examples at a path images, one or none texts.
        encoding: Of texts at a path, where that is not UTF-8.

    Raises:
        CnnzooError: It is none of these, it is damaged, there are fewer than two classes, or a
            class has no examples in a split.
    """
    if isinstance(data, Dataset):
        return data
    images = len(shape) == 3 and shape[2] in (1, 3)
    if not isinstance(data, (str, Path)):
        from cnnzoo.pipelines.custom_data.in_memory import from_examples  # It imports this file.

        return from_examples(data, shape=shape if images else ())
    name = str(data)
    path, columns = _path(name)
    if name in DATASETS or path is None:
        return DATASETS[name]
    if not images and len(shape) > 1:
        raise CnnzooError(
            "dataset must be one of the catalog for a network that takes neither texts nor "
            f"images of 1 or 3 channels; got {name}"
        )
    found = _found(path, images, columns, encoding)
    return assemble(name, found, shape if images else (), path.resolve().as_uri())


def name_of(data: Data) -> str:
    """Return what a recipe and a card call `data`."""
    if isinstance(data, Dataset):
        return data.name
    return str(data) if isinstance(data, (str, Path)) else IN_MEMORY


def dataset_of(
    card: Mapping[str, Any],
    shape: tuple[int, ...],
    data: Data | None = None,
    encoding: str | None = None,
) -> Dataset:
    """Return `data`, or the data set that a model's card names, both as for `find`.

    Raises:
        CnnzooError: As for `find`, or its classes are not those of the card.
    """
    if data is None:
        encoding = card.get("recipe", {}).get("encoding")
    found = find(card["dataset"] if data is None else data, shape, encoding)
    if list(found.class_names) != card["class_names"]:
        raise CnnzooError(f"data must have the classes of {card['name']}; {found.name} has others")
    return found


def _path(name: str) -> tuple[Path | None, list[str]]:
    """Return the path that `name` means, or None, and the columns in brackets behind it.

    Raises:
        CnnzooError: These are not two.
    """
    path = _existing(name)
    if path is not None:
        return path, []
    bracketed = re.fullmatch(r"(.+)\[([^][]*)\]", name)
    if bracketed is None or not tables.is_table(Path(bracketed[1])):
        return None, []
    columns = [column.strip() for column in bracketed[2].split(",")]
    if len(columns) != 2 or not all(columns):
        raise CnnzooError(f"columns must be two, as in {bracketed[1]}[text,label]; got {name}")
    return _existing(bracketed[1]), columns


def _existing(name: str) -> Path | None:
    """Return the path `name`, which may begin with the home folder's ~, if there is such a file."""
    for path in (name, os.path.expanduser(name)):
        if os.path.exists(path):
            return Path(path)
    return None


def _found(path: Path, images: bool, columns: list[str], encoding: str | None) -> Found:
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
) -> Dataset:
    """Return examples of any source as the data set `name`, after the checks that all share.

    Args:
        name: Of the data set.
        found: Its examples.
        shape: Of one input; empty for texts.
        source: Where they come from.
        class_names: In the order of the labels; by default in alphabetical order.
        sample_rate: Of sounds, in Hz.

    Raises:
        CnnzooError: There are fewer than two classes, a class has no examples in a split, or
            a text or a class has no UTF-8.
    """
    if found.left_out:
        log_once(f"{name}: {len(found.left_out):,} left out, no examples: {listed(found.left_out)}")
    classes = tuple(class_names) or ordered(found.classes)
    kind = {3: "images", 2: "sounds", 0: "texts"}[len(shape)]
    _check_unicode(name, classes if shape else [*classes, *map(str, found.inputs)])
    places = {of_class: place for place, of_class in enumerate(classes)}
    labels = np.array([places[label] for label in found.labels], np.int64)
    rows = _rows(found)
    _check_classes(name, kind, classes, labels, rows)

    @functools.cache
    def examples(split: str) -> Examples:
        return Examples(_inputs(found.inputs, rows[split], shape), labels[rows[split]])

    return Dataset(
        name=name,
        class_names=classes,
        sizes={split: len(chosen) for split, chosen in rows.items()},
        source=source,
        citation="",
        license="",
        read=examples,
        input_shape=shape,
        sample_rate=sample_rate,
    )


def _rows(found: Found) -> dict[str, np.ndarray]:
    """Return the places of the examples of each split."""
    splits = np.array(found.splits or ["train"] * len(found.labels), object)
    if "test" not in found.named:
        training = np.flatnonzero(splits == "train").tolist()
        in_test = cut(
            [found.inputs[row] for row in training], [found.labels[row] for row in training]
        )
        splits[[row for row, chosen in zip(training, in_test, strict=True) if chosen]] = "test"
    named = {"train", "test", *found.named}
    order = [split for split in ("train", "validation", "test") if split in named]
    return {split: np.flatnonzero(splits == split) for split in order}


def _check_classes(
    name: str,
    kind: str,
    classes: Sequence[str],
    labels: np.ndarray,
    rows: Mapping[str, np.ndarray],
) -> None:
    """Refuse classes that cannot be trained or scored, whatever the source.

    Raises:
        CnnzooError: There are fewer than two, one stands twice, or one has no training or no test
            examples; or there are no validation examples where there is such a split.
    """
    twice = [one for one, count in Counter(classes).items() if count > 1]
    if twice:
        raise CnnzooError(f"class_names of {name} must be distinct; got {twice[0]!r} twice")
    if len(classes) < 2:
        got = f"{classes[0]!r} alone" if classes else "none"
        raise CnnzooError(f"{name} must hold examples of two classes or more; got {got}")
    for split, chosen in rows.items():
        if split == "validation":
            if not len(chosen):
                raise CnnzooError(f"{name} must hold {kind} for validation; got none")
            continue
        counts = np.bincount(labels[chosen], minlength=len(classes))
        if not counts.all():
            missing = classes[int(counts.argmin())]
            raise CnnzooError(f"{name} must hold {kind} of {missing!r} for {split}; got none")


def _inputs(
    inputs: Sequence[Input] | np.ndarray, rows: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    """Return the inputs in `rows`, without a copy of arrays where rows follow each other."""
    if isinstance(inputs, np.ndarray):
        first, last = int(rows.min(initial=len(inputs))), int(rows.max(initial=0))
        return inputs[first : last + 1] if last - first == len(rows) - 1 else inputs[rows]
    chosen = [inputs[row] for row in rows.tolist()]
    return load(chosen, shape) if shape else np.array(chosen, object)


def _check_unicode(name: str, strings: Iterable[str]) -> None:
    for string in strings:
        try:
            string.encode()
        except UnicodeEncodeError as error:
            raise CnnzooError(
                f"{name} must hold Unicode text; got half of a surrogate pair in "
                f"{reprlib.repr(string)}"
            ) from error


TEST_SHARE = 0.2  # Of each class.


def cut(inputs: Sequence[Input], labels: Sequence[str]) -> list[bool]:
    """Return whether each example is in the test split.

    A fifth of each class is: the examples whose content has the lowest SHA-256, so that the split
    depends on nothing else, and all that equal them.
    """
    digests = [hashlib.sha256(_content(one)).digest() for one in inputs]
    by_class = defaultdict(list)
    for label, digest in zip(labels, digests, strict=True):
        by_class[label].append(digest)
    lowest: set[bytes] = set()
    for of_class in by_class.values():
        lowest.update(sorted(of_class)[: round(TEST_SHARE * len(of_class)) or 1])
    return [digest in lowest for digest in digests]


def _content(one: Input) -> bytes:
    if isinstance(one, np.ndarray):
        return one.tobytes()
    if isinstance(one, str):
        return one.encode()
    try:
        return read(one, limit=MAX_BYTES)
    except CnnzooError:  # Reported, with all others, when the images are read.
        return bytes(one)


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
