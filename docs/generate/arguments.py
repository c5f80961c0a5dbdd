"""Parts of pages on what can be set: commands, fields of a recipe, augmentation policies."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import importlib
import inspect
import io
import os
import re
from collections.abc import Iterator
from typing import Any

from catalog import ROOT, markdown_table
from mkdocs.exceptions import PluginError

from cnnzoo.cli import main


def commands() -> str:
    """Return a section for each command: what `--help` prints."""
    overview = _help()
    names = re.findall(r"^    (\w+)(?:  |$)", overview, re.M)
    sections = [f"## {name}\n\n```text\n{_help(name)}```" for name in names]
    return "\n\n".join([f"```text\n{overview}```", *sections])


def _help(*command: str) -> str:
    text = io.StringIO()
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "90"
    try:
        with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
            main([*command, "--help"])
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return text.getvalue()


def policies() -> str:
    """Return the table of augmentation policies: the name, and what makes it."""
    path = ROOT / "cnnzoo" / "pipelines" / "augmentation" / "__init__.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "POLICIES":
            pairs = zip(node.value.keys, node.value.values, strict=True)
            rows = [
                [f"`{ast.literal_eval(key)}`", f"`{ast.unparse(getattr(value, 'body', value))}`"]
                for key, value in pairs
            ]
            return markdown_table(("policy", "made of"), rows)
    raise PluginError(f"{path} must define POLICIES")


def fields(path: str) -> str:
    """Return the table of the fields of a dataclass, with their comments.

    Args:
        path: Of the class, such as `cnnzoo.config.recipe.Recipe`.
    """
    module, _, name = path.rpartition(".")
    kind = getattr(importlib.import_module(module), name)
    constants = vars(importlib.import_module(module))
    comments = dict(_comments(inspect.getsource(kind), constants))
    rows = []
    for field in dataclasses.fields(kind):
        default = "required" if field.default is dataclasses.MISSING else f"`{field.default!r}`"
        if field.default_factory is not dataclasses.MISSING:
            default = f"`{field.default_factory()!r}`"
        kinds = str(field.type).replace("|", "or")
        rows.append([f"`{field.name}`", kinds, default, comments.get(field.name, "")])
    return markdown_table(("field", "type", "default", "meaning"), rows)


def _comments(source: str, constants: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each field, and the comment behind it or above, with constants' values for names."""

    def value(name: re.Match[str]) -> str:
        return ", ".join(f"`{one}`" for one in constants[name[0]])

    above = ""
    for line in source.splitlines():
        if found := re.match(r"    (\w+): .*?(?:  # (.*))?$", line):
            yield found[1], re.sub(r"\b[A-Z]{4,}\b", value, found[2] or above)
        found = re.match(r"    # (.*)", line)
        above = found[1] if found else ""
