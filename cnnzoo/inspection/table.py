"""The README's table of networks, made from the registry.

Run: python -m cnnzoo.inspection.table README.md
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cnnzoo import registry
from cnnzoo.files import replace_between
from cnnzoo.models import MODELS


def table() -> str:
    """Return the Markdown table of all networks, family by family."""
    lines = ["| family | name | parameters | multiply-adds | source |", "|---|---|---|---|---|"]
    for name, module in MODELS.items():
        variant = module.VARIANTS[name]
        family = module.__name__.rpartition(".")[2]
        cells = [family, f"`{name}`", f"{variant.params:,}", f"{variant.macs:,}"]
        source = registry.paragraph(module, "Source")
        lines.append(f"| {' | '.join([*cells, _link(_own(name, source))])} |")
    return "\n".join(lines)


def _own(name: str, source: str) -> str:
    """Return what `source` says after `name:`, or all of it where it is the family's."""
    found = re.search(rf"(?:^|[.;] ){name}: (.*?)(?=[.;] \w+: |$)", source)
    return found.group(1) if found else source


def _link(source: str) -> str:
    """Return a source as a link, named by authors and year, or by what precedes the first comma."""
    address = re.search(r"https?://[^\s,;)]+", source)
    before = source[: address.start()] if address else source
    cited = re.match(r"(.*?\b(?:19|20)\d\d)\b", before)
    text = (cited.group(1) if cited else before.split(",")[0]).replace(" (", ", ")
    return f"[{text}]({address.group(0).rstrip('.')})" if address else text


if __name__ == "__main__":
    replace_between(Path(sys.argv[1]), "networks", table())
