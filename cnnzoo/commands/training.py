"""Training: train, reproduce, sweep."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnzoo.commands import Answer
from cnnzoo.commands.answering import answer_line
from cnnzoo.commands.tables import facts, table
from cnnzoo.errors import CnnzooError
from cnnzoo.extras import install
from cnnzoo.progress import saying
from cnnzoo.quiet import log, start_tensorflow

if TYPE_CHECKING:
    from cnnzoo.config.recipe import Recipe


_FIELDS = {
    option: option for option in ("weights", "seed", "encoding", "skip_unreadable", "leave_out")
}
_FIELDS["data"] = "dataset"  # Options that set a field of the recipe.


def train_recipe(arguments: argparse.Namespace) -> Answer:
    """A run: trained, scored on the test set, exported, and one example predicted."""
    from cnnzoo.config.recipe import resolve

    _read_file(arguments)
    recipe = _recipe(arguments)
    fields = recipe.parse(dict(arguments.set))
    for option, name in _FIELDS.items():
        if getattr(arguments, option) not in (None, False):
            fields[name] = getattr(arguments, option)
    recipe.replace(**fields)  # A wrong field, or no data, is reported before TensorFlow starts.
    if not arguments.resume:
        resolve(arguments.recipe, fields)
    _start()
    from cnnzoo.training.distributed.cluster import cluster
    from cnnzoo.training.run import example_of, train
    from cnnzoo.training.run_folder import folder_of

    options = {
        name: getattr(arguments, name) for name in ("resume", "devices", "workers", "worker")
    }
    found = cluster(arguments.workers, arguments.worker)
    if found is not None and found.place > 0:
        train(arguments.recipe, out=arguments.out, **options, **fields)
        return {"worker": found.place}, [f"done; {found.name(0)} has the run"]
    named = getattr(arguments, "run", arguments.recipe)  # Without either, there is --out.
    folder = folder_of(named, arguments.out, arguments.resume)
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
        f"prediction     {answer_line(answer, served.class_names)}",
        f"next           {shlex.join(['cnnzoo', 'predict', str(run.path), example])}",
    ]


def _read_file(arguments: argparse.Namespace) -> None:
    """Put the recipe of a file in place of the file's path, as when the file itself is run."""
    from cnnzoo.config.recipe_file import SUFFIX, read_recipe

    path = arguments.recipe
    if isinstance(path, str) and path.endswith(SUFFIX):
        arguments.recipe = read_recipe(Path(path))
        arguments.run, arguments.called = Path(path).stem, ["cnnzoo", "train", path]


def _recipe(arguments: argparse.Namespace) -> Recipe:
    """Return the recipe whose fields are set, and name it in `arguments` if the data choose it."""
    from cnnzoo.config.recipe import get_recipe

    if arguments.recipe is None and arguments.resume and arguments.out is not None:
        _start()
        from cnnzoo.training.run_folder import started

        held = started(None, arguments.out)
        if held is not None:
            return held.recipe
    if arguments.recipe is None and (arguments.resume or arguments.data is None):
        arguments.parser.error("a recipe, --data PATH or --resume --out DIR must be given")
    if arguments.recipe is None:
        _start()
        from cnnzoo.training.request import usual_recipe

        arguments.recipe = usual_recipe(arguments.data)
        log(f"recipe  {arguments.recipe}, by the kind of {arguments.data}")
    named = isinstance(arguments.recipe, str)  # Else a script has a recipe of its own.
    return get_recipe(arguments.recipe) if named else arguments.recipe


def _start() -> None:
    from cnnzoo.training import require_tensorflow

    require_tensorflow()
    start_tensorflow()


def _tensorboard(folder: Path) -> list[Any]:
    """Return Keras's callback that writes what TensorBoard shows into the run folder.

    Raises:
        CnnzooError: TensorBoard is not installed.
    """
    import importlib.util

    import keras

    if importlib.util.find_spec("tensorboard") is None:
        raise CnnzooError(f"tensorboard must be installed; run: {install('tensorboard')}")
    return [keras.callbacks.TensorBoard(str(folder / "tensorboard"))]


def _resumption(arguments: argparse.Namespace, folder: Path) -> str:
    """Return what to report when a run is interrupted."""
    from cnnzoo.training.run_folder import holds_run

    if not holds_run(folder):
        return "interrupted before training started; nothing was written"
    recipe = [] if arguments.recipe is None else [arguments.recipe]
    called = getattr(arguments, "called", ["cnnzoo", "train", *recipe])
    words = [*called, "--resume", "--out", str(folder)]
    for name, value in arguments.set:
        words += ["--set", f"{name}={value}"]
    if arguments.weights is not None:
        words += ["--from", arguments.weights]
    if arguments.skip_unreadable:
        words.append("--skip-unreadable")
    if arguments.leave_out is not None:
        words += ["--leave-out", arguments.leave_out]
    for option in ("data", "encoding", "seed", "devices", "workers", "worker"):
        if getattr(arguments, option) is not None:
            words += [f"--{option}", str(getattr(arguments, option))]
    if arguments.tensorboard:
        words.append("--tensorboard")
    return f"interrupted; resume with: {shlex.join(words)}"


