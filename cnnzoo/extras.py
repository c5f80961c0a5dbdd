"""Packages that parts of cnnzoo need beyond those that it requires."""

from __future__ import annotations

import shlex
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement


def requirements(extra: str) -> list[Requirement]:
    """Return what the extra `extra` of the package lists."""
    from packaging.requirements import Requirement

    listed = map(Requirement, metadata.requires("cnnzoo") or ())
    return [one for one in listed if one.marker and one.marker.evaluate({"extra": extra})]


def install(extra: str) -> str:
    """Return the command that installs what the extra `extra` of the package lists.

    It names the packages, since cnnzoo may have been installed from a folder.
    """
    wanted = requirements(extra)
    extras = {one.name: f"[{','.join(sorted(one.extras))}]" if one.extras else "" for one in wanted}
    names = [shlex.quote(f"{one.name}{extras[one.name]}{one.specifier}") for one in wanted]
    return f"pip install {' '.join(names)}"
