"""The course's index of concepts and its handouts."""

import importlib.util
import re
import sys
from importlib import import_module
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
ROW = re.compile(r"^\| ([^|]+) \| \[(\d\d)\]\(([^)]+)\) ([^|]+) \| (?:`([\w.]+)`|–) \|$", re.M)
ROWS = ROW.findall(
    (FOLDER / "README.md")
    .read_text(encoding="utf-8")
    .partition("## Concepts")[2]
    .partition("##")[0]
)


def read(name):
    return nbformat.read(FOLDER / name, as_version=4)


def text(notebook, kind):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == kind)


@pytest.fixture(scope="module")
def handouts():
    sys.path.insert(0, str(FOLDER))
    spec = importlib.util.spec_from_file_location("handouts", FOLDER / "handouts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(FOLDER))
    return module


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_concept_stands_where_the_index_says(row):
    _, number, name, section, function = row
    assert name.startswith(number)
    notebook = read(name)
    assert section in re.findall(r"^## (.+)$", text(notebook, "markdown"), re.M)
    if function:
        module, _, last = function.rpartition(".")
        assert hasattr(import_module(module), last)
        assert re.search(rf"\b{last}\b", text(notebook, "code"))


def test_the_index_is_in_order_and_has_every_lesson():
    concepts = [row[0] for row in ROWS]
    assert concepts == sorted(concepts, key=str.casefold)
    assert {row[2] for row in ROWS} == {path.name for path in FOLDER.glob("[0-9]*.ipynb")}


def test_exercises_have_no_solutions_and_solutions_are_cells(handouts):
    lesson = read("15_backpropagation.ipynb")
    count = text(lesson, "markdown").count("<details>")
    asked, solved = handouts.exercises(lesson), handouts.solutions(lesson)
    for made in (asked, solved):
        nbformat.validate(made)
        assert "<details>" not in text(made, "markdown")
        assert not any(cell.get("outputs") for cell in made.cells)
    assert [cell.source for cell in asked.cells].count("") == count
    assert "## Answer" not in text(asked, "markdown")
    assert "loss_of_class_0" not in text(asked, "code")
    assert "def loss_of_class_0(z):" in text(solved, "code")
    assert "By the chain rule" in text(solved, "markdown")
    assert "<details>" in text(lesson, "markdown")  # The lesson itself is as it was.


def test_slides_begin_with_headings_and_end_before_the_exercises(handouts):
    made = handouts.slides(read("15_backpropagation.ipynb"))
    assert "## Exercises" not in text(made, "markdown")
    kinds = {cell.source[:12]: cell.metadata["slideshow"]["slide_type"] for cell in made.cells}
    assert kinds["## One neuro"] == "slide"
    assert set(kinds.values()) == {"slide", "subslide", "-"}


def test_all_are_written(handouts, tmp_path, capsys):
    pytest.importorskip("nbconvert")
    handouts.main(str(tmp_path), ["02"])
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    name = "02_perceptron"
    assert written == {f"exercises/{name}.ipynb", f"solutions/{name}.ipynb", f"slides/{name}.html"}
