"""The models of a folder and their versions: found, loaded, swapped and unloaded as it changes.

A version is a folder MODEL/NUMBER that holds saved_model.pb. `models` is replaced as a whole and
never changed, so that each answer comes from one version, loaded completely.
"""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from cnnzoo.errors import CnnzooError
from cnnzoo.serving.engine import Engine

_SECONDS = 1.0  # Between two looks at the folder.
_DIGITS = 18  # Of a version's number, which TensorFlow Serving keeps in 64 bits.


T = TypeVar("T")


class Slot(NamedTuple):
    """A version: loading, loaded, or with what is wrong with it."""

    files: frozenset[tuple[str, int, int]]  # Path, size and time, by which a change is noticed.
    engine: Engine | None = None
    error: str = ""

    @property
    def loads(self) -> bool:
        """Whether it is being loaded, and no older one of its number answers meanwhile."""
        return self.engine is None and not self.error


Models = Mapping[str, Mapping[int, Slot]]  # Newest version first.


class Repository:
    """All models below a folder."""

    def __init__(
        self,
        folder: Path,
        load: Callable[[Path], Engine] = Engine,
        seconds: float = 60,
        patience: float = 30,
    ) -> None:
        """Load all versions in `folder`.

        Args:
            folder: Holds MODEL/VERSION/saved_model.pb.
            load: Makes an engine of a version's folder.
            seconds: That one version may take; the next is loaded then.
            patience: Seconds to wait for all; what is not loaded by then, `watch` sees to.

        Raises:
            CnnzooError: The folder is missing or holds no version.
        """
        self.models: Models = {}
        self._folder = folder
        self._load = load
        self._seconds = seconds
        self._logged: set[str] = set()  # What cannot be read, said once.
        self._stopped = threading.Event()
        self._scanning = threading.Lock()
        if not folder.is_dir():
            what = "a file" if folder.exists() else "no such folder"
            raise CnnzooError(f"{folder} must be a folder of exported models; got {what}")
        if not self._found()[0]:
            raise CnnzooError(f"{folder} must hold MODEL/VERSION/saved_model.pb; got no such file")
        with contextlib.suppress(FutureTimeoutError):
            _begun(self.scan).result(patience)

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
        with self._scanning:
            self._scan()

    def _scan(self) -> None:
        found, unread = self._found()
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
            if (name, number) not in found and name not in unread
        ]
        for name, number in removed:
            self._put(name, number, None)
            _log(f"{name} version {number} is unloaded")
        if removed:
            gc.collect()  # Functions of TensorFlow hold each other in cycles.

    def _found(self) -> tuple[dict[tuple[str, int], Path], set[str]]:
        """Return the folder of each version, and the models whose folder cannot be read now."""
        found, unread = {}, set()
        for model in self._folder.iterdir():
            if model.name.startswith("."):  # It is being published.
                continue
            try:
                found.update({(model.name, number): path for number, path in _versions(model)})
            except OSError as error:
                unread.add(model.name)
                self._log_once(f"{error.filename or model} cannot be read: {error.strerror}")
        return found, unread

    def _loaded(self, name: str, number: int, folder: Path) -> Slot:
        files = _files(folder, whole=True)
        try:
            engine = self._load_in_time(folder)
        except Exception as error:  # Whatever is wrong with a version, the others stay.
            _log(f"{name} version {number} cannot be served: {error}")
            return Slot(files, error=str(error) or type(error).__name__)
        _log(f"{name} version {number} is loaded")
        return Slot(files, engine)

    def _load_in_time(self, folder: Path) -> Engine:
        """Return the engine of a version; one that never answers must not keep others waiting."""
        try:
            return _begun(self._load, folder).result(self._seconds)
        except FutureTimeoutError as error:
            raise CnnzooError(
                f"{folder} must load and answer within {self._seconds:g} seconds; it has not"
            ) from error

    def _log_once(self, sentence: str) -> None:
        if sentence not in self._logged:
            self._logged.add(sentence)
            _log(sentence)

    def _put(self, name: str, number: int, slot: Slot | None) -> None:
        slots = {**self.models.get(name, {})}
        slots.pop(number, None)
        if slot is not None:
            slots[number] = slot
        newest_first = dict(sorted(slots.items(), reverse=True))
        models = {**self.models, name: newest_first}
        self.models = {name: models[name] for name in sorted(models) if models[name]}


def _versions(model: Path) -> Iterator[tuple[int, Path]]:
    """Yield number and folder of each version of a model."""
    if not model.is_dir():
        return
    for version in model.iterdir():
        number = version.name
        if not (number.isascii() and number.isdecimal() and len(number) <= _DIGITS):
            continue
        try:
            there = (version / "saved_model.pb").is_file()
        except OSError:  # None of ours to read: loading it says so.
            there = True
        if there:
            yield int(number), version


def _files(folder: Path, whole: bool) -> frozenset[tuple[str, int, int]]:
    """Return path, size and time of saved_model.pb, or of all files while they may be coming."""
    paths = folder.rglob("*") if whole else [folder / "saved_model.pb"]
    found = set()
    for path in paths:
        try:
            status = path.stat()
        except OSError:  # A link to nothing, a file that went, or none of ours to read.
            found.add((str(path), 0, 0))
        else:
            found.add((str(path), status.st_size, status.st_mtime_ns))
    return frozenset(found)


def _begun(work: Callable[..., T], *arguments: Any) -> Future[T]:
    """Return the result to come of `work`, in a thread that ends with the process if not before."""
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work(*arguments))
        except BaseException as error:  # Whoever waits for the result gets it.
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done


def _log(sentence: str) -> None:
    print(f"cnnzoo: {sentence}", file=sys.stderr, flush=True)
