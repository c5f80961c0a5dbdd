"""The page: sections of text, tables and pictures as one HTML file that loads nothing else."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import NamedTuple

from matplotlib.figure import Figure

from cnnzoo import plot_style
from cnnzoo.errors import CnnzooError


class Title(NamedTuple):
    """A heading within a section."""

    text: str


class Picture(NamedTuple):
    """A figure with its caption, and its description for those who do not see it."""

    name: str  # Of its file, without .png.
    figure: Figure
    alt: str  # What it shows.
    caption: str  # How to read it.
    html: str = ""  # What the page shows in place of the figure, where that is better as text.


class Table(NamedTuple):
    """Rows of cells; the first column names the row, the others are numbers or words."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str
    folded: bool = False  # Shown on a click.


class Code(NamedTuple):
    """Commands and code."""

    text: str


class Facts(NamedTuple):
    """Large figures side by side: what it is, value, and a note."""

    items: Sequence[tuple[str, str, str]]


class Points(NamedTuple):
    """A list of sentences."""

    items: Sequence[str]


class Shown(NamedTuple):
    """One example of a gallery: an image or a text, with what is said of it."""

    image: str  # Its data URI; "" of a text.
    text: str  # "" of an image.
    caption: str
    note: str  # In smaller letters: where it is.


class Gallery(NamedTuple):
    """Examples side by side, or texts one below the other."""

    items: Sequence[Shown]
    caption: str


Piece = str | Title | Picture | Table | Code | Facts | Points | Gallery  # A string is a paragraph.


class Section(NamedTuple):
    """A part of the page with an entry in its contents."""

    name: str  # Of its anchor.
    title: str
    pieces: list[Piece]


def collected(*parts: Callable[[], list[Piece]]) -> list[Piece]:
    """Return what `parts` give, and a sentence in place of one that is not possible here."""
    found: list[Piece] = []
    for part in parts:
        try:
            found += part()
        except CnnzooError as error:
            found.append(f"A part is left out: {error}.")
    return found


def page(title: str, lead: str, facts: Facts, sections: Iterable[Section]) -> str:
    """Return the HTML document; all text that is given is escaped."""
    sections = list(sections)
    here = files("cnnzoo.report")
    return string.Template(here.joinpath("page.html").read_text("utf-8")).substitute(
        title=escape(title),
        lead=escape(lead),
        style=here.joinpath("report.css").read_text("utf-8"),
        facts=_piece(facts),
        contents="\n".join(
            f'<li><a href="#{section.name}">{escape(section.title)}</a></li>'
            for section in sections
        ),
        sections="\n".join(map(_section, sections)),
    )


def pictures(sections: Iterable[Section]) -> list[Picture]:
    """Return all pictures of `sections`, in order."""
    return [piece for section in sections for piece in section.pieces if isinstance(piece, Picture)]


def _section(section: Section) -> str:
    heading = f"{section.name}-heading"
    return (
        f'<section id="{section.name}" aria-labelledby="{heading}">\n'
        f'<h2 id="{heading}">{escape(section.title)}</h2>\n'
        + "\n".join(map(_piece, section.pieces))
        + "\n</section>"
    )


def _piece(piece: Piece) -> str:
    match piece:
        case Title(text):
            return f"<h3>{escape(text)}</h3>"
        case Picture():
            return _picture(piece)
        case Table():
            return _table(piece)
        case Code(text):
            return f"<pre><code>{escape(text)}</code></pre>"
        case Facts(items):
            return f'<dl class="facts">{"".join(map(_fact, items))}</dl>'
        case Gallery(items, caption):
            shown = "\n".join(map(_shown, items))
            return (
                f"<figure><figcaption>{escape(caption)}</figcaption>"
                f'<ul class="gallery">{shown}</ul></figure>'
            )
        case Points(items):
            return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
    return f"<p>{escape(piece)}</p>"


def _fact(fact: tuple[str, str, str]) -> str:
    what, value, note = map(escape, fact)
    small = f"<small>{note}</small>" if note else ""
    return f"<div><dt>{what}</dt><dd>{value}{small}</dd></div>"


def _shown(one: Shown) -> str:
    caption, note = escape(one.caption), escape(one.note)
    said = f"<p>{caption}<small>{note}</small></p>"
    if one.image:
        return f'<li><img src="{escape(one.image)}" alt="{caption}">{said}</li>'
    return f'<li class="text"><q>{escape(one.text)}</q>{said}</li>'


def _picture(picture: Picture) -> str:
    """Return the figure at its own width at most; a wide one scrolls where the page is narrow."""
    width, shown = picture.figure.get_figwidth(), picture.html
    if not shown:
        svg = plot_style.svg(picture.figure, picture.name)
        shown = svg.replace("<svg", f'<svg role="img" aria-label="{escape(picture.alt)}"', 1)
    return (
        f'<figure><div class="drawing" style="--inches: {width:g}">{shown}</div>\n'
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>"
    )


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.header)
    rows = "\n".join(_row(row) for row in table.rows)
    caption = escape(table.caption)
    kind = ' class="facing"' if len(table.header) == 2 else ""
    body = f"<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody>"
    if table.folded:
        inner = f'<table{kind} aria-label="{caption}">{body}</table>'
        return f'<details><summary>{caption}</summary><div class="wide">{inner}</div></details>'
    inner = f"<table{kind}><caption>{caption}</caption>{body}</table>"
    return f'<div class="wide">{inner}</div>'


def _row(row: Sequence[str]) -> str:
    first, *others = map(escape, row)
    cells = "".join(f"<td>{cell}</td>" for cell in others)
    return f'<tr><th scope="row">{first}</th>{cells}</tr>'
