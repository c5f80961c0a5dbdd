"""Files at addresses, such as s3://bucket/run: copies on this machine, and what is written back.

What is at an address is copied into a folder of this machine, of the same content, and what is
written into it is copied to the address, file by file, in the order in which it was written. Where
objects appear whole or not at all, a run that is killed is at its address what it is in a folder:
it can be resumed. fsspec knows the protocols.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnnzoo.errors import CnnzooError
from cnnzoo.files import is_temporary, write_whole
from cnnzoo.progress import tracked

# Protocols of stores in which an object appears whole or not at all.
WHOLE = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory")
CACHE = "CNNZOO_CACHE"  # The environment variable that names the folder of copies.

_OTHERS = ("hf", "ray")  # That mean something else here.
_STATE = ".cnnzoo-address.json"  # Beside a copy: of what it is one, and what of it is there.
_LAST = ("SHA256SUMS", "saved_model.pb")  # Of an exported version, which is there with these.


def is_address(name: object) -> bool:
    """Return whether `name` is the address of files that are not on this machine."""
    found = re.match(r"([a-z][a-z0-9+.-]*)://", name) if isinstance(name, str) else None
    return found is not None and found[1] not in _OTHERS


def copy_of(address: str) -> Path:
    """Return a copy of the file or of the folder at `address`.

    Raises:
        CnnzooError: Nothing is there, it cannot be read, or a package is missing.
    """
    path = _pulled(address)
    if path is None:
        raise CnnzooError(f"{address} must be a file or a folder; there is nothing")
    return path


@functools.cache
def data_at(address: str) -> Path:
    """Return what `copy_of` does, once in a process: data do not change while they are used."""
    return copy_of(address)


def folder_at(address: str) -> Path:
    """Return the copy of the folder at `address`, which may be new, to be written back.

    Raises:
        CnnzooError: Files may appear there in part, it is a file, or it cannot be read.
    """
    protocol = address.partition("://")[0]
    if protocol not in WHOLE:
        raise CnnzooError(
            f"out must be a folder, or at an address of {', '.join(WHOLE)}, where a file appears "
            f"whole or not at all; got {address}"
        )
    path = _pulled(address) or _place(address)
    if path.is_file():
        raise CnnzooError(f"out must be a folder; {address} is a file")
    path.mkdir(parents=True, exist_ok=True)
    return path


def required_local(out: str | Path, what: str) -> Path:
    """Return the path `out`, which may be no address.

    Args:
        out: What the user gave as out.
        what: Stands in the message, such as "a sweep".

    Raises:
        CnnzooError: It is one.
    """
    if is_address(out):
        raise CnnzooError(f"out must be a folder of this machine for {what}; got {out}")
    return Path(out)


def push(folder: Path) -> None:
    """Copy what was written into a folder of `folder_at` to its address; of another, do nothing.

    Raises:
        CnnzooError: The address cannot be written.
    """
    state = _state(folder)
    if state is None:
        return
    address, known = state["address"], state["files"]
    found = {str(path.relative_to(folder).as_posix()): path for path in _files(folder)}
    changed = [name for name, path in found.items() if known.get(name, [None])[0] != _mark(path)]
    changed.sort(key=lambda name: (_rank(name), found[name].stat().st_mtime_ns))
    with _reported(address, "written"):
        fs, root = _store(address)
        for name in changed:
            mark = _mark(found[name])
            fs.put_file(str(found[name]), f"{root}/{name}")
            known[name] = [mark, None]
            _write_state(folder, state)
        for name in [*known]:
            if name not in found:
                fs.rm_file(f"{root}/{name}")
                del known[name]
                _write_state(folder, state)


def shown(path: Path) -> str:
    """Return what to call `path`: an address, if it is in a folder of `folder_at`."""
    for folder in (path, *path.parents):
        state = _state(folder)
        if state is not None:
            rest = path.relative_to(folder).as_posix()
            return state["address"] if rest == "." else f"{state['address']}/{rest}"
    return str(path)


def _pulled(address: str) -> Path | None:
    """Return the copy of what is at `address`, made the same again, or None if nothing is."""
    local = _place(address)
    state = _state(local) or {"address": address, "files": {}}
    with _reported(address, "read"):
        fs, root = _store(address)
        single = fs.isfile(root)
        there = {root: fs.info(root)} if single else fs.find(root, detail=True)
    if not there:
        _remove(local)
        _write_state(local, {"address": address, "files": {}})
        return None
    names = {_name(path, root, address): (path, info) for path, info in there.items()}
    if single == local.is_dir():
        _remove(local)
    known = state["files"]
    for name in tracked(names, names.__len__, "copying", "files"):
        path, info = names[name]
        target = local / name if name else local
        version = _version(info)
        mark, copied = known.get(name, [None, None])
        if target.is_file() and mark == _mark(target) and copied == version:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        with _reported(address, "read"):
            fs.get_file(path, str(partial))
        os.replace(partial, target)
        known[name] = [_mark(target), version]
    for path in [] if single else _files(local):
        if path.relative_to(local).as_posix() not in names:
            path.unlink()
    state["files"] = {name: known[name] for name in names}
    _write_state(local, state)
    return local


def _name(path: str, root: str, address: str) -> str:
    """Return the path of a file relative to the folder at an address, or "" of the file there."""
    name = path[len(root) :].lstrip("/")
    if ".." in name.split("/") or "\\" in name or "\0" in name:
        raise CnnzooError(f"{address} must hold files whose names stay in it; got {name!r}")
    return name


def _version(info: dict[str, Any]) -> str:
    """Return what changes when the file at an address does."""
    names = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "mtime", "created", "size")
    return repr([str(info[name]) for name in names if name in info])


def _store(address: str) -> tuple[Any, str]:
    import fsspec

    fs, root = fsspec.core.url_to_fs(address)
    fs.invalidate_cache()  # Of listings.
    return fs, root.rstrip("/")


def _place(address: str) -> Path:
    """Return where the copy of what is at `address` stands."""
    base = Path(os.environ.get(CACHE) or Path.home() / ".cache" / "cnnzoo")
    digest = hashlib.sha256(address.rstrip("/").encode()).hexdigest()[:16]
    return base / "addresses" / digest / (address.rstrip("/").rpartition("/")[2] or "files")


def _state(local: Path) -> dict[str, Any] | None:
    """Return of what `local` is a copy, and which of its files are those at the address."""
    try:
        found = json.loads((local.parent / _STATE).read_bytes())
    except (OSError, ValueError):
        return None
    return found if _place(found["address"]) == local else None


def _write_state(local: Path, state: dict[str, Any]) -> None:
    write_whole(local.parent / _STATE, json.dumps(state).encode())


def _files(folder: Path) -> list[Path]:
    """Return the files below a folder, without what is still being written."""
    found = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return [path for path in found if not is_temporary(path) and path.suffix != ".partial"]


def _mark(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


def _rank(name: str) -> int:
    last = name.rpartition("/")[2]
    return _LAST.index(last) + 1 if last in _LAST else 0


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _reported(address: str, done: str) -> Iterator[None]:
    """Turn what a store raises, which is of many kinds, into one sentence."""
    try:
        yield
    except CnnzooError:
        raise
    except ImportError as error:
        raise CnnzooError(f"{address} needs one more package: {error}") from error
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CnnzooError(f"{address} cannot be {done}: {reason}") from error
