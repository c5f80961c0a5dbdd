"""SHA-256 of every file of an exported folder, in the form that `sha256sum --check` reads."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cnnzoo.errors import CnnzooError
from cnnzoo.files import read

SUMS = Path("assets.extra") / "SHA256SUMS"

_BLOCK = 2**20  # Bytes that are read at a time.
_LONGEST = 2**20  # Bytes of the list.


def write_sums(folder: Path) -> None:
    """Write `assets.extra/SHA256SUMS` into `folder`, after all other files."""
    (folder / SUMS).write_text("".join(_lines(folder)))


def check_sums(folder: Path) -> None:
    """Check the files in `folder` where it holds `assets.extra/SHA256SUMS`.

    Hidden files, such as those that file managers leave, do not count.

    Raises:
        CnnzooError: A bit of a file has changed, or a file was added or lost.
    """
    path = folder / SUMS
    if not path.exists():
        return
    listed = read(path, limit=_LONGEST)
    found = _lines(folder)
    if listed == "".join(found).encode():
        return
    changed = set(listed.decode(errors="replace").splitlines(keepends=True)) ^ set(found)
    names = sorted({line.rstrip("\n").partition("  ")[2] or SUMS.as_posix() for line in changed})
    raise CnnzooError(f"{folder} is damaged: {', '.join(names)[:200]} changed after the export")


def _lines(folder: Path) -> list[str]:
    """Return a line for each file: its digest, two blanks and its path."""
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )
    return [f"{digest(folder / name)}  {name}\n" for name in names if name != SUMS.as_posix()]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()
