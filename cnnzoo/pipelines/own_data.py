"""One's own images, in folders, as a data set like those of the catalogue."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import numpy as np
import tensorflow as tf

from cnnzoo.datasets import DATASETS, Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.decoding import UNDECODABLE, decode
from cnnzoo.pipelines.images import read_encoded

TEST_SHARE = 0.2  # Of each class, where the folder has no test split of its own.


def find(name: str, shape: tuple[int, ...]) -> Dataset:
    """Return the data set `name` of the catalogue, or the images in the folder of that path.

    Args:
        name: A name of `list_datasets()`, or a folder, see `from_folder`.
        shape: Height, width and channels that images of a folder are brought to.

    Raises:
        CnnzooError: It is neither.
    """
    if name not in DATASETS and Path(name).is_dir():
        return from_folder(Path(name), shape)
    return DATASETS[name]


def from_folder(folder: Path, shape: tuple[int, ...]) -> Dataset:
    """Return the data set of the PNG and JPEG images in `folder`, by class.

    The folder holds a folder a class, or `train` and `test` that do. Without these, a fifth of each
    class is the test split: the images whose content has the lowest SHA-256, so that the split
    depends on nothing else, and equal images share one. Images are brought to `shape` as a served
    network brings them.

    Args:
        folder: Hidden files in it are left out.
        shape: Height, width and channels, 1 or 3.

    Raises:
        CnnzooError: There are fewer than two classes, a class lacks examples in a split, or the
            splits have different classes.
    """
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise CnnzooError(f"dataset must hold what the network takes; {folder} holds images")
    own_splits = {"train", "test"} <= {path.name for path in _visible(folder)}
    files = (
        {split: _by_class(folder / split) for split in ("train", "test")}
        if own_splits
        else _cut(_by_class(folder))
    )
    if list(files["train"]) != list(files["test"]):
        raise CnnzooError(f"{folder} must have the same classes in train and test")
    if len(files["train"]) < 2:
        raise CnnzooError(f"{folder} must hold a folder for each of two classes or more")
    for split, classes in files.items():
        for name, paths in classes.items():
            if not paths:
                raise CnnzooError(f"{folder} must hold images of {name!r} for {split}; got none")
    return Dataset(
        name=str(folder),
        class_names=tuple(files["train"]),
        sizes={split: sum(map(len, classes.values())) for split, classes in files.items()},
        source=folder.resolve().as_uri(),
        citation="",
        licence="",
        read=functools.cache(lambda split: _read(files[split], shape)),
        input_shape=shape,
    )


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _by_class(folder: Path) -> dict[str, list[Path]]:
    return {path.name: _visible(path) for path in _visible(folder) if path.is_dir()}


def _cut(classes: dict[str, list[Path]]) -> dict[str, dict[str, list[Path]]]:
    splits: dict[str, dict[str, list[Path]]] = {"train": {}, "test": {}}
    for name, paths in classes.items():
        digests = {path: _digest(path) for path in paths}
        ordered = sorted(paths, key=lambda path: (digests[path], path))
        count = round(TEST_SHARE * len(ordered)) or 1
        while 0 < count < len(ordered) and digests[ordered[count]] == digests[ordered[count - 1]]:
            count += 1
        splits["test"][name] = sorted(ordered[:count])
        splits["train"][name] = sorted(ordered[count:])
    return splits


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""


def _read(classes: dict[str, list[Path]], shape: tuple[int, ...]) -> Examples:
    """Return the decoded images and their labels.

    Raises:
        CnnzooError: Some files are no readable images; the message counts and names them.
    """
    decoded = tf.function(lambda content: decode(content, shape, light_on_dark=False))
    paths = [path for paths in classes.values() for path in paths]
    images, unreadable = np.empty((len(paths), *shape), np.uint8), []
    for place, path in enumerate(paths):
        try:
            images[place] = decoded(tf.constant(read_encoded(path))).numpy()
        except (CnnzooError, *UNDECODABLE):
            unreadable.append(str(path))
    if unreadable:
        named = ", ".join(unreadable[:5]) + (", ..." if len(unreadable) > 5 else "")
        raise CnnzooError(
            f"images must be readable PNG or JPEG files; {len(unreadable)} are not: {named}"
        )
    counts = [len(paths) for paths in classes.values()]
    return Examples(images, np.repeat(np.arange(len(counts)), counts))