def _exported(run: Path) -> Path:
    """Return the SavedModel in a run folder, which is exported first where it is missing."""
    from cnnzoo.export.artifact import latest_version, load
    from cnnzoo.export.formats import export

    artifact = load(run)
    base = run / "saved_models"
    with saying("exporting, and comparing the files with the model"):
        found = latest_version(base / artifact.card["name"])
        return found or Path(export(artifact, base)[0]["path"])


def reproduce_recipe(arguments: argparse.Namespace) -> Answer:
    """The row of the results table, from several seeds."""
    from cnnzoo.config.recipe import recipes

    recipes()[arguments.recipe]  # An unknown name is reported before TensorFlow starts.
    _start()
    from cnnzoo.training.reproduce import reproduce

    ledger, fields = Path(arguments.ledger), dict(arguments.set)
    row = reproduce(arguments.recipe, arguments.seeds, ledger, fields, arguments.corrupted)
    if not row["passed"]:
        raise CnnzooError(
            f"{arguments.recipe} must reach {row['target']:.2%} on average; "
            f"got {row['accuracy_mean']:.2%} over seeds {row['seeds']}"
        )
    line = "{recipe}: {accuracy_mean:.2%} +- {accuracy_std:.2%} over {n} runs".format(**row)
    return row, [line]


def sweep_recipe(arguments: argparse.Namespace) -> Answer:
    """Runs with many values, the best on validation data first."""
    _read_file(arguments)
    _start()
    from cnnzoo.training.sweep import counted, sweep

    fields = [field for field, _ in arguments.over]
    if twice := [field for field in fields if fields.count(field) > 1]:
        raise CnnzooError(
            f"over must name each field once; got {twice[0]} {fields.count(twice[0])} times"
        )
    out = arguments.out or Path("runs") / getattr(arguments, "run", arguments.recipe) / "sweep"
    options = {name: getattr(arguments, name) for name in ("trials", "search", "by", "prune")}
    try:
        rows = sweep(arguments.recipe, dict(arguments.over), out, **options)
    except KeyboardInterrupt:
        raise CnnzooError("interrupted; the same command resumes the sweep") from None
    headings = ("validation\naccuracy", "loss", "epochs", "seconds", "fields")
    lines = table(headings, map(_trial, rows), left=(4,))
    lines += [f"compared  {counted(rows)}", f"picture   {out / 'sweep.png'}"]
    if "recipe" in rows[0]:
        train = shlex.join(["cnnzoo", "train", rows[0]["recipe"]])
        lines += [f"recipe    {rows[0]['recipe']}", f"next      {train}"]
    return rows, lines


def _trial(row: dict[str, Any]) -> tuple[str, ...]:
    """Return what a run of a sweep reached on validation data, with the fields that it tried."""
    from cnnzoo.training.sweep import described

    fields = described(row["fields"])
    if row["validation_loss"] is None:
        return "", "", "", "", f"{fields}: {row['error']}"
    if row["state"] != "finished":
        fields = f"{fields} ({row['state']})"
    accuracy, loss = f"{row['validation_accuracy']:.2%}", f"{row['validation_loss']:.4f}"
    return accuracy, loss, f"{row['epochs']}", f"{row['seconds']:,.0f}", fields


def compare_runs(arguments: argparse.Namespace) -> Answer:
    """What several runs reached and what sets them apart, and a picture of their courses."""
    from cnnzoo.files import write_whole
    from cnnzoo.plot_style import png

    start_tensorflow()
    from cnnzoo.training.comparison import compare
    from cnnzoo.training.sweep import described

    rows, figure = compare(arguments.runs)
    write_whole(arguments.out, png(figure))
    headings = ("run", "validation\naccuracy", "loss", "epoch", "test\naccuracy", "seconds")
    cells = [
        (
            row["run"],
            f"{row['validation_accuracy']:.2%}",
            f"{row['validation_loss']:.4f}",
            f"{row['epoch']} of {row['epochs']}",
            "" if row["test_accuracy"] is None else f"{row['test_accuracy']:.2%}",
            "" if row["seconds"] is None else f"{row['seconds']:,.0f}",
        )
        for row in rows
    ]
    apart = facts((row["run"], described(row["fields"])) for row in rows)
    return rows, [*table(headings, cells), "", *apart, "", f"picture  {arguments.out}"]
