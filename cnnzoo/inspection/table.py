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
        lines.append(f"| {' | '.join([*cells, _link(registry.paragraph(module, 'Source'))])} |")
    return "\n".join(lines)


def _link(source: str) -> str:
    """Return a source as a link named by its authors and year."""
    address = re.search(r"https?://[^\s,)]+", source)
    cited = re.match(r"(.*?\b(?:19|20)\d\d)\b", source)
    text = cited.group(1) if cited else source
    return f"[{text}]({address.group(0).rstrip('.')})" if address else text


if __name__ == "__main__":
    replace_between(Path(sys.argv[1]), "networks", table())
