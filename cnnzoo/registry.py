"""Names of what the zoo holds, and help for those who mistype one."""

from __future__ import annotations

import difflib
import fnmatch
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import TypeVar

from cnnzoo.errors import CnnzooError

Entry = TypeVar("Entry")


class Registry(Mapping[str, Entry]):
    """Entries of one kind by name; a duplicate is refused, an unknown name gets near matches."""

    def __init__(self, kind: str, see: str | None = None) -> None:
        self.kind, self.see = kind, see
        self._entries: dict[str, Entry] = {}

    def add(self, name: str, entry: Entry) -> None:
        """Register `entry` as `name`.

        Raises:
            CnnzooError: The name is taken.
        """
        if name in self._entries:
            raise CnnzooError(f"{self.kind} name must be new; got {name!r}, which is taken")
        self._entries[name] = entry

    def __getitem__(self, name: str) -> Entry:
        try:
            return self._entries[name]
        except (KeyError, TypeError):
            raise CnnzooError(unknown(self.kind, name, self._entries, self.see)) from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def names(self, pattern: str = "*") -> list[str]:
        """Return the names that match the shell-style `pattern`; see `matching`."""
        return matching(pattern, self._entries)


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """Return those of `names` that match the shell-style `pattern` in any case, in order.

    Raises:
        CnnzooError: The pattern is not text.
    """
    if not isinstance(pattern, str):
        raise CnnzooError(f"pattern must be text, such as 'lenet*'; got {pattern!r}")
    return sorted(name for name in names if fnmatch.fnmatchcase(name.lower(), pattern.lower()))


def unmatched(kinds: str, pattern: str, known: Iterable[str]) -> str:
    """Return the sentence for a `pattern` that none of the `known` names of `kinds` matches."""
    plain = re.sub(r"[*?\[\]]", "", pattern)
    hint = _did_you_mean(plain, known) or f"; see `cnnzoo list {kinds}`"
    return f"no {kinds} match {pattern!r}{hint}"


def unknown(kind: str, name: object, known: Iterable[str], see: str | None = None) -> str:
    """Return the sentence for an unknown `name` of some `kind`, with near matches.

    Args:
        kind: Of name, a noun.
        name: What was requested.
        known: The names of this kind.
        see: What lists them, where they are many.
    """
    known = sorted(known)
    hint = _did_you_mean(name, known)
    if not hint and len(known) > 12:
        hint = f"; see `{see}`" if see else f"; known: {', '.join(known[:12])}, ..."
    return f"{kind} {name!r} is unknown{hint or '; known: ' + (', '.join(known) or 'none')}"


def _did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return a hint at the names that are near `name` in any case, or ''."""
    by_case = {one.lower(): one for one in known}
    wanted = str(name).lower()
    near = difflib.get_close_matches(wanted, by_case, n=3, cutoff=0.5)
    if wanted in by_case:
        near = [wanted]
    return f"; did you mean {' or '.join(by_case[one] for one in near)}?" if near else ""


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Import and yield each module of `package`, in alphabetical order."""
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        yield importlib.import_module(f"{package.__name__}.{found.name}")


def summary(module: ModuleType) -> str:
    """Return the first sentence of the module's docstring."""
    return (inspect.getdoc(module) or "").split("\n", 1)[0]


def paragraph(module: ModuleType, heading: str) -> str:
    """Return the text after `heading:` in the module's docstring, on one line, or ''."""
    found = re.search(
        rf"^{heading}: (.*?)(?=\n\n|\n\w+:\s|\Z)", inspect.getdoc(module) or "", re.S | re.M
    )
    return " ".join(found.group(1).split()) if found else ""
