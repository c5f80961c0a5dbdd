"""What the units of a network are: filters, feature maps, and what excites them."""

from __future__ import annotations

from cnnzoo.report import words
from cnnzoo.report.page import Section, collected
from cnnzoo.report.subject import Subject


def units_section(subject: Subject) -> Section | None:
    """Return what the units answer to; None where there is nothing to show."""
    parts = {"texts": [lambda: words.filters(subject)]}.get(subject.kind, [])
    pieces = collected(*parts)
    return Section("units", "Filters and feature maps", pieces) if pieces else None
