"""What each command of the command line does: from parsed arguments to a JSON document and lines.

Each command imports what it needs, so that `cnnzoo --help` and `cnnzoo list` need no TensorFlow.
"""

from __future__ import annotations

import argparse
import dataclasses
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnnzoo.errors import CnnzooError
from cnnzoo.quiet import silent_stderr
from cnnzoo.quiet import start_tensorflow as _start_tensorflow

KINDS = ("models", "datasets", "recipes", "weights")

_SERVE = ("ai_edge_litert", "fastapi", "orjson", "prometheus_client", "uvicorn")

Answer = tuple[Any, list[str]]  # The JSON document, and the lines for a person.


def list_names(arguments: argparse.Namespace) -> Answer:
    """Names of one kind, with a line each."""
    names, summaries = _catalogue(arguments.kind)
    chosen = names.names(arguments.pattern)
    width = max(map(len, chosen), default=0)
    return chosen, [f"{name:{width}}  {summaries(name)}" for name in chosen]


def _catalogue(kind: str) -> tuple[Any, Any]:
    """Return a registry of the names of `kind`, and a function from name to one line."""
    from cnnzoo import registry

    if kind == "models":
        from cnnzoo.models import MODELS

        return MODELS, lambda name: _counted(MODELS[name], name)
    if kind == "datasets":
        from cnnzoo.datasets import DATASETS

        return DATASETS, lambda name: DATASETS[name].summary
    from cnnzoo.training.recipe import recipes

    if kind == "recipes":
        return recipes(), lambda name: registry.summary(recipes()[name])
    from cnnzoo.weights import list_weights

    shipped: registry.Registry[None] = registry.Registry("weight")
    for name in list_weights():
        shipped.add(name, None)
    return shipped, lambda name: registry.summary(recipes()[name])


def _counted(module: Any, name: str) -> str:
    from cnnzoo import registry

    variant = module.VARIANTS[name]
    counts = f"{variant.params:>11,} parameters {variant.macs:>14,} multiply-adds"
    return f"{counts}  {registry.summary(module)}"


def show(arguments: argparse.Namespace) -> Answer:
    """What is known of a model, a data set or a recipe, or a picture of a data set."""
    from cnnzoo import registry
    from cnnzoo.inspection.table import layer_lines

    known: list[str] = []
    for kind in ("models", "datasets", "recipes"):
        names, _ = _catalogue(kind)
        if arguments.name in names:
            if arguments.out is not None:
                return _drawn(kind, arguments.name, arguments.out)
            facts = {"models": _model, "datasets": _dataset, "recipes": _recipe}[kind](
                arguments.name
            )
            rows = [f"{key:16} {_readable(v)}" for key, v in facts.items() if key != "layers"]
            return facts, rows + layer_lines(facts.get("layers", []))
        known += names
    raise CnnzooError(registry.unknown("name", arguments.name, known))


def _drawn(kind: str, name: str, out: Path) -> Answer:
    if kind != "datasets":
        raise CnnzooError(f"out must be for a data set; {name} is one of the {kind}")
    _start_tensorflow()
    from cnnzoo.datasets import DATASETS
    from cnnzoo.inspection.pictures import draw

    draw(DATASETS[name], out)
    return {"name": name, "picture": str(out)}, [f"picture  {out}"]


def _model(name: str) -> dict[str, Any]:
    _start_tensorflow()
    from cnnzoo.inspection.cost import describe

    return describe(name)


def _dataset(name: str) -> dict[str, Any]:
    from cnnzoo.datasets import DATASETS

    facts = {
        field.name: getattr(DATASETS[name], field.name)
        for field in dataclasses.fields(DATASETS[name])
    }
    del facts["read"]
    if not DATASETS[name].is_here:
        return {**facts, "examples": "not on this machine"}
    _start_tensorflow()
    from cnnzoo.inspection.data import describe

    return {**facts, **describe(DATASETS[name])}


def _recipe(name: str) -> dict[str, Any]:
    import inspect

    from cnnzoo.training.recipe import recipes

    module = recipes()[name]
    return {"name": name, **module.RECIPE.to_json(), "about": inspect.getdoc(module)}


