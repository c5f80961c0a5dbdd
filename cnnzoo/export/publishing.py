"""Versions of a model, each published whole or not at all, by one rename.

A version is written into a hidden folder next to the others. Its writer holds a lock on the folder,
which the system takes back when the process ends, however it ends: a hidden folder without a lock
was left by an export that was killed, and the next export removes it. Where a file system or
Windows has no such locks, it stays.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from cnnzoo.files import sync_folder

try:
    import fcntl
except ImportError:  # On Windows.
    fcntl = None  # type: ignore[assignment]

_HIDDEN = ".new-"


def publish(base: Path, write: Callable[[Path], None]) -> Path:
    """Return the next version below `base`, a folder that `write` has filled.

    Where `write` raises, nothing is published and nothing is left.

    Args:
        base: Folder of all versions of a model.
        write: Fills the hidden folder that it is given.

    Raises:
        OSError: The folder cannot be written or the disk is full.
    """
    base.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as kept:
        with _locked(base, wait=True):  # A folder that its writer has yet to lock is not dead.
            _remove_dead(base)
            hidden = Path(tempfile.mkdtemp(dir=base, prefix=_HIDDEN))
            kept.enter_context(_locked(hidden, wait=True))
        try:
            write(hidden)
            _sync(hidden)
            hidden.chmod(0o755)  # mkdtemp's 0700 would hide the model from a server.
            return _claim_next(hidden, base)
        except BaseException:
            shutil.rmtree(hidden, ignore_errors=True)
            raise


def _remove_dead(base: Path) -> None:
    for folder in base.glob(f"{_HIDDEN}*"):
        with _locked(folder, wait=False) as held:
            if held:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path, wait: bool) -> Iterator[bool]:
    """Hold the lock on `folder`, if there is one to be had; yield whether it is held."""
    descriptor = None
    try:
        if fcntl is not None:
            descriptor = os.open(folder, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        held = descriptor is not None
    except OSError:  # Another process has it, it no longer exists, or it cannot be locked.
        held = False
    try:
        yield held
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _sync(folder: Path) -> None:
    """Flush every file and folder below `folder` to disk."""
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir():
            sync_folder(path)
        else:
            with path.open("rb+") as file:
                os.fsync(file.fileno())


def _claim_next(hidden: Path, base: Path) -> Path:
    """Rename `hidden` to the next version; a version that exists is never replaced."""
    while True:
        versions = [int(path.name) for path in base.iterdir() if path.name.isdecimal()]
        version = base / str(max(versions, default=0) + 1)
        try:
            hidden.rename(version)
        except OSError:
            if version.exists():  # Another process took it.
                continue
            raise
        sync_folder(base)
        return version
