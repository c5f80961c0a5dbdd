"""Each notebook of the course: its form, and, slow, that it runs as it is committed."""

import ast
import base64
import importlib.util
import io
import os
import re
import sys
from importlib import import_module
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from PIL import Image, ImageSequence

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
_spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
execute = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(execute)

BYTES = 300_000  # Of a notebook with its outputs.
MOVING_BYTES = 40_000  # Of an animated picture.
CPU_SECONDS = (
    300  # A minute of two idle cores; those that others share take up to three times that.
)
SHOWN = ("IPython.display.Audio", "IPython.display.Image")
LIBRARIES = (*SHOWN, "keras", "matplotlib", "numpy", "tensorflow")
OWN = tuple(
    f"cnnzoo.{part}" for part in ("by_hand", "evaluation", "plot_style", "inspection", "quiet")
)
# Folders, addresses in memory, and what a progress bar leaves.
OF_ONE_MACHINE = r"/(?:tmp|home|root|work|usr|var|Users)/|site-packages|\b0x[0-9a-f]{6,}|it/s\b|\r"
SOLUTION = re.compile(
    r"<details><summary>Solution</summary>\n\n```python\n(.+?)\n```\n.*</details>", re.S
)
NO_NETWORK = """
import socket

class Local(socket.socket):
    def connect(self, address):
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "localhost", "::1"):
            raise OSError(f"a notebook must not reach {address[0]}")
        return super().connect(address)

socket.socket = Local
"""

PATHS = execute.notebooks()
each = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])


def read(path):
    return nbformat.read(path, as_version=4)


def sources(path, kind):
    return [cell.source for cell in read(path).cells if cell.cell_type == kind]


def python(path):
    """Return the code of each cell and of each solution, without IPython's magic."""
    cells = [re.sub(r"^%.*$", "", source, flags=re.M) for source in sources(path, "code")]
    return [*cells, *solutions(path)]


def solutions(path):
    return [found for source in sources(path, "markdown") for found in SOLUTION.findall(source)]


def outputs(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    return [output for cell in cells for output in cell.outputs]


def pictures(path):
    data = [output.data for output in outputs(path) if "data" in output]
    return [base64.b64decode(one["image/png"]) for one in data if "image/png" in one]


@pytest.fixture
def offline(tmp_path):
    """Variables with which a kernel reaches nothing but its own machine."""
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK)
    search = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(search)}


@pytest.mark.slow
@pytest.mark.course
@each
def test_it_runs_offline_with_its_solutions_in_a_minute(path, offline):
    notebook = read(path)
    notebook.cells += [nbformat.v4.new_code_cell(solution) for solution in solutions(path)]
    _, of_cpu = execute.run(notebook, **offline)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert of_cpu < CPU_SECONDS


def test_a_notebook_that_leaves_the_machine_fails(offline):
    cell = 'import socket\nsocket.create_connection(("192.0.2.1", 80), timeout=1)'
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    with pytest.raises(CellExecutionError, match="must not reach 192.0.2.1"):
        execute.run(notebook, **offline)


def test_the_readme_has_a_row_for_each():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"<!-- notebooks: begin -->\n{execute.table()}\n<!-- notebooks: end -->" in readme


@each
def test_its_name_tells_its_number(path):
    assert int(path.name[:2]) == execute.title(read(path)).number


@each
def test_it_ends_with_exercises_and_the_answer(path):
    text = "\n".join(sources(path, "markdown"))
    assert re.findall(r"^## (.+)$", text, re.M)[-2:] == ["Exercises", "Answer"]
    assert read(path).cells[-1].cell_type == "markdown"
    assert len(solutions(path)) == text.count("<details>") > 0


@each
def test_its_solutions_are_python(path):
    for solution in solutions(path):
        compile(solution, path.name, "exec")


@each
def test_it_is_committed_as_it_ran(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for output in outputs(path):
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.text
    clean = read(path)
    execute.clean(clean)
    assert clean == read(path)


@each
def test_it_is_small_and_tells_nothing_of_the_machine(path):
    assert path.stat().st_size < BYTES
    for output in outputs(path):
        texts = [output.get("text", ""), *map(str, output.get("data", {}).values())]
        for text in texts[:1] if "image/png" in output.get("data", {}) else texts:
            assert not re.search(OF_ONE_MACHINE, text), text
            assert "WARNING" not in text
            assert not text.startswith("<Figure"), "the figure is not shown"


@each
def test_its_pictures_are_many_and_png(path):
    data = [output.data for output in outputs(path) if "data" in output]
    assert not [
        kind for one in data for kind in one if kind.startswith("image/") and "png" not in kind
    ]
    assert 4 * sum("image/png" in one for one in data) >= len(sources(path, "code"))


@each
def test_its_moving_pictures_are_small(path):
    for picture in pictures(path):
        frames = Image.open(io.BytesIO(picture)).n_frames
        assert frames == 1 or len(picture) <= MOVING_BYTES


def test_a_moving_picture_stays_one_when_it_is_compressed():
    frames = [Image.new("RGB", (8, 4), color) for color in ("red", "lime", "blue")]
    content, how = io.BytesIO(), {"save_all": True, "append_images": frames[1:]}
    frames[0].save(content, "PNG", duration=[100, 200, 300], **how)
    picture = base64.b64encode(content.getvalue()).decode()
    data = {"image/png": picture}
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", data)])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    execute.clean(notebook)
    compressed = Image.open(io.BytesIO(base64.b64decode(cell.outputs[0].data["image/png"])))
    assert compressed.mode == "P"
    found = [
        (one.convert("RGB").getpixel((0, 0)), one.info["duration"])
        for one in ImageSequence.Iterator(compressed)
    ]
    assert found == [((255, 0, 0), 100), ((0, 255, 0), 200), ((0, 0, 255), 300)]


@each
def test_it_has_the_length_of_a_lesson(path):
    assert 15 <= len(read(path).cells) <= 40


@each
def test_it_uses_public_names_only(path):
    for source in python(path):
        private = [name for name in names(ast.parse(source)) if not is_public(name)]
        assert not private


def names(tree):
    """Return what is imported, and all attributes, those of the package and its parts in full."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
    known = {one.rpartition(".")[2]: one for one in ("cnnzoo", *OWN)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{known.get(node.value.id, 'object')}.{node.attr}"


def is_public(name):
    """Return whether `name`, with dots, is one that a reader may use."""
    module, _, last = name.rpartition(".")
    if last.startswith("_") and not last.endswith("__"):
        return False
    if module in ("cnnzoo", *OWN) and name not in OWN:
        return last in getattr(import_module(module), "__all__", dir(import_module(module)))
    libraries = ("object", "cnnzoo", *OWN, *LIBRARIES, *sys.stdlib_module_names)
    return name in libraries or (name.partition(".")[0] in libraries and "cnnzoo" not in name)


@pytest.mark.parametrize(
    "source",
    [
        "import torch",
        "from cnnzoo.training import callbacks",
        "import cnnzoo.training",
        "cnnzoo.transfer_all()",
        "from cnnzoo.inspection import nothing_like_it",
        "plot_style._png",
        "model._layers",
    ],
)
def test_private_names_are_found(source):
    assert not all(map(is_public, names(ast.parse(source))))
