"""Tables and facts of the command line, as wide as the terminal; elsewhere as wide as they are."""

from __future__ import annotations

import io
import itertools
import shutil
import sys
from collections.abc import Collection, Iterable, Sequence

_UNLIMITED = 100_000  # Where nobody looks: a file, or a pipe to another program.
_GAP = 2  # Between columns.
_LEAST = 12  # Of remarks.


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    left: Collection[int] = (0,),
    remarks: bool = False,
) -> list[str]:
    """Return the lines of a table; what a terminal has no room for is left out from the right.

    Args:
        headings: Of the columns; may hold line breaks.
        rows: Cells, a cell per heading.
        left: Places of the columns that are set to the left, the others to the right.
        remarks: Whether the last column holds remarks: set to the left, and cut on a terminal.
    """
    from rich.table import Table
    from rich.text import Text

    lines = [headings, *([printable(cell) for cell in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    last = len(widths) - 1
    if remarks:
        widths[last] = min(widths[last], _LEAST)
    ends = list(itertools.accumulate(width + _GAP for width in widths))
    room = terminal_width() + _GAP
    shown = max(sum(end <= room for end in ends), 1)
    grid = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="")
    for place, heading in enumerate(headings[:shown]):
        note = remarks and place == last
        grid.add_column(
            Text(heading),
            justify="left" if place in left or note else "right",
            vertical="bottom",
            no_wrap=True,
            overflow="ellipsis",
            max_width=room - ends[last] + _LEAST if note else None,
        )
    for row in lines[1:]:
        grid.add_row(*map(Text, row[:shown]))
    hidden = ", ".join(one.replace("-\n", "-").replace("\n", " ") for one in headings[shown:])
    more = [f"Not shown here: {hidden}; a wider terminal has room."] if hidden else []
    return [*_lines(grid, _UNLIMITED), *more]


def facts(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return names and values as lines; long values are wrapped within the second column."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, show_header=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(Text(printable(name)), Text(value))
    return _lines(grid, terminal_width())


def printable(text: str) -> str:
    """Return `text` with what would move a terminal's cursor, or color what follows, escaped."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode()
        for one in text
    )


def terminal_width() -> int:
    """Return the columns of the terminal that standard output is, or no limit."""
    real = sys.__stdout__  # Commands print to standard error.
    if real is None or not real.isatty():
        return _UNLIMITED
    return shutil.get_terminal_size().columns


def _width(cell: str) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, cell.split("\n")))


def _lines(grid: object, width: int) -> list[str]:
    from rich.console import Console

    written = io.StringIO()
    Console(file=written, width=width, color_system=None, force_jupyter=False).print(grid)
    return [line.rstrip() for line in written.getvalue().splitlines()]
