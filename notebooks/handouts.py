"""Write what a teacher hands out: exercises without solutions, solutions, and slides.

Run: python notebooks/handouts.py handouts            # of all lessons
     python notebooks/handouts.py handouts 03 05      # of those whose names start with these

In the folder that is named, `exercises/` has each lesson with an empty cell for each exercise,
without solutions, the section Answer and outputs; `solutions/` has the solutions as cells to run;
`slides/` has each lesson with its outputs as a presentation (reveal.js, which the page loads from
the web), a slide per section and one below another in it.
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from execute import notebooks

from cnnzoo.files import write_whole

_SOLUTION = re.compile(r"<details><summary>Solution</summary>\n\n(.+)\n</details>", re.S)
_CODE = re.compile(r"```python\n(.+?)\n```", re.S)


def main(out: str, prefixes: Sequence[str]) -> None:
    """Write the files of the lessons whose names begin with one of `prefixes`, or of all."""
    from nbconvert import SlidesExporter

    folder, chosen = Path(out), tuple(prefixes) or ("",)
    lessons = [path for path in notebooks() if path.name.startswith(chosen)]
    if not lessons:
        sys.exit(f"names must begin those of lessons; got {' '.join(prefixes)}")
    for path in lessons:
        lesson = nbformat.read(path, as_version=4)
        for kind, made in (("exercises", exercises(lesson)), ("solutions", solutions(lesson))):
            write_whole(folder / kind / path.name, nbformat.writes(made).encode())
        page, _ = SlidesExporter().from_notebook_node(slides(lesson))
        write_whole(folder / "slides" / f"{path.stem}.html", page.encode())
        print(path.stem)
    print(f"written to {folder}")


def exercises(lesson: Any) -> Any:
    """Return a lesson with an empty cell in place of each solution, and without the answer."""
    cells = []
    for cell in _plain(lesson).cells:
        if cell.cell_type == "markdown" and _SOLUTION.fullmatch(cell.source):
            cells.append(nbformat.v4.new_code_cell(""))
        elif not cell.source.startswith("## Answer"):
            cells.append(cell)
    return _numbered(lesson, cells)


def solutions(lesson: Any) -> Any:
    """Return a lesson whose solutions are cells that run after those before them."""
    cells = []
    for cell in _plain(lesson).cells:
        found = _SOLUTION.fullmatch(cell.source) if cell.cell_type == "markdown" else None
        if found is None:
            cells.append(cell)
            continue
        code = _CODE.findall(found[1])
        text = re.sub(r"\n{3,}", "\n\n", _CODE.sub("", found[1])).strip()
        cells += [nbformat.v4.new_code_cell(one) for one in code]
        cells += [nbformat.v4.new_markdown_cell(text)] if text else []
    return _numbered(lesson, cells)


def slides(lesson: Any) -> Any:
    """Return a lesson up to its exercises, with marks of where slides begin."""
    made = copy.deepcopy(lesson)
    last = next(i for i, cell in enumerate(made.cells) if "## Exercises" in cell.source)
    made.cells[last].source = made.cells[last].source.partition("## Exercises")[0].strip()
    made.cells = made.cells[: last + bool(made.cells[last].source)]
    for cell in made.cells:
        heading = re.search(r"^##? ", cell.source, re.M) is not None
        below = "slide" if heading else "subslide"
        kind = "-" if cell.cell_type == "code" else below
        cell.metadata["slideshow"] = {"slide_type": kind}
    return made


def _plain(lesson: Any) -> Any:
    """Return a copy of a lesson without outputs."""
    made = copy.deepcopy(lesson)
    for cell in made.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return made


def _numbered(lesson: Any, cells: list[Any]) -> Any:
    made = copy.copy(lesson)
    for place, cell in enumerate(cells, start=1):
        cell.id = f"cell-{place:02}"
    made.cells = cells
    return made


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
