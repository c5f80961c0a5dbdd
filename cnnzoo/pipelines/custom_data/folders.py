"""Your data in folders, whose names, or those of the files in them, are the classes.

A folder holds, for each class, either a folder of PNG and JPEG images, or a folder of `.txt` files,
one text each, or a text file with one text per line. Such a file is named `pos.txt` for the class
`pos`, or, where all names are alike but for their ends, `rt-polarity.pos`. Lines without a
character other than white space are no texts. The folder may instead hold `train` and `test`, which
hold these. Hidden files are left out, and so are files next to folders.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.examples import Found, Input, lines_of, listed
from cnnzoo.pipelines.custom_data.image_files import images_by_class


def find(folder: Path, images: bool) -> Found:
    """Return the examples in `folder`: by split, class and file, each in alphabetical order.

    Raises:
        CnnzooError: It holds no classes, train and test have different ones, or a text cannot be
            read.
    """
    folders = {path.name for path in _visible(folder) if path.is_dir()}
    has_splits = folders >= {"train", "test"}
    read = images_by_class if images else _texts_by_class
    parts = (
        {split: read(folder / split) for split in ("train", "test")}
        if has_splits
        else {"": read(folder)}
    )
    _check_classes(folder, list(parts.values()))
    inputs: list[Input] = []
    labels: list[str] = []
    splits: list[str] = []
    for split, classes in parts.items():
        for name, of_class in classes.items():
            inputs += of_class
            labels += [name] * len(of_class)
            splits += [split] * len(of_class)
    return Found(inputs, labels, splits if has_splits else [], next(iter(parts.values())))


def _check_classes(folder: Path, parts: Sequence[Collection[str]]) -> None:
    lonely = set(parts[0]) ^ set(parts[-1])
    if lonely:
        names = listed(map(repr, sorted(lonely)))
        raise CnnzooError(
            f"{folder} must have the same classes in train and test; got {names} in only one"
        )


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise CnnzooError(f"{folder} cannot be read: {error.strerror}") from error


def _texts_by_class(folder: Path) -> dict[str, list[str]]:
    paths = _visible(folder)
    classes = {path.name: _visible(path) for path in paths if path.is_dir()}
    if not classes:
        return {name: _texts_of_lines(path) for name, path in _classes_of_files(folder, paths)}
    _check_txt(path for of_class in classes.values() for path in of_class)
    return {
        name: ["\n".join(lines_of(path)) for path in of_class] for name, of_class in classes.items()
    }


def _classes_of_files(folder: Path, paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """Return the name of the class of each text file, and the file."""
    stems = {path.stem for path in paths}
    if not paths or stems <= {"train", "test"}:
        raise CnnzooError(
            f"{folder} must hold a folder of .txt files, or one text file, for each class; got "
            f"{listed(path.name for path in paths) or 'nothing'}"
        )
    if len(paths) > 1 and len(stems) == 1 and all(path.suffix for path in paths):
        return [(path.suffix.removeprefix("."), path) for path in paths]
    _check_txt(paths)
    return [(path.stem, path) for path in paths]


def _check_txt(paths: Iterable[Path]) -> None:
    others = [path for path in paths if path.suffix != ".txt"]
    if others:
        raise CnnzooError(
            f"texts must be in UTF-8 .txt files; {len(others)} are not: {listed(others)}"
        )


def _texts_of_lines(path: Path) -> list[str]:
    return [line for line in lines_of(path) if line.strip()]
