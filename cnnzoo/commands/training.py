"""Training: train, reproduce, sweep."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnzoo.addresses import push, shown
from cnnzoo.commands import Answer
from cnnzoo.commands.answering import answer_line
from cnnzoo.commands.arguments import RECIPE_OR_FILE, Add, add_set, path_or_address, recipe_name
from cnnzoo.errors import CnnzooError
from cnnzoo.extras import install
from cnnzoo.progress import saying
from cnnzoo.quiet import log, start_tensorflow

if TYPE_CHECKING:
    from cnnzoo.config.recipe import Recipe
    from cnnzoo.training.run import Run


_FIELDS = {
    option: option for option in ("weights", "seed", "encoding", "skip_unreadable", "leave_out")
}
_FIELDS["data"] = "dataset"  # Options that set a field of the recipe.


def declare_train(add: Add) -> None:
    """Declare `train`."""
    one = add(
        "train",
        train_recipe,
        "train a recipe: choose the epoch on validation data, score on test data, export",
    )
    one.add_argument(
        "recipe",
        nargs="?",
        type=recipe_name,
        help=f"{RECIPE_OR_FILE} (default: that of --out with --resume, or one for the kind of "
        "--data)",
    )
    one.set_defaults(parser=one)
    add_options(one)


def add_options(one: argparse.ArgumentParser) -> None:
    """Declare what `train` and the file of a recipe take."""
    one.add_argument(
        "--out",
        type=path_or_address,
        metavar="DIR",
        help="run folder, or its address, such as s3://bucket/run (default: the next "
        "runs/RECIPE/NUMBER)",
    )
    _add_data(one)
    one.add_argument(
        "--from",
        dest="weights",
        metavar="SOURCE",
        help="trained weights to fine-tune: name of shipped weights, run folder, .keras file, or "
        "imagenet; the same as --set weights=SOURCE",
    )
    one.add_argument(
        "--seed", type=int, metavar="N", help="seed of weights, order and augmentation"
    )
    one.add_argument(
        *("--resume",),
        action="store_true",
        help="resume the run in --out, or the recipe's latest run, as it was started",
    )
    _add_machines(one)
    one.add_argument(
        "--tensorboard", action="store_true", help="write RUN/tensorboard, for TensorBoard"
    )
    add_set(one)


def _add_data(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--data",
        metavar="PATH",
        help="your data in place of the data set: a folder with one folder of images or texts per "
        "class, or with one file of sentences per class; a .csv, .tsv, .jsonl or .parquet file, "
        "its columns in brackets if not text and label: 'reviews.csv[review,stars]'; or a .npz "
        "file of arrays",
    )
    one.add_argument(
        "--encoding", metavar="NAME", help="encoding of your texts if not UTF-8, such as cp1252"
    )
    one.add_argument(
        "--skip-unreadable",
        action="store_true",
        help="leave out images of yours that cannot be read, and count them",
    )
    one.add_argument(
        "--leave-out",
        metavar="FILE",
        help="CSV file of `cnnzoo audit`: training examples that it says to leave out; the same as "
        "--set leave_out=FILE",
    )


def _add_machines(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--devices", type=int, metavar="N", help="GPUs to use, or logical CPU devices without any"
    )
    one.add_argument(
        *("--workers",),
        metavar="HOST:PORT,...",
        help="all machines that train together; the same list on each of them",
    )
    one.add_argument(
        "--worker", type=int, metavar="N", help="index of this machine in --workers, from 0"
    )


def train_recipe(arguments: argparse.Namespace) -> Answer:
    """A run: trained, scored on the test set, exported, and one example predicted."""
    from cnnzoo.config.recipe import resolve

    read_recipe_file(arguments)
    recipe = _recipe(arguments)
    fields = recipe.parse(dict(arguments.set))
    for option, name in _FIELDS.items():
        if getattr(arguments, option) not in (None, False):
            fields[name] = getattr(arguments, option)
    recipe.replace(**fields)  # A wrong field, or no data, is reported before TensorFlow starts.
    if not arguments.resume:
        resolve(arguments.recipe, fields)
    start()
    from cnnzoo.training.distributed.cluster import cluster
    from cnnzoo.training.run import train
    from cnnzoo.training.run_folder import folder_of, run_folder_at

    options = {
        name: getattr(arguments, name) for name in ("resume", "devices", "workers", "worker")
    }
    found = cluster(arguments.workers, arguments.worker)
    if found is not None and found.place > 0:
        train(arguments.recipe, out=arguments.out, **options, **fields)
        return {"worker": found.place}, [f"done; {found.name(0)} has the run"]
    named = getattr(arguments, "run", arguments.recipe)  # Without either, there is --out.
    folder = folder_of(named, run_folder_at(arguments.out), arguments.resume)
    try:
        callbacks = _tensorboard(folder) if arguments.tensorboard else ()
        run = train(arguments.recipe, out=folder, callbacks=callbacks, **options, **fields)
    except KeyboardInterrupt:
        raise CnnzooError(_resumption(arguments, folder)) from None
    return _finished(run)


def _finished(run: Run) -> Answer:
    """Export a finished run, have the export answer to an example, and describe both."""
    from cnnzoo.export.artifact import load
    from cnnzoo.training.run import example_of

    saved_model = _exported(run.path)
    served, example = load(saved_model), example_of(run)
    push(run.path)
    answer = served.predict([example])[0]
    test = run.metrics
    result = {
        "run": shown(run.path),
        "accuracy": run.accuracy,
        "examples": test["examples"],
        "seconds": test["seconds"],
        "artifact": shown(run.artifact),
        "saved_model": shown(saved_model),
        "example": answer,
    }
    return result, [
        f"test accuracy  {run.accuracy:.2%} of {test['examples']:,} {served.raw.name} "
        f"(epoch {test['epoch']} of {test['epochs']}, by validation), {test['seconds']:.0f} s",
        f"run            {shown(run.path)}",
        f"SavedModel     {shown(saved_model)}",
        f"prediction     {answer_line(answer, served.class_names)}",
        f"next           {shlex.join(['cnnzoo', 'predict', shown(run.path), example])}",
    ]


def read_recipe_file(arguments: argparse.Namespace) -> None:
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
        start()
        from cnnzoo.training.run_folder import run_folder_at, started

        held = started(None, run_folder_at(arguments.out))
        if held is not None:
            return held.recipe
    if arguments.recipe is None and (arguments.resume or arguments.data is None):
        arguments.parser.error("a recipe, --data PATH or --resume --out DIR must be given")
    if arguments.recipe is None:
        start()
        from cnnzoo.training.request import usual_recipe

        arguments.recipe = usual_recipe(arguments.data)
        log(f"recipe  {arguments.recipe}, by the kind of {arguments.data}")
    named = isinstance(arguments.recipe, str)  # Else a script has a recipe of its own.
    return get_recipe(arguments.recipe) if named else arguments.recipe


def start() -> None:
    """Import TensorFlow, on which cnnzoo trains, or refuse another backend of Keras."""
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
    words = [*called, "--resume", "--out", shown(folder)]
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