def _readable(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return str(value)
    return f"{value:,}"


def train_recipe(arguments: argparse.Namespace) -> Answer:
    """A run: trained, scored on the test set, exported, and asked one example."""
    from cnnzoo.training.recipe import recipes

    recipe = recipes()[arguments.recipe].RECIPE
    fields = recipe.parse(dict(arguments.set))
    if arguments.seed is not None:
        fields["seed"] = arguments.seed
    if arguments.data is not None:
        fields["dataset"] = arguments.data
        fields.setdefault("validation", 0.1)
    recipe.replace(**fields)  # A wrong field is told before TensorFlow starts.
    _start_tensorflow()
    from cnnzoo.training.cluster import cluster
    from cnnzoo.training.folders import folder_of
    from cnnzoo.training.run import example_of, train

    options = {
        name: getattr(arguments, name) for name in ("resume", "devices", "workers", "worker")
    }
    found = cluster(arguments.workers, arguments.worker)
    if found is not None and found.place > 0:
        train(arguments.recipe, out=arguments.out, **options, **fields)
        return {"worker": found.place}, [f"done; {found.name(0)} has the run"]
    folder = folder_of(arguments.recipe, arguments.out, arguments.resume)
    try:
        callbacks = _tensorboard(folder) if arguments.tensorboard else ()
        run = train(arguments.recipe, out=folder, callbacks=callbacks, **options, **fields)
    except KeyboardInterrupt:
        raise CnnzooError(_resumption(arguments, folder)) from None
    from cnnzoo.export.artifact import load

    saved_model = _exported(run.path)
    served, example = load(saved_model), example_of(run)
    answer = served.predict([example])[0]
    test = run.metrics
    result = {
        "run": str(run.path),
        "accuracy": run.accuracy,
        "examples": test["examples"],
        "seconds": test["seconds"],
        "artifact": str(run.artifact),
        "saved_model": str(saved_model),
        "example": answer,
    }
    return result, [
        f"test accuracy  {run.accuracy:.2%} of {test['examples']:,} {served.raw.name} "
        f"(epoch {test['epoch']} of {test['epochs']}, by validation), {test['seconds']:.0f} s",
        f"run            {run.path}",
        f"SavedModel     {saved_model}",
        f"its answer     {_answer_line(answer)}",
        f"go on with     {shlex.join(['cnnzoo', 'predict', str(run.path), example])}",
    ]


def _tensorboard(folder: Path) -> list[Any]:
    """Return Keras's callback that writes what TensorBoard shows into the run folder.

    Raises:
        CnnzooError: TensorBoard is not installed.
    """
    import importlib.util

    import keras

    if importlib.util.find_spec("tensorboard") is None:
        raise CnnzooError("tensorboard must be installed; run: pip install cnnzoo[tensorboard]")
    return [keras.callbacks.TensorBoard(str(folder / "tensorboard"))]


def _resumption(arguments: argparse.Namespace, folder: Path) -> str:
    """Return what to tell who has interrupted a run."""
    from cnnzoo.training.folders import holds_run

    if not holds_run(folder):
        return "interrupted before training began; nothing was written"
    words = ["cnnzoo", "train", arguments.recipe, "--resume", "--out", str(folder)]
    for name, value in arguments.set:
        words += ["--set", f"{name}={value}"]
    if arguments.data is not None:
        words += ["--data", arguments.data]
    if arguments.seed is not None:
        words += ["--seed", str(arguments.seed)]
    for option in ("devices", "workers", "worker"):
        if getattr(arguments, option) is not None:
            words += [f"--{option}", str(getattr(arguments, option))]
    if arguments.tensorboard:
        words.append("--tensorboard")
    return f"interrupted; go on with: {shlex.join(words)}"


def _exported(run: Path) -> Path:
    """Return the SavedModel in a run folder, which is exported first where it is missing."""
    from cnnzoo.export.artifact import latest_version, load
    from cnnzoo.export.formats import export

    artifact = load(run)
    base = run / "saved_models"
    return latest_version(base / artifact.card["name"]) or Path(export(artifact, base)[0]["path"])


def evaluate_trained(arguments: argparse.Namespace) -> Answer:
    """The score of a trained network."""
    _start_tensorflow()
    from cnnzoo.evaluation.metrics import evaluate
    from cnnzoo.export.artifact import load

    result = evaluate(load(arguments.name), arguments.split)
    line = "{split} accuracy {accuracy:.2%}, loss {loss:.4f}, of {examples:,}".format(**result)
    return result, [line]


def predict(arguments: argparse.Namespace) -> Answer:
    """Answers to raw input."""
    _start_tensorflow()
    from cnnzoo.export.artifact import load

    answers = load(arguments.name).predict(arguments.inputs)
    return answers, [_answer_line(answer) for answer in answers]


def _answer_line(answer: dict[str, Any]) -> str:
    return f"{answer['input']}: {answer['label']} ({answer['scores'][answer['class_id']]:.2%})"


def export_trained(arguments: argparse.Namespace) -> Answer:
    """The published version, format by format."""
    _start_tensorflow()
    from cnnzoo.export.artifact import load
    from cnnzoo.export.formats import export

    classifier = load(arguments.name)
    with silent_stderr():  # Converters tell much that nobody can act on.
        results = export(classifier, arguments.to, arguments.format.split(","))
    rows = [("format", "bytes", "largest difference", "same labels", "latency", "")]
    rows += [
        (
            one["format"],
            f"{one['bytes']:,}",
            f"{one['max_difference']:.1e}",
            f"{one['label_agreement']:.2%}",
            f"{one['latency_us']:,.0f} us",
            f"{one['compared']:,} {one['examples']} examples",
        )
        for one in results
    ]
    return results, [*_aligned(rows), f"published in {results[0]['path']}"]


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return a table's lines, its first and last columns set to the left, others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)),
                row[-1],
            ]
        ).rstrip()
        for row in rows
    ]


