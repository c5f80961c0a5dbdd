"""What the site of documentation states, against what the package does.

Fences of `python` and `sh` are run by a slow test, page by page, from top to bottom; a title is the
file's name. Those of `py` and `console` need a server, another machine or a download.
"""

import ast
import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import cnnzoo
from cnnzoo.commands.parser import command_parser
from cnnzoo.config.recipe import Tokens
from cnnzoo.evaluation import ledger
from cnnzoo.export.formats import FORMATS
from cnnzoo.models import MODELS
from cnnzoo.registry import modules

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))

pytest.importorskip("mkdocs", reason="the extra docs is not installed")
sys.path[:0] = [str(DOCS), str(DOCS / "generate")]
import check_words  # noqa: E402
import hooks  # noqa: E402
import readme_picture  # noqa: E402
import reference  # noqa: E402
import results  # noqa: E402
from mkdocs.exceptions import PluginError  # noqa: E402

every_page = pytest.mark.parametrize("page", PAGES)


@functools.cache
def text(page):
    return hooks.filled((DOCS / page).read_text(encoding="utf-8"))


def blocks(page):
    """Language, title and content of each fence of a page."""
    fence = r'^```(\w*)(?: title="(\S+)")?\n(.*?)^```$'
    return re.findall(fence, text(page), re.S | re.M)


def is_part_of_the_package(title):
    return title.startswith(("cnnzoo/", "recipes/"))


@functools.cache
def packages():
    """The packages whose reference is on the site, with their public names."""
    pages = "".join((DOCS / page).read_text(encoding="utf-8") for page in PAGES)
    return {
        name: set(reference.public(name)) for name in re.findall(r"generated: api (\S+)", pages)
    }


@functools.cache
def documented():
    """All that mkdocstrings documents, by name and by path."""
    paths = {path for page in PAGES for path in re.findall(r"^::: (\S+)", text(page), re.M)}
    return paths | {f"{package}.{name}" for package, names in packages().items() for name in names}


def test_words_are_those_of_the_field():
    assert not list(check_words.hits(check_words.files(check_words.ALL)))


@pytest.mark.parametrize(
    ("line", "phrase"),
    [
        ("Train on one's own images.", "one's own"),
        ("A folder a class, or a text a line.", "A folder a class"),
        ("Seconds and 3 rows an epoch.", "rows an epoch"),
        ("The user is told so.", "is told"),
        ("`normalisation` of the inputs.", "normalisation"),
        ("A class of models is a set; 6 and 9 are told apart; aria-labelledby.", None),
        ("One row per class. A layer, an epoch, a class.", None),
        ("Standardized colors; precise, raised, otherwise.", None),
    ],
)
def test_only_phrases_of_no_field_are_found(line, phrase, tmp_path, monkeypatch):
    monkeypatch.setattr(check_words, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text(f"Fine.\n{line}\n", encoding="utf-8")
    found = list(check_words.hits(check_words.files(["."])))
    where = [one.split(": ")[:2] for one in found]
    assert where[:1] == ([["page.md:2", repr(phrase)]] if phrase else [])


def test_only_sources_of_notebooks_are_checked(tmp_path, monkeypatch):
    cells = [{"source": ["Fine.\n", "It had begun."], "outputs": [{"text": "begun"}]}]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    monkeypatch.setattr(check_words, "ROOT", tmp_path)
    (found,) = check_words.hits([tmp_path / "a.ipynb"])
    assert found == "a.ipynb:cell 1, line 2: 'begun': started"


def test_every_public_name_has_its_reference():
    assert "cnnzoo" in packages()
    lazy = re.compile(r"^__getattr__, __all__ = exports\(", re.M)
    exporting = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "cnnzoo").rglob("__init__.py")
        if lazy.search(path.read_text(encoding="utf-8"))
    }
    assert exporting == set(packages())
    assert set(cnnzoo.__all__) - {"__version__"} == packages()["cnnzoo"]


def test_the_zoo_is_on_the_site():
    networks, recipes, datasets = text("networks.md"), text("recipes.md"), text("datasets.md")
    for name, module in MODELS.items():
        counts = f"| `{name}` | {module.VARIANTS[name].params:,} | "
        assert networks.count(counts) == 2  # In the table of all, and in that of its family.
    for name in cnnzoo.list_recipes():
        assert f"\n## {name}\n" in recipes
    of_package = [one.DATASET for one in modules(cnnzoo.datasets) if hasattr(one, "DATASET")]
    for dataset in of_package:  # Tests may have registered others.
        assert f"\n## {dataset.name}\n" in datasets
        assert dataset.citation in text("sources.md")
    for row in ledger.read(ROOT / "results.csv"):
        assert f"| {100 * float(row['accuracy_mean']):.2f}" in recipes


def test_fields_are_written_as_set_takes_them():
    recipe = cnnzoo.Recipe(model="a", dataset="b", epochs=1, batch_size=1, learning_rate=0.1)
    for name in cnnzoo.list_recipes():
        section = text("recipes.md").split(f"\n## {name}\n")[1].split("\n## ")[0]
        stated = dict(re.findall(r"^\| `([\w.]+)` \| `(.*)` \|$", section, re.M))
        assert {"model", "epochs", "learning_rate"} <= set(stated)
        texts = any(name.startswith("tokens.") for name in stated)
        base = recipe.replace(tokens=Tokens() if texts else None)
        parsed = base.parse({key: value for key, value in stated.items() if "..." not in value})
        wanted = base.replace(**{"dataset": None, **parsed})
        found = results.registered()[name].RECIPE
        cut = {name.partition(".")[0] for name, value in stated.items() if "..." in value}
        assert set(found.differences(wanted)) <= cut


