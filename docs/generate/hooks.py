"""MkDocs hooks: the site includes what the repository states elsewhere.

A line `<!-- generated: PART ARGUMENT -->` of a page is replaced by what a function of `PARTS`
returns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import arguments
import catalog
import reference
import results
from catalog import ROOT
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

PARTS: dict[str, Callable[..., str]] = {
    "api": reference.api,
    "block": reference.block,
    "commands": arguments.commands,
    "datasets": catalog.datasets,
    "families": catalog.families,
    "fields": arguments.fields,
    "names": reference.names,
    "networks": catalog.networks,
    "notebooks": catalog.notebooks,
    "policies": arguments.policies,
    "recipes": results.recipes,
    "results": results.results,
    "sources": catalog.sources,
}

_MARKER = re.compile(r"^<!-- generated: (\S+)(?: (.+))? -->$", re.M)


def on_files(files: Any, config: Any) -> Any:
    """Add the files of the repository, the learning curves, and the picture of the results."""
    for source, target in reference.FILES.items():
        files.append(File.generated(config, target, abs_src_path=str(ROOT / source)))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        files.append(File.generated(config, f"course/{path.name}", abs_src_path=str(path)))
    for name, picture in results.curves().items():
        files.append(File.generated(config, f"curves/{name}.png", content=picture))
    files.append(File.generated(config, "curves/costs.png", content=results.costs()))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace each marker by what it generates."""
    return filled(markdown)


def filled(markdown: str) -> str:
    """Return the text of a page with all its parts.

    Raises:
        PluginError: A marker names no part.
    """

    def part(found: re.Match[str]) -> str:
        name, argument = found.groups()
        if name not in PARTS:
            raise PluginError(f"part must be one of {', '.join(PARTS)}; got {name!r}")
        return PARTS[name](argument) if argument else PARTS[name]()

    return _MARKER.sub(part, markdown)