def serve_models(arguments: argparse.Namespace) -> Answer:
    """What a server has answered, once it is stopped."""
    import importlib.util

    if any(importlib.util.find_spec(name) is None for name in _SERVE):
        raise CnnzooError("serving needs more packages; run: pip install 'cnnzoo[serve]'")
    _start_tensorflow()
    from cnnzoo.serving.limits import Limits
    from cnnzoo.serving.server import serve

    limits = Limits(
        instances=arguments.max_instances,
        body=arguments.max_body,
        waiting=arguments.max_waiting,
    )
    number = serve(arguments.folder, arguments.host, arguments.port, limits)
    return {"requests": number}, [f"stopped after {number:,} requests"]


def reproduce_recipe(arguments: argparse.Namespace) -> Answer:
    """The ledger's row of several seeds."""
    from cnnzoo.training.recipe import recipes

    recipes()[arguments.recipe]  # An unknown name is told before TensorFlow starts.
    _start_tensorflow()
    from cnnzoo.training.reproduce import reproduce

    row = reproduce(arguments.recipe, arguments.seeds, Path(arguments.ledger))
    if not row["passed"]:
        raise CnnzooError(
            f"{arguments.recipe} must reach {row['target']:.2%} on average; "
            f"got {row['accuracy_mean']:.2%} over seeds {row['seeds']}"
        )
    line = "{recipe}: {accuracy_mean:.2%} +- {accuracy_std:.2%} over {n} seeds".format(**row)
    return row, [line]


def sweep_recipe(arguments: argparse.Namespace) -> Answer:
    """Runs of all combinations of values, the best on validation data first."""
    _start_tensorflow()
    from cnnzoo.training.sweep import sweep

    over = {field: values.split("|") for field, values in arguments.over}
    out = arguments.out or Path("runs") / arguments.recipe / "sweep"
    rows = sweep(arguments.recipe, over, out)
    return rows, [
        f"{row['validation_accuracy']:.2%} of validation, loss {row['validation_loss']:.4f}, "
        f"{row['seconds']:.0f} s  "
        + " ".join(f"{field}={value}" for field, value in row["fields"].items())
        for row in rows
    ]