def test_a_history_becomes_a_curve(tmp_path):
    assert results.curves(tmp_path) == {}
    header = "epoch,loss,accuracy,val_loss,val_accuracy,seconds\n"
    rows = "1,0.5,0.8,0.4,0.9,3\n2,0.3,0.9,0.3,0.95,3\n"
    (tmp_path / "mnist_lenet5.csv").write_text(header + rows)
    pictures = results.curves(tmp_path)
    assert list(pictures) == ["mnist_lenet5"]
    assert pictures["mnist_lenet5"].startswith(b"\x89PNG")


def test_the_help_of_every_command_is_on_the_site():
    stated = text("reference/commands.md")
    assert {"list", "train", "serve"} <= set(commands())
    for command in commands():
        assert f"\n## {command}\n\n```text\nusage: cnnzoo {command} " in stated


def test_the_formats_differ_as_documented():
    stated = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", text("guides/export.md"), re.M)
    rows = {name: (file, tolerance) for name, file, tolerance in stated}
    for name, one in FORMATS.items():
        file, tolerance = rows[name]
        assert one.file in file
        assert one.tolerance == (None if "measured" in tolerance else float(tolerance))


def test_what_cannot_be_generated_is_reported():
    with pytest.raises(PluginError, match="part must be one of api, .*; got 'networkz'"):
        hooks.filled("<!-- generated: networkz -->")
    with pytest.raises(
        PluginError, match="must have one block that starts with 'No such words'; got 0"
    ):
        hooks.filled("<!-- generated: block README.md: No such words -->")


@every_page
def test_python_samples_use_only_public_names(page):
    public, known = packages(), documented()
    for language, title, content in blocks(page):
        if language not in ("python", "py"):
            continue
        tree = ast.parse(content)
        compile(tree, title or page, "exec")
        if is_part_of_the_package(title):
            continue
        bound = {}  # Local name -> public package.
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert all(
                    a.name == "cnnzoo" or not a.name.startswith("cnnzoo.") for a in node.names
                )
                bound |= {a.name: a.name for a in node.names if a.name in public}
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("cnnzoo"):
                for alias in node.names:
                    path = f"{node.module}.{alias.name}"
                    assert path in public or path in known, path
                    bound |= {alias.name: path} if path in public else {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                package = bound.get(node.value.id)
                path = f"{package}.{node.attr}"
                assert package is None or path in known or path in public, path


def commands():
    return re.findall(r"^    (\w+)(?:  |$)", command_parser().format_help(), re.M)


@every_page
def test_command_lines_are_right(page):
    lines = re.findall(r"`(cnnzoo [^`\n]+)`", text(page))
    for language, _, content in blocks(page):
        if language in ("sh", "console"):
            lines += content.replace("\\\n", " ").splitlines()
    for line in lines:
        for command in re.split(r" (?:&&|\||&)(?: |$)", line):
            words = shlex.split(command, comments=True)
            if words[:1] == ["cnnzoo"] and not words[1].startswith("-"):
                assert words[1] in commands(), command
                if len(words) > 2:  # Else it is the name of a command alone.
                    assert command_parser().parse_args(words[1:])


RUNNING = [page for page in PAGES if re.search(r"^```(python|sh)\b", text(page), re.M)]


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNING)
def test_samples_run(page, warm_python, tmp_path):
    samples = blocks(page)
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if any(is_part_of_the_package(title) for _, title, _ in samples):
        for folder in ("cnnzoo", "recipes"):
            shutil.copytree(ROOT / folder, tmp_path / folder)
        environment["PYTHONPATH"] = str(tmp_path)
    cnnzoo_command = f'cnnzoo() {{ {shlex.join(warm_python)} -m cnnzoo "$@"; }}\n'
    for language, title, content in samples:
        path = tmp_path / (title or "untitled.py")
        path.write_text(content, encoding="utf-8")
        command = []
        if language == "sh":
            command = ["bash", "-ec", cnnzoo_command + content]
        elif language == "python" and not is_part_of_the_package(title):
            command = [*warm_python, str(path)]
        if command:
            done = subprocess.run(
                command, cwd=tmp_path, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{content}\n{done.stderr}"
            print(f"{content}\n{done.stdout}")


class Resources(HTMLParser):
    """Addresses of all that a page loads by itself."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.found += [named[key] for key in ("src", "srcset", "data", "poster") if key in named]
        if tag == "link":
            self.found.append(named["href"])


@pytest.mark.slow
def test_the_site_builds_without_warnings_and_loads_nothing_from_elsewhere(tmp_path):
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(
        build,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:
        parser = Resources()
        parser.feed(page.read_text(encoding="utf-8"))
        assert parser.found
        assert not [one for one in parser.found if re.match(r"(?:\w+:)?//", one)], page
    for sheet in tmp_path.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", sheet.read_text()), sheet


def test_the_picture_of_the_readme_shows_what_its_text_says():
    figure = readme_picture.draw(readme_picture.inputs())
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["“7”", "“4”", "“5”", "“8”", "unknown"]
    assert (DOCS / "digits.png").stat().st_size < 60_000
