"""Run the notebooks of the course in order, and save their outputs.

Run: python notebooks/execute.py            # all
     python notebooks/execute.py 03 05      # those whose names start with these
"""

from __future__ import annotations

import base64
import io
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import nbformat
from nbclient import NotebookClient
from PIL import Image, ImageSequence

from cnnzoo.files import replace_between, write_whole

FOLDER = Path(__file__).parent
CELL_SECONDS = 600  # A cell that takes longer hangs; the machine may be a slow one.

# The first cell of each notebook: number and title, question, minutes of reading, and the lessons
# after which it is easier.
_TITLE = re.compile(
    r"# (\d+)\. (.+)\n\n\*\*(.+\?)\*\* \(about (\d+) minutes(?:, after ([\d, ]+))?\)"
)
_METHOD = Image.Quantize.MAXCOVERAGE  # Keeps the steps of a color bar.
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class Title(NamedTuple):
    """What the first cell of a notebook states."""

    number: int
    topic: str
    question: str
    minutes: int
    after: str  # Numbers of lessons, "" for none.


def main(prefixes: Sequence[str]) -> None:
    """Run the notebooks whose names begin with one of `prefixes`, or all, and print a table."""
    print("notebook                          seconds  of CPU")
    for path in notebooks():
        if not prefixes or path.name.startswith(tuple(prefixes)):
            notebook = nbformat.read(path, as_version=4)
            seconds, of_cpu = run(notebook)
            clean(notebook)
            write_whole(path, nbformat.writes(notebook).encode())
            print(f"{path.name:32}  {seconds:7.1f}  {of_cpu:6.1f}", flush=True)
    replace_between(FOLDER / "README.md", "notebooks", table())


def notebooks() -> list[Path]:
    """Return the notebooks of the course, in order."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))


def run(notebook: Any, **environment: str) -> tuple[float, float]:
    """Run the cells of `notebook` in a fresh kernel and return its seconds, and those of CPU.

    The kernel works in an empty folder, which is its home too and is removed at the end: neither
    settings of the machine reach the notebook, nor files of the notebook the machine.

    Args:
        notebook: As nbformat reads it; its cells receive their outputs.
        environment: Variables that the kernel has in addition to those of this process.

    Raises:
        CellExecutionError: A cell raises an exception.
    """
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": folder}},
        )
        fonts = (
            matplotlib.get_cachedir()
        )  # A new home would rebuild its font cache, with a message.
        own = {"HOME": folder, "MPLCONFIGDIR": fonts, **environment}
        started, used = time.monotonic(), _of_children()
        client.execute(env={**os.environ, **own})
        return time.monotonic() - started, _of_children() - used


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def clean(notebook: Any) -> None:
    """Remove from `notebook` what differs from run to run, and compress its pictures."""
    notebook.metadata = nbformat.from_dict(_METADATA)
    notebook.nbformat_minor = 5
    for place, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{place:02}"
        cell.metadata = nbformat.from_dict({})
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = _small(output.data["image/png"])


def _small(picture: str) -> str:
    """Return a PNG picture, in base64, with a palette of 256 colors: a third of the bytes.

    The frames of an animated one share a palette of 64.
    """
    image = Image.open(io.BytesIO(base64.b64decode(picture)))
    if image.mode == "P":
        return picture
    frames, milliseconds = [], []
    for frame in ImageSequence.Iterator(image):
        frames.append(frame.convert("RGB"))
        milliseconds.append(frame.info.get("duration", 0))
    column = Image.new("RGB", (image.width, image.height * len(frames)))
    for place, frame in enumerate(frames):
        column.paste(frame, (0, place * image.height))
    column = column.quantize(256 if len(frames) == 1 else 64, _METHOD, kmeans=1)
    tops = range(0, column.height, image.height)
    first, *others = [column.crop((0, top, image.width, top + image.height)) for top in tops]
    animated: Any = {"save_all": True, "append_images": others, "duration": milliseconds, "loop": 0}
    content = io.BytesIO()
    first.save(content, "PNG", optimize=True, **(animated if others else {}))
    return base64.b64encode(content.getvalue()).decode()


def title(notebook: Any) -> Title:
    """Return what the first cell of `notebook` states.

    Raises:
        ValueError: The cell has another form.
    """
    found = _TITLE.match(notebook.cells[0].source)
    if not found:
        raise ValueError(f"the first cell must match {_TITLE.pattern}")
    number, topic, question, minutes, after = found.groups()
    return Title(int(number), topic, question, int(minutes), after or "")


def table() -> str:
    """Return the README's table of all notebooks."""
    lines = ["| question | notebook | minutes to read | easier after |", "|---|---|---|---|"]
    total = 0
    for path in notebooks():
        found = title(nbformat.read(path, as_version=4))
        cells = [found.question, f"[{path.stem}]({path.name})", str(found.minutes), found.after]
        lines.append(f"| {' | '.join(cells)} |")
        total += found.minutes
    lines.append(f"| | all | {total / 60:.0f} hours | |")
    return "\n".join(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
