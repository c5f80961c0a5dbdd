"""The models of a folder and their versions: found, loaded, swapped and unloaded as it changes.

A version is a folder MODEL/NUMBER that holds saved_model.pb. `models` is replaced as a whole and
never changed, so that each answer comes from one version, loaded completely.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from cnnzoo.errors import CnnzooError
from cnnzoo.serving.engine import Engine

_SECONDS = 1.0  # Between two looks at the folder.
_DIGITS = 18  # Of a version's number, which TensorFlow Serving keeps in 64 bits.


class Slot(NamedTuple):
    """A version: loading, loaded, or with what is wrong with it."""

    files: frozenset[tuple[str, int, int]]  # Path, size and time, by which a change is noticed.
    engine: Engine | None = None
    error: str = ""


Models = Mapping[str, Mapping[int, Slot]]  # Newest version first.


class Repository:
    """All models below a folder."""

    def __init__(self, folder: Path, load: Callable[[Path], Engine] = Engine) -> None:
        """Load all versions in `folder`.

        Raises:
            CnnzooError: The folder is missing or holds no version.
        """
        self.models: Models = {}
        self._folder = folder
        self._load = load
        self._stopped = threading.Event()
        if not folder.is_dir():
            what = "a file" if folder.exists() else "no such folder"
            raise CnnzooError(f"{folder} must be a folder of exported models; got {what}")
        if not any(_versions(folder)):
            raise CnnzooError(f"{folder} must hold MODEL/VERSION/saved_model.pb; got no such file")
        self.scan()

    def watch(self) -> None:
        """Follow the folder until `stop` is called; for a thread of its own."""
        while not self._stopped.wait(_SECONDS):
            try:
                self.scan()
            except OSError as error:  # Such as a network drive that is away: keep what is loaded.
                _log(f"{error.filename or self._folder} cannot be read: {error.strerror}")

    def stop(self) -> None:
        """End `watch`."""
        self._stopped.set()

    def engine(self, name: str, version: int | None = None) -> tuple[int, Engine]:
        """Return the requested version, or the newest that is loaded, and its number.

        Raises:
            KeyError: No such model is served.
        """
        slots = self.models[name]
        for number, slot in slots.items():
            if slot.engine is not None and version in (None, number):
                return number, slot.engine
        raise KeyError(name)

    def scan(self) -> None:
        """Load what has appeared or changed, newest first, then unload what was removed.

        Raises:
            OSError: The folder cannot be read; nothing has changed then.
        """
        found = {(name, number): folder for name, number, folder in _versions(self._folder)}
        for (name, number), folder in sorted(found.items(), key=lambda one: -one[0][1]):
            slot = self.models.get(name, {}).get(number)
            files = _files(folder, whole=slot is None or slot.engine is None)
            if slot is None or not files <= slot.files:
                self._put(name, number, Slot(files, slot and slot.engine))
                self._put(name, number, self._loaded(name, number, folder))
        removed = [
            (name, number)
            for name, slots in self.models.items()
            for number in slots
            if (name, number) not in found
        ]
        for name, number in removed:
            self._put(name, number, None)
            _log(f"{name} version {number} is unloaded")
        if removed:
            gc.collect()  # Functions of TensorFlow hold each other in cycles.

    def _loaded(self, name: str, number: int, folder: Path) -> Slot:
        files = _files(folder, whole=True)
        try:
            engine = self._load(folder)
        except Exception as error:  # Whatever is wrong with a version, the others stay.
            _log(f"{name} version {number} cannot be served: {error}")
            return Slot(files, error=str(error) or type(error).__name__)
        _log(f"{name} version {number} is loaded")
        return Slot(files, engine)

    def _put(self, name: str, number: int, slot: Slot | None) -> None:
        slots = {**self.models.get(name, {})}
        slots.pop(number, None)
        if slot is not None:
            slots[number] = slot
        newest_first = dict(sorted(slots.items(), reverse=True))
        models = {**self.models, name: newest_first}
        self.models = {name: models[name] for name in sorted(models) if models[name]}


def _versions(folder: Path) -> Iterator[tuple[str, int, Path]]:
    """Yield name, number and folder of each version; hidden folders are being published."""
    for model in folder.iterdir():
        if model.name.startswith(".") or not model.is_dir():
            continue
        for version in model.iterdir():
            number = version.name
            if not (number.isascii() and number.isdecimal() and len(number) <= _DIGITS):
                continue
            if (version / "saved_model.pb").is_file():
                yield model.name, int(number), version


def _files(folder: Path, whole: bool) -> frozenset[tuple[str, int, int]]:
    """Return path, size and time of saved_model.pb, or of all files while they may be coming."""
    paths = folder.rglob("*") if whole else [folder / "saved_model.pb"]
    return frozenset((str(path), (at := path.stat()).st_size, at.st_mtime_ns) for path in paths)


def _log(sentence: str) -> None:
    print(f"cnnzoo: {sentence}", file=sys.stderr, flush=True)
