"""What the zoo holds: list, cite; and the command line itself: help, version."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

from cnnzoo import registry
from cnnzoo.commands import Answer
from cnnzoo.commands.arguments import Add
from cnnzoo.commands.tables import table
from cnnzoo.errors import CnnzooError

_COST = ("parameters", "multiply-\nadds (M)")
_RESULT = ("test\naccuracy", "minutes")


class Catalog(NamedTuple):
    """The names of one kind, and the columns of their table after the name."""

    names: Any  # A registry.
    headings: tuple[str, ...]
    cells: Callable[[str], tuple[str, ...]]  # Of a name.


KINDS = {
    "models": "network architectures, without weights",
    "datasets": "data sets to train on",
    "recipes": "a model, a data set and how to train the one on the other",
    "weights": "trained models that come with the package",
}


def declare_list(add: Add) -> None:
    """Declare `list`."""
    one = add("list", list_names, "list models, data sets, recipes or shipped weights")
    one.add_argument(
        *("kind",),
        nargs="?",
        choices=[*KINDS],
        metavar="kind",
        help=f"{', '.join(KINDS)}; by default, what each of these is",
    )
    one.add_argument(
        "pattern", nargs="?", default="*", help="shell-style pattern, such as 'lenet*'"
    )


def declare_cite(add: Add) -> None:
    """Declare `cite`."""
    one = add("cite", cite, "print BibTeX of a model, a data set or a recipe")
    one.add_argument("name", help="of a model, a data set, a recipe or shipped weights")


def list_names(arguments: argparse.Namespace) -> Answer:
    """A table of one kind, a name per line, or the kinds."""
    if arguments.kind is None:
        return [*KINDS], [f"cnnzoo list {kind:8}  {about}" for kind, about in KINDS.items()]
    names, headings, cells = catalog(arguments.kind)
    chosen = names.names(arguments.pattern)
    if not chosen and not arguments.json:
        raise CnnzooError(registry.unmatched(arguments.kind, arguments.pattern, names))
    return chosen, table(
        ("name", *headings), [(name, *cells(name)) for name in chosen], remarks=True
    )


def catalog(kind: str) -> Catalog:
    """Return what there is of `kind`."""
    if kind == "models":
        from cnnzoo.models import MODELS

        def models(name: str) -> tuple[str, ...]:
            return (*_cost(name), registry.summary(MODELS[name]))

        return Catalog(MODELS, (*_COST, "about"), models)
    if kind == "datasets":
        from cnnzoo.datasets import DATASETS

        return Catalog(DATASETS, ("about",), lambda name: (DATASETS[name].summary,))
    from cnnzoo.config.recipe import recipes
    from cnnzoo.evaluation import ledger

    known, results = recipes(), ledger.shipped()

    def measured(name: str) -> tuple[str, ...]:
        return _measured(known[name], [row for row in results if row["recipe"] == name])

    if kind == "recipes":
        return Catalog(known, (*_RESULT, *_COST, "about"), measured)
    from cnnzoo.weights import FOLDER, SUFFIX, list_weights

    shipped: registry.Registry[None] = registry.Registry("weight")
    for name in list_weights():
        shipped.add(name, None)

    def sized(name: str) -> tuple[str, ...]:
        *figures, about = measured(name)
        return (*figures, f"{(FOLDER / f'{name}{SUFFIX}').stat().st_size / 1e3:,.0f}", about)

    return Catalog(shipped, (*_RESULT, *_COST, "size\n(KB)", "about"), sized)


def _cost(name: str, params: int | None = None) -> tuple[str, str]:
    """Return parameters, as published or as counted, and multiply-adds of a network."""
    from cnnzoo.models import MODELS

    variant = MODELS[name].VARIANTS[name]
    return f"{params or variant.params:,}", f"{variant.macs / 1e6:,.2f}"


def _measured(module: Any, rows: list[dict[str, str]]) -> tuple[str, ...]:
    """Return accuracy, minutes and cost of a recipe, from its results, and its summary."""
    name, about = module.RECIPE.model, registry.summary(module)
    if not rows:
        nothing = "your data" if module.RECIPE.dataset is None else "not run"
        return (nothing, "", *_cost(name), about)
    best = max(rows, key=lambda row: float(row["accuracy_mean"]))
    if best["settings"]:
        about = f"{best['settings']}: {about}"
    cost = _cost(name, int(best["params"]))
    return (
        f"{float(best['accuracy_mean']):.2%}",
        f"{float(best['seconds']) / 60:.1f}",
        *cost,
        about,
    )


def kind_of(name: str) -> str:
    """Return which of models, data sets and recipes `name` is one of."""
    known: list[str] = []
    for kind in ("models", "datasets", "recipes"):
        names = catalog(kind).names
        if name in names:
            return kind
        known += names
    raise CnnzooError(registry.unknown("name", name, known, see="cnnzoo list"))


def cite(arguments: argparse.Namespace) -> Answer:
    """The works behind a model, a data set or a recipe, as BibTeX."""
    from cnnzoo.citation import works

    cited = works(_source(kind_of(arguments.name), arguments.name))
    return (
        [{**work._asdict(), "bibtex": work.bibtex} for work in cited],
        ["\n\n".join(work.bibtex for work in cited)],
    )


def _source(kind: str, name: str) -> str:
    """Return what a model or a data set states of its origin; of a recipe, what both of its do."""
    names = catalog(kind).names
    if kind == "models":
        return registry.paragraph(names[name], "Source")
    if kind == "datasets":
        return str(names[name].citation)
    recipe = names[name].RECIPE
    own = [_source("datasets", recipe.dataset)] if recipe.dataset else []
    return "; ".join([_source("models", recipe.model), *own])


def show_help(arguments: argparse.Namespace) -> Answer:
    """What `--help` shows, of one command or of all."""
    about = arguments.parsers.get(arguments.topic, arguments.parser).format_help().rstrip()
    return about, [about]


def show_version(arguments: argparse.Namespace) -> Answer:
    """The version of the package."""
    from cnnzoo.version import __version__

    return {"version": __version__}, [f"cnnzoo {__version__}"]
