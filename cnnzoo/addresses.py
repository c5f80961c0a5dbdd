"""Files at addresses, such as s3://bucket/run: copies on this machine, and what is written back.

What is at an address is copied into a folder of this machine, and what is written into it is copied
to the address, file by file, in the order in which it was written. Where objects appear whole or
not at all, a run that is killed is at its address what it is in a folder: it can be resumed. What
is read has another copy than what is written. fsspec knows the protocols.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cnnzoo.errors import CnnzooError
from cnnzoo.files import is_temporary, write_whole
from cnnzoo.progress import tracked

# Protocols of stores in which an object appears whole or not at all.
WHOLE = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory")
CACHE = "CNNZOO_CACHE"  # The environment variable that names the folder of copies.

_OTHERS = ("hf", "ray")  # That mean something else here.
_STATE = "state.json"  # Beside a copy: which of its files are those at the address.
_LAST = ("SHA256SUMS", "saved_model.pb")  # Of an exported version, which is there with these.
_GOES = ".ckpt"  # Suffix of files that a run removes; no other is removed at an address.
_NAME = 80  # Characters of the name of a copy.
# What a store says of a file that changes when the file does, beside its size; the first one that
# it says counts, since a listing has others than a file alone.
_CHANGING = (
    *("ETag", "etag", "md5Hash", "content_md5", "LastModified", "Last-Modified", "last_modified"),
    *("updated", "mtime", "modify", "created"),
)

_written: dict[Path, str] = {}  # Folders of `folder_at`, in this process -> their addresses.


def is_address(name: object) -> bool:
    """Return whether `name` is the address of files that are not on this machine."""
    found = re.match(r"([a-z][a-z0-9+.-]+)://", name, re.I) if isinstance(name, str) else None
    return found is not None and found[1].lower() not in _OTHERS


def copy_of(address: str) -> Path:
    """Return a copy of the file or of the folder at `address`, to be read.

    Raises:
        CnnzooError: Nothing is there, it cannot be read, or a package is missing.
    """
    path = _pulled(address, "read")
    if path is None:
        raise CnnzooError(f"{address} must be a file or a folder; there is nothing")
    return path


@functools.cache
def data_at(address: str) -> Path:
    """Return what `copy_of` does, once in a process: data do not change while they are used."""
    return copy_of(address)


def local_name(name: str) -> str:
    """Return the path of a copy of the data at an address, with the columns in brackets behind it.

    Args:
        name: An address, such as s3://bucket/reviews.csv[review,stars].

    Raises:
        CnnzooError: As for `copy_of`.
    """
    address = re.sub(r"\[[^][]*\]$", "", name)
    return f"{data_at(address)}{name.removeprefix(address)}"


def folder_at(address: str) -> Path:
    """Return the copy of the folder at `address`, which may be new, to be written back.

    What was written before and is not at the address yet, since that failed, stays in it.

    Raises:
        CnnzooError: Files may appear there in part, it is a file, or it cannot be read.
    """
    protocol = address.partition("://")[0].lower()
    if protocol not in WHOLE:
        raise CnnzooError(
            f"out must be a folder, or at an address of {', '.join(WHOLE)}, where a file appears "
            f"whole or not at all; got {address}"
        )
    path = _pulled(address, "write") or _place(address, "write")
    if path.is_file():
        raise CnnzooError(f"out must be a folder; {address} is a file")
    with _reported(address, "copied"):
        path.mkdir(parents=True, exist_ok=True)
    _written[path] = address.rstrip("/")
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
    if re.match(r"[a-z][a-z0-9+.-]+:[/\\]", str(out), re.I):
        raise CnnzooError(f"out must be text where it is an address; got a path, {str(out)!r}")
    return Path(out)


def push(folder: Path) -> None:
    """Copy what was written into a folder of `folder_at` to its address; of another, do nothing.

    Raises:
        CnnzooError: The address cannot be written.
    """
    address = _written.get(folder)
    if address is None:
        return
    known = _known(folder)
    found = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    changed = [name for name, path in found.items() if known.get(name, [None])[0] != _mark(path)]
    changed.sort(key=lambda name: (_rank(name), found[name].stat().st_mtime_ns))
    gone = [name for name in known if name.endswith(_GOES) and not (folder / name).exists()]
    with _reported(address, "written"):
        fs, root = _store(address)
        for name in changed:
            mark = _mark(found[name])
            fs.put_file(str(found[name]), f"{root}/{name}")
            known[name] = [mark, _version(fs.info(f"{root}/{name}"))]
            _write_known(folder, known)
        for name in gone:
            with contextlib.suppress(FileNotFoundError):
                fs.rm_file(f"{root}/{name}")
            del known[name]
            _write_known(folder, known)


def shown(path: Path) -> str:
    """Return what to call `path`: an address, if it is in a folder of `folder_at`."""
    for folder in (path, *path.parents):
        if folder in _written:
            rest = path.relative_to(folder).as_posix()
            return _written[folder] if rest == "." else f"{_written[folder]}/{rest}"
    return str(path)


def _pulled(address: str, use: str) -> Path | None:
    """Return the copy of what is at `address`, made the same again, or None if nothing is.

    In a copy to "write", a file stays that is not at the address yet, and one that is there as it
    was before, whatever has been written here since.
    """
    local = _place(address, use)
    with _reported(address, "read"):
        fs, root = _store(address)
        if fs.isfile(root):  # On the web, find would read it for links.
            there = {"": (root, fs.info(root))}
        else:
            found = fs.find(root, detail=True).items()
            there = {_name(path, root, address): (path, info) for path, info in found}
            # Stores mark folders by empty objects.
            there = {name: one for name, one in there.items() if name and name[-1] != "/"}
    known, single = _known(local), "" in there
    with _reported(address, "copied"):
        if single and local.is_dir():
            shutil.rmtree(local)
        elif not single and local.is_file():
            local.unlink()
        for name in tracked(there, there.__len__, "copying", "files"):
            _copy(fs, *there[name], local, name, known, use)
        for path in _files(local):
            name = path.relative_to(local).as_posix()
            if name not in there and (use == "read" or name in known):
                path.unlink()
        _write_known(local, {name: known[name] for name in there})
    return local if there or (use == "write" and local.exists()) else None


def _copy(
    fs: Any, path: str, info: Any, local: Path, name: str, known: dict[str, Any], use: str
) -> None:
    """Copy a file from its store, unless the copy is of the same version."""
    target, version = local / name if name else local, _version(info)
    mark, copied = known.get(name, [None, None])
    same = version is not None and copied == version and target.is_file()
    if same and (use == "write" or mark == _mark(target)):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=local.parent, prefix=".copying.")
    os.close(handle)
    try:
        fs.get_file(path, partial)
        os.replace(partial, target)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    known[name] = [_mark(target), version]


def _name(path: str, root: str, address: str) -> str:
    """Return the path of a file relative to the folder at an address, or "" of the file there."""
    name = path[len(root) :].lstrip("/")
    if ".." in name.split("/") or "\\" in name or "\0" in name:
        raise CnnzooError(f"{address} must hold files whose names stay in it; got {name!r}")
    return name


def _version(info: dict[str, Any]) -> str | None:
    """Return what changes when the file at an address does; None if the store does not say."""
    found: Any = next((info[name] for name in _CHANGING if info.get(name)), None)
    if hasattr(found, "timestamp"):  # A listing may have the number.
        found = found.timestamp()
    return None if found is None else f"{found} {info.get('size')}"


def _store(address: str) -> tuple[Any, str]:
    import fsspec

    protocol, _, rest = address.partition("://")
    if ":" in rest.partition("/")[0].rpartition("@")[0]:
        raise CnnzooError(f"{protocol} addresses must hold no password: runs keep their addresses")
    fs, root = fsspec.core.url_to_fs(f"{protocol.lower()}://{rest}")
    fs.invalidate_cache()  # Of listings.
    return fs, root.rstrip("/")


def _place(address: str, use: str) -> Path:
    """Return where the copy of what is at `address` stands."""
    base = Path(os.environ.get(CACHE) or Path.home() / ".cache" / "cnnzoo")
    plain = address.rstrip("/")
    digest = hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    web = plain.lower().startswith(("http:", "https:"))
    last = (urlsplit(plain).path if web else plain).rstrip("/").rpartition("/")[2]
    name = re.sub(r"[^\w.-]", "_", last)[-_NAME:].lstrip(".")
    return base / "addresses" / digest / use / (name or "files")


def _known(local: Path) -> dict[str, Any]:
    """Return, of each file that was alike here and there, its mark here and its version there."""
    try:
        found = json.loads((local.parent / _STATE).read_bytes())
    except (OSError, ValueError):
        return {}
    sound = isinstance(found, dict) and all(
        isinstance(one, list) and len(one) == 2 for one in found.values()
    )
    return found if sound else {}


def _write_known(local: Path, known: dict[str, Any]) -> None:
    write_whole(local.parent / _STATE, json.dumps(known).encode())


def _files(folder: Path) -> list[Path]:
    """Return the files below a folder, without what is still being written."""
    found = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return [path for path in found if not is_temporary(path)]


def _mark(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


def _rank(name: str) -> int:
    last = name.rpartition("/")[2]
    return _LAST.index(last) + 1 if last in _LAST else 0


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
