"""Phrases that nobody in the field says, each with what to write instead.

Run: python docs/check_words.py            # README.md, docs/, notebooks/, recipes/ and cnnzoo/
     python docs/check_words.py docs ...   # these files and folders only
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ALL = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    ".github",
    "docs",
    "notebooks",
    "deploy",
    "recipes",
    "cnnzoo",
)

_COUNTED = "classes|epochs|examples|files|filters|folders|images|lines|numbers|rows|texts|values"
_COUNTED_ONE = _COUNTED.replace("classes", "class").replace("s|", "|").removesuffix("s")

# Regular expressions, without regard to case -> what to write instead.
PHRASES = {
    r"\bone's own\b": "your",
    r"\bbegun\b": "started",
    r"\b(?:go|goes|gone|going) on with\b": "resume, continue",
    r"\b(?:is|are|was|were) (?:told(?! apart)|asked)\b": "is reported, is requested",
    r"\b(?:as|page|fields?) tells?\b": "see ...",
    r"\bwith a sentence\b": "with a one-line error",
    r"\bthere (?:is|are) none\b": "none found, no such file",
    rf"\b(?:a|one) (?:{_COUNTED_ONE}) an? (?:class|epoch|layer|line|row)\b": "one ... per ...",
    rf"\b(?:{_COUNTED}) an? (?:class|epoch|layer|line|row)\b": "... per ...",
    r"\b(?:one|row|object|JSON) a (?:class|line|row)\b": "one per ...",
    r"\btakers?\b": "input spec",
    r"\bsights\b": "heatmaps",
    r"\bexcitement\b": "activations",
    r"\bsurest\b": "most confident",
    r"\bfrom (?:a stranger|strangers)\b|\b(?:do|does) harm\b": "untrusted, malicious",
    r"\bnetworks? over (?:texts|words|images|sounds)\b": "text model, image model, audio model",
    r"\bthat \w+ lacks\b": "that is missing from ...",
    r"\bas tutorials have them\b": "from tutorials",
    r"\b(?:alpha|beta|normal|standard|optim|regular|initial|token|quant|general|recogn|serial)is"
    r"(?:e[drs]?|ing|ations?)\b": "-ize, -ization",
    r"\b(?:behaviour|centre|colour|favourite|grey|modelling|neighbour)": "American spelling",
    r"\blicence|(?<!aria-)\blabelled": "license, labeled",
}
_ANY = re.compile("|".join(f"(?P<_{place}>{one})" for place, one in enumerate(PHRASES)), re.I)

# Names from before American spelling that still work, with a warning.
_KEPT = re.compile(
    r"RandomColour|RENAMED|\"standardised\": |pipelines\.colour|licence[=\"]|earlier|old name"
)


def hits(paths: Sequence[Path]) -> Iterator[str]:
    """Yield `file:line: phrase: what to write` for each phrase found in `paths`."""
    for path in paths:
        for number, line in _lines(path):
            for found in _ANY.finditer(line):
                if not _KEPT.search(line):
                    instead = list(PHRASES.values())[int(found.lastgroup[1:])]
                    yield f"{path.relative_to(ROOT)}:{number}: {found[0]!r}: {instead}"


def files(names: Sequence[str]) -> list[Path]:
    """Return all texts among `names` of files and folders, relative to the repository."""
    suffixes = {".css", ".html", ".ipynb", ".js", ".md", ".py", ".yaml", ".yml"}
    found = []
    for path in (ROOT / name for name in names):
        found += [path] if path.is_file() else sorted(path.rglob("*"))
    return [path for path in found if path.suffix in suffixes and path != Path(__file__).resolve()]


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each line and where it is; in a notebook, only those of the cells' sources."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        yield from ((str(number), line) for number, line in enumerate(text.splitlines(), 1))
        return
    for place, cell in enumerate(json.loads(text)["cells"], 1):
        for number, line in enumerate("".join(cell["source"]).splitlines(), 1):
            yield f"cell {place}, line {number}", line


if __name__ == "__main__":
    found = list(hits(files(sys.argv[1:] or ALL)))
    print("\n".join(found))
    sys.exit(bool(found))
