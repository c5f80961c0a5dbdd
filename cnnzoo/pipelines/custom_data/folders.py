"""Your data in folders, whose names, or those of the files in them, are the classes.

A folder holds, for each class, either a folder of PNG and JPEG images, or a folder of `.txt` files,
one text each, or a text file with one text per line. Such a file is named `pos.txt` for the class
`pos`, or, where all names are alike but for their ends, `rt-polarity.pos`. Lines without a
character other than white space are no texts. The folder may instead hold `train` and `test`,
`validation`, or both, which hold these. Other files are left out, and counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data import examples
from cnnzoo.pipelines.custom_data.examples import SPLITS, Found, Input, listed
from cnnzoo.pipelines.custom_data.image_files import images_by_class, is_of_the_system
from cnnzoo.pipelines.texts import read_lines

_NOTES = re.compile(r"readme(\..*)?|licen[cs]e", re.I)


def find(folder: Path, images: bool, encoding: str | None = None) -> Found:
    """Return the examples in `folder`: by split, class and file, each in alphabetical order.

    Args:
        folder: Of the examples.
        images: Whether they are images, else texts.
        encoding: Of texts, where that is not UTF-8.

    Raises:
        CnnzooError: It holds no classes, or a text cannot be read.
    """
    left_out: list[Path] = []
    splits, others = _splits(folder)
    left_out += others
    inputs: list[Input] = []
    labels: list[str] = []
    names: list[str] = []
    classes: dict[str, None] = {}
    for split, path in splits:
        by_class = (
            images_by_class(path, left_out) if images else _texts_by_class(path, encoding, left_out)
        )
        classes.update(dict.fromkeys(by_class))
        for name, of_class in by_class.items():
            inputs += of_class
            labels += [name] * len(of_class)
            names += [split] * len(of_class)
    named = {split for split, _ in splits}
    shown = [str(path.relative_to(folder)) for path in left_out]
    return Found(inputs, labels, names, classes, named, shown)


def _splits(folder: Path) -> tuple[list[tuple[str, Path]], list[Path]]:
    """Return the splits that a folder holds, or itself as that for training; and what else."""
    paths = _visible(folder)
    splits = [
        (SPLITS[path.name.lower()], path)
        for path in paths
        if path.is_dir() and path.name.lower() in SPLITS
    ]
    named = {split for split, _ in splits}
    if "train" not in named or len(named) == 1:
        return [("train", folder)], []
    return splits, [path for path in paths if path not in [split for _, split in splits]]


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise CnnzooError(f"{folder} cannot be read: {error.strerror}") from error


def _texts_by_class(
    folder: Path, encoding: str | None, left_out: list[Path]
) -> dict[str, list[str]]:
    """Return the texts of each class; what holds none is added to `left_out`."""
    paths = _data(folder, left_out)
    folders = [path for path in paths if path.is_dir()]
    if not folders:
        files = _classes_of_files(folder, paths)
        left_out += [path for path in paths if path not in files.values()]
        return {name: _texts_of_lines(path, encoding) for name, path in files.items()}
    left_out += [path for path in paths if path not in folders]
    classes = {path.name: _data(path, left_out) for path in folders}
    for of_class in classes.values():
        left_out += [path for path in of_class if not _is_text(path)]
    return {
        name: ["\n".join(_lines(path, encoding)) for path in of_class if _is_text(path)]
        for name, of_class in classes.items()
    }


def _data(folder: Path, left_out: list[Path]) -> list[Path]:
    """Return what is in `folder`, but for files of the system and notes."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise CnnzooError(f"{folder} cannot be read: {error.strerror}") from error
    others = [path for path in paths if is_of_the_system(path.name) or _NOTES.fullmatch(path.name)]
    left_out += others
    return [path for path in paths if path not in others]


def _is_text(path: Path) -> bool:
    return path.suffix.lower() == ".txt" and path.is_file()


def _classes_of_files(folder: Path, paths: Sequence[Path]) -> dict[str, Path]:
    """Return the text file of each class by the class's name."""
    texts = [path for path in paths if _is_text(path)]
    stems = Counter(path.stem for path in paths if path.suffix)
    alike, count = max(stems.items(), key=lambda item: item[1], default=("", 0))
    if count > 1 and (count == len(paths) or not texts):
        return {path.suffix.removeprefix("."): path for path in paths if path.stem == alike}
    if not texts or {path.stem.lower() for path in texts} <= {*SPLITS}:
        raise CnnzooError(
            f"{folder} must hold a folder of .txt files, or one text file, for each class; got "
            f"{listed(path.name for path in paths) or 'nothing'}"
        )
    return {path.stem: path for path in texts}


def _texts_of_lines(path: Path, encoding: str | None) -> list[str]:
    return [line for line in _lines(path, encoding) if line.strip()]


def _lines(path: Path, encoding: str | None) -> list[str]:
    return read_lines(path, encoding, examples.MAX_TEXT_BYTES)
