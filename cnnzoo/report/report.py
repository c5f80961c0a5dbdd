"""The report: which sections it has, and the files that it is written to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnnzoo import plot_style
from cnnzoo.addresses import required_local
from cnnzoo.datasets import Dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.files import write_whole
from cnnzoo.report import health, heatmaps, overview, results, units
from cnnzoo.report.page import Section, page, pictures
from cnnzoo.report.subject import Subject, subject

REPORT = "report.html"


def write(
    name: str | Path,
    inputs: Sequence[Any] = (),
    out: str | Path | None = None,
    data: Dataset | str | Path | None = None,
) -> dict[str, Any]:
    """Write a report of the trained network `name`, and its pictures as PNG files next to it.

    Args:
        name: As `cnnzoo.load` takes it.
        inputs: Your examples to look at, as `Classifier.predict` takes them.
        out: Folder of the report; by default `inspect` in a run folder, and else inspect/<name>.
        data: A data set, or the name or path of one, instead of the one of the card.

    Returns:
        `report` and `pictures`, paths; `accuracy` on test examples and `examples`, their number,
        None where these cannot be read.

    Raises:
        CnnzooError: No such model is found, it holds no Keras layers, its run is not finished, an
            input cannot be read, `data` does not fit, or `out` is a file.
        OSError: The folder cannot be written.
    """
    out = None if out is None else required_local(out, "a report")
    if out is not None and out.exists() and not out.is_dir():
        raise CnnzooError(f"out must be a folder; {str(out)!r} is a file")
    about = subject(str(name), inputs, data)
    folder = out or _folder(about)
    sections = sections_of(about)
    html = page(about.card["name"], overview.lead(about), overview.metadata(about), sections)
    drawn = {folder / f"{one.name}.png": plot_style.png(one.figure) for one in pictures(sections)}
    for path, content in drawn.items():
        write_whole(path, content)
    write_whole(folder / REPORT, html.encode())
    score = about.score or {"accuracy": None, "examples": None}
    return {
        "report": str(folder / REPORT),
        "pictures": list(map(str, drawn)),
        **{name: score[name] for name in ("accuracy", "examples")},
    }


def _folder(about: Subject) -> Path:
    return about.run / "inspect" if about.run else Path("inspect") / Path(about.card["name"]).name


def sections_of(about: Subject) -> list[Section]:
    """Return all sections of the report, in the order in which they are read."""
    sections = (
        heatmaps.own_section,
        overview.structure_section,
        results.results_section,
        results.mistakes_section,
        heatmaps.attention_section,
        units.units_section,
        health.health_section,
        overview.card_section,
    )
    found = (section(about) for section in sections)
    return [section for section in found if section is not None]
