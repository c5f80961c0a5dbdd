"""Packages that parts of cnnzoo need beyond those that it requires."""

from __future__ import annotations

import re
import shlex
from importlib import metadata


def install(extra: str) -> str:
    """Return the command that installs what the extra `extra` of the package lists.

    It names the packages, since cnnzoo may have been installed from a folder.
    """
    pattern = re.compile(rf"""([^;]+?)\s*;.*extra\s*==\s*['"]{extra}['"]""")
    found = [pattern.match(one) for one in metadata.requires("cnnzoo") or ()]
    names = [shlex.quote(one[1].replace(" ", "")) for one in found if one]
    return f"pip install {' '.join(names)}"
