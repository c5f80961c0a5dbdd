"""Works that a docstring or a data set cites, and their BibTeX.

Networks and data sets state their sources as "AUTHORS YEAR, TITLE, ... ADDRESS", several one after
another. What is not of this form, such as the address of some code, is no work.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_NAME = r"(?:(?:van den|van der|van|de|von) )?[A-Z][\w'-]+(?: [A-Z][\w'-]+)*"
_WORK = re.compile(
    rf"(?P<authors>{_NAME}(?:, {_NAME})*(?: and {_NAME}| et al\.)?) (?P<year>(?:19|20)\d\d), "
    r"(?!sections? |tables? |https?:)(?P<title>(?:(?!\. [A-Z])[^,;])+)"
)
_ADDRESS = re.compile(r"https?://[^\s,;)]+")


class Work(NamedTuple):
    """A paper, a program or a data set that can be cited."""

    key: str  # First author, year and first word of the title.
    authors: tuple[str, ...]  # Family names; "others" last where the source says "et al.".
    year: int
    title: str
    address: str  # "" where the source gives none.

    @property
    def bibtex(self) -> str:
        """The BibTeX entry: `@misc`, which asks for no journal."""
        arxiv = re.fullmatch(r"https://arxiv\.org/abs/(.+)", self.address)
        doi = re.fullmatch(r"https://doi\.org/(.+)", self.address)
        fields = {
            "author": " and ".join(map(_braced, self.authors)),
            # Capitals stay as they are.
            "title": "{" + re.sub(r"([%&_#$])", r"\\\1", self.title) + "}",
            "year": str(self.year),
            **({"eprint": arxiv[1], "archiveprefix": "arXiv"} if arxiv else {}),
            **({"doi": doi[1]} if doi else {}),
            **({"url": self.address} if self.address else {}),
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
        return "\n".join([f"@misc{{{self.key},", *lines, "}"])


def works(text: str) -> list[Work]:
    """Return the works that `text` cites, in order; one that is cited twice once."""
    found = list(_WORK.finditer(text))
    ends = [*(one.start() for one in found), len(text)][1:]
    cited: dict[str, Work] = {}
    for one, end in zip(found, ends, strict=True):
        address = _ADDRESS.search(text, one.end(), end)
        names = re.split(r", | and ", one["authors"].replace(" et al.", ", others"))
        first = re.sub(r"[^a-z]", "", names[0].lower())
        title = one["title"].strip()
        word = re.split(r"[^\w-]", re.sub(r"^(?:An?|The) ", "", title))[0]
        work = Work(
            key=f"{first}{one['year']}{word.lower().replace('-', '')}",
            authors=tuple(names),
            year=int(one["year"]),
            title=title,
            address=address[0].rstrip(".") if address else "",
        )
        cited.setdefault(work.key, work)
    return list(cited.values())


def _braced(name: str) -> str:
    """Return a family name of several words as BibTeX takes it for one; particles are known."""
    return f"{{{name}}}" if re.match(r"[A-Z].* ", name) else name
