"""Parts of pages on recipes and their results, from their docstrings and results.csv."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from catalog import ROOT, markdown_table

from cnnzoo import registry
from cnnzoo.config.fields import Fields
from cnnzoo.config.recipe import Tokens
from cnnzoo.config.recipe import recipes as registered
from cnnzoo.evaluation import ledger

_LONGEST = 90  # Characters of a value.

HISTORIES = ROOT / "histories"  # <recipe>.csv: `history.csv` of a run of each, if there is one.


def results() -> str:
    """Return the results table."""
    return ledger.table(ledger.read(ROOT / "results.csv"))


def recipes() -> str:
    """Return the table of all recipes, and a section for each."""
    measured = {row["recipe"] for row in ledger.read(ROOT / "results.csv")}
    rows = [
        [
            f"[`{name}`](#{name})",
            registry.summary(module).removesuffix("."),
            "yes" if name in measured else "no",
        ]
        for name, module in registered().items()
    ]
    sections = [_recipe(name, module) for name, module in registered().items()]
    return "\n\n".join([markdown_table(("name", "what", "measured"), rows), *sections])


def _recipe(name: str, module: ModuleType) -> str:
    rows = [row for row in ledger.read(ROOT / "results.csv") if row["recipe"] == name]
    parts = [
        f"## {name}",
        registry.summary(module),
        f"**Expect:** {registry.paragraph(module, 'Expect')}",
        f"```console\n{registry.paragraph(module, 'Run')}\n```",
        markdown_table(("field", "value"), list(_fields(module.RECIPE))),
    ]
    if rows:
        made = "; ".join(f"{row['versions']}, commit `{row['commit'][:12]}`" for row in rows)
        parts += [ledger.table(rows), f"Made with {made}."]
    if (HISTORIES / f"{name}.csv").is_file():
        parts.append(f"![Loss and accuracy of {name}, epoch by epoch](curves/{name}.png)")
    return "\n\n".join(parts)


def _fields(fields: Fields, before: str = "") -> Iterator[list[str]]:
    """Yield the name and value of each field that is not the default, as `--set` takes them."""
    texts = fields.to_text()
    for field in dataclasses.fields(fields):
        value = getattr(fields, field.name)
        if value in (field.default, _made(field)):
            continue
        if isinstance(value, Tokens):
            yield from _fields(value, f"{before}{field.name}.")
            continue
        for name, text in texts.items():
            if name.partition(".")[0] == field.name:
                plain = len(text) <= _LONGEST and not set(text) & set("`|\n")
                yield [f"`{before}{name}`", f"`{text if plain else f'{text[:24]}...'}`"]


def _made(field: dataclasses.Field[Any]) -> Any:
    made = field.default_factory
    return made() if made is not dataclasses.MISSING else field.default


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def curves(folder: Path = HISTORIES) -> dict[str, bytes]:
    """Return the learning curves, PNG pictures by recipe, of the histories in `folder`."""
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        return {}
    from cnnzoo.plot_style import png
    from cnnzoo.training import curves, history  # Imports TensorFlow.

    pictures = {}
    for path in paths:
        rows = [{name: float(value) for name, value in row.items()} for row in _csv(path)]
        chosen = int(history.best_epoch(rows)["epoch"])
        pictures[path.stem] = png(curves.curves(path.stem, rows, chosen))
    return pictures


def costs() -> bytes:
    """Return the results table as a PNG picture."""
    from cnnzoo.evaluation.ledger_plot import draw_ledger
    from cnnzoo.plot_style import png

    return png(draw_ledger(ledger.read(ROOT / "results.csv")))
