"""What the zoo holds: list, show, cite; and the command line itself: help, version."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from cnnzoo import registry
from cnnzoo.commands import Answer
from cnnzoo.errors import CnnzooError
from cnnzoo.quiet import start_tensorflow

KINDS = {
    "models": "network architectures, without weights",
    "datasets": "data sets to train on",
    "recipes": "a model, a data set and how to train the one on the other",
    "weights": "trained models that come with the package",
}


def list_names(arguments: argparse.Namespace) -> Answer:
    """Names of one kind, one per line, or the kinds."""
    if arguments.kind is None:
        return [*KINDS], [f"cnnzoo list {kind:8}  {about}" for kind, about in KINDS.items()]
    names, summaries = _catalog(arguments.kind)
    chosen = names.names(arguments.pattern)
    if not chosen and not arguments.json:
        raise CnnzooError(registry.unmatched(arguments.kind, arguments.pattern, names))
    width = max(map(len, chosen), default=0)
    return chosen, [f"{name:{width}}  {summaries(name)}" for name in chosen]


def _catalog(kind: str) -> tuple[Any, Any]:
    """Return a registry of the names of `kind`, and a function from name to one line."""
    if kind == "models":
        from cnnzoo.models import MODELS

        return MODELS, lambda name: _counted(MODELS[name], name)
    if kind == "datasets":
        from cnnzoo.datasets import DATASETS

        return DATASETS, lambda name: DATASETS[name].summary
    from cnnzoo.config.recipe import recipes
    from cnnzoo.evaluation import ledger

    known, results = recipes(), ledger.shipped()

    def measured(name: str) -> str:
        return _measured(known[name], [row for row in results if row["recipe"] == name])

    if kind == "recipes":
        return known, measured
    from cnnzoo.weights import list_weights

    shipped: registry.Registry[None] = registry.Registry("weight")
    for name in list_weights():
        shipped.add(name, None)
    return shipped, measured


def _counted(module: Any, name: str) -> str:
    variant = module.VARIANTS[name]
    counts = f"{variant.params:>11,} parameters {variant.macs:>14,} multiply-adds"
    return f"{counts}  {registry.summary(module)}"


def _measured(module: Any, rows: list[dict[str, str]]) -> str:
    """Return accuracy, minutes and cost of a recipe, from its results, and its summary."""
    from cnnzoo.models import MODELS

    variant = MODELS[module.RECIPE.model].VARIANTS[module.RECIPE.model]
    what = "for your data" if module.RECIPE.dataset is None else "not run here"
    params, result, settings = variant.params, f"{what:20}", ""
    if rows:
        best = max(rows, key=lambda row: float(row["accuracy_mean"]))
        minutes = float(best["seconds"]) / 60
        params = int(best["params"])
        result = f"{float(best['accuracy_mean']):7.2%} {minutes:8.1f} min"
        settings = f" ({best['settings']})" if best["settings"] else ""
    counts = f"{params:>11,} parameters {variant.macs:>14,} multiply-adds"
    return f"{result} {counts}  {registry.summary(module)}{settings}"


def show(arguments: argparse.Namespace) -> Answer:
    """What is known of a model, a data set or a recipe, or a picture of a data set."""
    from cnnzoo.inspection.table import layer_lines

    kind = _kind(arguments.name)
    if arguments.out is not None:
        return _drawn(kind, arguments.name, arguments.out)
    metadata = {"models": _model, "datasets": _dataset, "recipes": _recipe}[kind](arguments.name)
    rows = [f"{key:16} {_readable(v)}" for key, v in metadata.items() if key != "layers"]
    return metadata, rows + layer_lines(metadata.get("layers", []))


def _kind(name: str) -> str:
    """Return which of models, data sets and recipes `name` is one of."""
    known: list[str] = []
    for kind in ("models", "datasets", "recipes"):
        names, _ = _catalog(kind)
        if name in names:
            return kind
        known += names
    raise CnnzooError(registry.unknown("name", name, known, see="cnnzoo list"))


def _drawn(kind: str, name: str, out: Path) -> Answer:
    if kind != "datasets":
        raise CnnzooError(f"out must be for a data set; {name} is one of the {kind}")
    start_tensorflow()
    from cnnzoo.datasets import DATASETS
    from cnnzoo.inspection.plots.datasets import draw

    draw(DATASETS[name], out)
    return {"name": name, "picture": str(out)}, [f"picture  {out}"]


def _model(name: str) -> dict[str, Any]:
    start_tensorflow()
    from cnnzoo.inspection.cost import describe

    return describe(name)


def _dataset(name: str) -> dict[str, Any]:
    from cnnzoo.datasets import DATASETS

    metadata = {
        field.name: getattr(DATASETS[name], field.name)
        for field in dataclasses.fields(DATASETS[name])
    }
    del metadata["read"]
    if not DATASETS[name].is_here:
        return {**metadata, "examples": "not on this machine"}
    start_tensorflow()
    from cnnzoo.inspection.data import describe

    return {**metadata, **describe(DATASETS[name])}


def _recipe(name: str) -> dict[str, Any]:
    import inspect

    from cnnzoo.config.recipe import recipes

    module = recipes()[name]
    return {"name": name, **module.RECIPE.to_json(), "about": inspect.getdoc(module)}


def cite(arguments: argparse.Namespace) -> Answer:
    """The works behind a model, a data set or a recipe, as BibTeX."""
    from cnnzoo.citation import works

    cited = works(_source(_kind(arguments.name), arguments.name))
    return (
        [{**work._asdict(), "bibtex": work.bibtex} for work in cited],
        ["\n\n".join(work.bibtex for work in cited)],
    )


def _source(kind: str, name: str) -> str:
    """Return what a model or a data set states of its origin; of a recipe, what both of its do."""
    names, _ = _catalog(kind)
    if kind == "models":
        return registry.paragraph(names[name], "Source")
    if kind == "datasets":
        return str(names[name].citation)
    recipe = names[name].RECIPE
    own = [_source("datasets", recipe.dataset)] if recipe.dataset else []
    return "; ".join([_source("models", recipe.model), *own])


def _readable(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return str(value)
    return f"{value:,}"


def show_help(arguments: argparse.Namespace) -> Answer:
    """What `--help` shows, of one command or of all."""
    about = arguments.parsers.get(arguments.topic, arguments.parser).format_help().rstrip()
    return about, [about]


def show_version(arguments: argparse.Namespace) -> Answer:
    """The version of the package."""
    from cnnzoo.version import __version__

    return {"version": __version__}, [f"cnnzoo {__version__}"]
