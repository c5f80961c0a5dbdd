"""What is known of one model, data set or recipe: `show`."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cnnzoo.commands import Answer
from cnnzoo.commands.arguments import Add, png_path
from cnnzoo.commands.naming import kind_of
from cnnzoo.commands.tables import facts, table
from cnnzoo.errors import CnnzooError
from cnnzoo.quiet import start_tensorflow


def declare_show(add: Add) -> None:
    """Declare `show`."""
    one = add("show", show, "show what is known of a model, a data set or a recipe")
    one.add_argument("name", help="of a model, a data set or a recipe")
    one.add_argument(
        "--out",
        type=png_path,
        metavar="FILE",
        help="PNG to write: a picture of a model or a data set",
    )


def show(arguments: argparse.Namespace) -> Answer:
    """What is known of a model, a data set or a recipe, or a picture of one of the former two."""
    kind = kind_of(arguments.name)
    if arguments.out is not None:
        return _drawn(kind, arguments.name, arguments.out)
    metadata = {"models": _model, "datasets": _dataset, "recipes": _recipe}[kind](arguments.name)
    texts = _recipe_texts(metadata) if kind == "recipes" else _texts(metadata)
    return metadata, facts(texts) + _layers(metadata.get("layers", []))


def _drawn(kind: str, name: str, out: Path) -> Answer:
    if kind == "recipes":
        raise CnnzooError(f"out must be for a model or a data set; {name} is one of the recipes")
    start_tensorflow()
    {"models": _draw_model, "datasets": _draw_dataset}[kind](name, out)
    return {"name": name, "picture": str(out)}, [f"picture  {out}"]


def _draw_model(name: str, out: Path) -> None:
    from cnnzoo.files import write_whole
    from cnnzoo.guard.shapes import without_values
    from cnnzoo.inspection import draw_architecture
    from cnnzoo.models import create_model
    from cnnzoo.plot_style import png

    with without_values():
        figure = draw_architecture(create_model(name), title=name)
    write_whole(out, png(figure))


def _draw_dataset(name: str, out: Path) -> None:
    from cnnzoo.datasets import DATASETS
    from cnnzoo.inspection.plots.datasets import draw

    draw(DATASETS[name], out)


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


def _recipe_texts(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the fields of a recipe, as `train --set` takes them, between its name and its text."""
    from cnnzoo.config.recipe import recipes

    yield "name", metadata["name"]
    yield from recipes()[metadata["name"]].RECIPE.to_text().items()
    yield "about", metadata["about"]


def _texts(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in metadata.items():
        if name != "layers":
            yield name, _readable(value)


def _readable(value: Any) -> str:
    """Return a fact as one writes it: thousands apart, lists without brackets, no Python."""
    if value is None or isinstance(value, (tuple, list)) and not value:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_readable(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        if all(isinstance(one, int) for one in value) and len(value) < 5:
            return "x".join(map(str, value))
        return ", ".join(map(_readable, value))
    return str(value)


def _layers(layers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a table of layers; fields, strides and centers are in positions of the input."""
    from cnnzoo.inspection.table import sides

    if not layers:
        return []
    headings = ("layer", "kind", "output", "parameters", "multiply-\nadds", "activation\nbytes")
    rows = []
    for layer in layers:
        seen = [layer[key] for key in ("receptive_field", "stride", "center")]
        counts = [f"{layer[key]:,}" for key in ("params", "macs", "activation_bytes")]
        places = ["all" if values is None else sides(values) for values in seen]
        rows.append((layer["name"], layer["kind"], sides(layer["output_shape"]), *counts, *places))
    return ["", *table((*headings, "field", "stride", "center"), rows, left=(0, 1, 2, 6, 7, 8))]
