"""Parts of pages on what the zoo holds, from its registries, docstrings and results.csv."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from cnnzoo import datasets as catalog_of_datasets
from cnnzoo import registry
from cnnzoo.config.recipe import recipes as registered
from cnnzoo.datasets import DATASETS
from cnnzoo.inspection.table import table
from cnnzoo.models import MODELS

ROOT = Path(__file__).resolve().parents[2]

_STATED = ("variant", "input_shape", "num_classes", "name")  # Arguments of every `build`.


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def networks() -> str:
    """Return the table of all networks."""
    return table()


def families() -> str:
    """Return a section for each family of networks."""
    modules = dict.fromkeys(MODELS[name] for name in MODELS)
    return "\n\n".join(map(_family, modules))


def _family(module: ModuleType) -> str:
    rows = [
        [
            f"`{name}`",
            f"{row.params:,}",
            f"{row.macs:,}",
            _shape(row.input_shape),
            str(row.num_classes),
            ", ".join(f"[`{one}`](recipes.md#{one})" for one in _recipes_of(name)),
        ]
        for name, row in module.VARIANTS.items()
    ]
    header = ("name", "parameters", "multiply-adds", "input", "classes", "recipes")
    return "\n\n".join(
        [
            f"## {module.__name__.rpartition('.')[2]}",
            registry.summary(module),
            f"**Source:** {registry.paragraph(module, 'Source')}",
            f"**Departures:** {registry.paragraph(module, 'Departures')}",
            *_options(module),
            markdown_table(header, rows),
        ]
    )


def _recipes_of(model: str) -> list[str]:
    return [name for name, module in registered().items() if module.RECIPE.model == model]


def _options(module: ModuleType) -> list[str]:
    parameters = inspect.signature(module.build).parameters
    options = [
        f"`{name}={parameter.default!r}`"
        for name, parameter in parameters.items()
        if name not in _STATED
    ]
    return [f"**Options** of `create_model`: {', '.join(options)}."] if options else []


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) if len(shape) > 1 else f"{shape[0]:,} tokens"


def datasets() -> str:
    """Return the table of all data sets, and a section for each."""
    header = ("name", "examples", "classes", "train", "test", "license")
    modules = [one for one in registry.modules(catalog_of_datasets) if hasattr(one, "DATASET")]
    rows = [
        [
            f"[`{one.name}`](#{one.name})",
            f"{one.kind} {_shape(one.input_shape)}" if one.input_shape else one.kind,
            str(len(one.class_names)),
            *(f"{one.sizes[split]:,}" for split in ("train", "test")),
            one.license,
        ]
        for one in DATASETS.values()
    ]
    sections = [_dataset(module) for module in modules]
    return "\n\n".join([markdown_table(header, rows), *sections])


def _dataset(module: ModuleType) -> str:
    one = module.DATASET
    metadata = [
        ("Source", one.source),
        ("Citation", one.citation),
        ("License", one.license),
        ("Mean of each channel", ", ".join(map(str, one.mean))),
        ("Standard deviation", ", ".join(map(str, one.std))),
    ]
    lines = [f"- **{name}:** {value}" for name, value in metadata if value]
    return "\n\n".join([f"## {one.name}", inspect.getdoc(module) or "", "\n".join(lines)])


def notebooks() -> str:
    """Return the table of the course: what the first cell of each notebook states."""
    stated = re.compile(r"# (.+)\n\n\*\*(.+)\*\* \(about (\d+) minutes")
    rows = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cell = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
        title, question, minutes = stated.match("".join(cell["source"])).groups()
        rows.append([f"[{title}](/course/{path.name})", question, minutes])
    return markdown_table(("notebook", "question", "minutes to read"), rows)


def sources() -> str:
    """Return the papers: of families, of data sets, and of methods wherever a docstring has one."""
    modules = dict.fromkeys(MODELS[name] for name in MODELS)
    of_families = [
        [module.__name__.rpartition(".")[2], registry.paragraph(module, "Source")]
        for module in modules
    ]
    of_datasets = [[one.name, one.citation or one.source] for one in DATASETS.values()]
    tables = (
        ("Networks", "family", of_families),
        ("Data sets", "data set", of_datasets),
        ("Methods", "in", list(_methods())),
    )
    return "\n\n".join(
        f"## {title}\n\n{markdown_table((what, 'source'), rows)}" for title, what, rows in tables
    )


def _methods() -> Iterator[list[str]]:
    """Yield where, and the source, of each docstring outside `models` that names one."""
    for path in sorted((ROOT / "cnnzoo").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if module.startswith("cnnzoo.models."):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                continue
            documented = ModuleType("documented", ast.get_docstring(node))
            if source := registry.paragraph(documented, "Source"):
                where = module if isinstance(node, ast.Module) else f"{module}.{node.name}"
                yield [f"`{where.removeprefix('cnnzoo.')}`", source]
