"""Tables of networks, made from the registry: all, the README's of families; and of layers.

Run: python -m cnnzoo.inspection.table README.md
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

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


def families() -> str:
    """Return the Markdown table of all families, with links from the folder of the README."""
    lines = ["| family | networks | parameters | source |", "|---|---|---|---|"]
    for module in dict.fromkeys(MODELS[name] for name in MODELS):
        family = module.__name__.rpartition(".")[2]
        first, *others = module.VARIANTS
        counts = sorted({module.VARIANTS[name].params for name in module.VARIANTS})
        cells = [
            f"[{family}](cnnzoo/models/{family}.py)",
            f"`{first}`" + (f" and {len(others)} more" if others else ""),
            " to ".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1]))),
            _link(_own(first, registry.paragraph(module, "Source"))),
        ]
        lines.append(f"| {' | '.join(cells)} |")
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


def sides(values: list[Any]) -> str:
    """Return equal numbers once, different ones with crosses between: 5, or 28x28x6."""
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    return texts[0] if len(set(texts)) == 1 and len(texts) > 1 else "x".join(texts)


if __name__ == "__main__":
    replace_between(Path(sys.argv[1]), "networks", families())
