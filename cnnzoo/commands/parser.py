"""The arguments of `cnnzoo`, and of a recipe that is run as a script."""

from __future__ import annotations

import argparse
import difflib
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from cnnzoo.commands import (
    Answer,
    answering,
    doctor,
    exporting,
    inspecting,
    naming,
    showing,
    training,
)
from cnnzoo.serving.limits import Limits

WITH_CARD = "run folder, artifact, name of shipped weights, or hf://USER/NAME[@REVISION]"
TRAINED = f"exported SavedModel, {WITH_CARD}"
RECIPE = "name of a recipe; see `cnnzoo list recipes`"
RECIPE_OR_FILE = "name of a recipe, or a recipe's .py file; see `cnnzoo list recipes`"
DEFAULT = "(default: %(default)s)"

Command = Callable[[argparse.Namespace], Answer]


class Parser(argparse.ArgumentParser):
    """A parser that names near matches of a mistyped command or choice."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse all arguments, or exit with the usage of the command and what may be meant."""
        found, surplus = self.parse_known_args(args, namespace)
        if surplus:
            parser = getattr(found, "of_command", self)
            options = re.findall(r"--[a-z-]+", parser.format_usage())
            near = difflib.get_close_matches(surplus[0].partition("=")[0], options, n=1)
            hint = _as_field(surplus) if "--set" in options else ""
            hint = hint or "".join(f"; did you mean {name}?" for name in near)
            parser.error(f"unrecognized arguments: {' '.join(surplus)}{hint}")
        return found

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = list(action.choices or [])
        if choices and value not in choices:
            what = action.metavar or action.dest
            near = difflib.get_close_matches(str(value).lower(), choices, n=2, cutoff=0.5)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise argparse.ArgumentError(
                None, f"{what} must be one of {', '.join(choices)}; got {value!r}{hint}"
            )


class _Version(argparse.Action):
    """Print the version, which is looked up only then."""

    def __call__(self, *_: Any) -> None:
        (line,) = naming.show_version(argparse.Namespace())[1]
        print(line)
        raise SystemExit(0)


def command_parser() -> Parser:
    """Return the parser of `cnnzoo`; what it finds has `command`, the function to call."""
    parser = Parser(prog="cnnzoo", description="A zoo of small convolutional networks.")
    parser.add_argument("-V", "--version", action=_Version, nargs=0, help="show the version")
    _add_json(parser, default=False)
    subparsers = parser.add_subparsers(dest="name_of_command", metavar="command", required=True)

    def add(name: str, function: Command, about: str) -> argparse.ArgumentParser:
        added = subparsers.add_parser(name, help=about, description=about)
        _add_json(added, default=argparse.SUPPRESS)  # Else it would undo one before the command.
        added.set_defaults(command=function, of_command=added)
        return added

    for declare in (_naming, _training, _evaluating, _exporting, _experiments):
        declare(add)
    one = add("help", naming.show_help, "show what a command expects")
    one.add_argument(
        "topic", nargs="?", metavar="command", choices=[*subparsers.choices], help="a command"
    )
    one.set_defaults(parser=parser, parsers=subparsers.choices)
    add("version", naming.show_version, "show the version")
    add("doctor", doctor.examine, "show versions, processor, data sets and extras of this machine")
    return parser


def script_parser(file: str, module: ModuleType, recipe: Any) -> Parser:
    """Return the parser of a recipe's file that is run: `cnnzoo train` without the recipe's name.

    Args:
        file: Of the recipe.
        module: What the file defines.
        recipe: What to train: its name or its value.
    """
    parser = Parser(
        prog=Path(file).name,
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_json(parser, default=False)
    _add_options_of_training(parser)
    name = Path(file).stem
    parser.set_defaults(
        command=training.train_recipe, recipe=recipe, run=name, called=["python", file]
    )
    return parser


def _add_json(parser: argparse.ArgumentParser, default: Any) -> None:
    parser.add_argument(
        "--json", action="store_true", default=default, help="print one JSON document"
    )


def _naming(add: Callable[..., argparse.ArgumentParser]) -> None:
    one = add("list", naming.list_names, "list models, data sets, recipes or shipped weights")
    one.add_argument(
        *("kind",),
        nargs="?",
        choices=[*naming.KINDS],
        metavar="kind",
        help=f"{', '.join(naming.KINDS)}; by default, what each of these is",
    )
    one.add_argument(
        "pattern", nargs="?", default="*", help="shell-style pattern, such as 'lenet*'"
    )
    one = add("show", showing.show, "show what is known of a model, a data set or a recipe")
    one.add_argument("name", help="of a model, a data set or a recipe")
    one.add_argument(
        "--out", type=Path, metavar="FILE", help="PNG to write: a picture of a model or a data set"
    )
    one = add("cite", naming.cite, "print BibTeX of a model, a data set or a recipe")
    one.add_argument("name", help="of a model, a data set, a recipe or shipped weights")


def _training(add: Callable[..., argparse.ArgumentParser]) -> None:
    one = add(
        "train",
        training.train_recipe,
        "train a recipe: choose the epoch on validation data, score on test data, export",
    )
    one.add_argument(
        "recipe",
        nargs="?",
        type=_recipe_name,
        help=f"{RECIPE_OR_FILE} (default: that of --out with --resume, or one for the kind of "
        "--data)",
    )
    one.set_defaults(parser=one)
    _add_options_of_training(one)


def _add_options_of_training(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--out", type=Path, metavar="DIR", help="run folder (default: the next runs/RECIPE/NUMBER)"
    )
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
    one.add_argument(
        "--tensorboard", action="store_true", help="write RUN/tensorboard, for TensorBoard"
    )
    _add_set(one)


def _add_set(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        *("--set",),
        action="append",
        type=_assignment,
        default=[],
        metavar="field=value",
        help="replace a field of the recipe; may be repeated",
    )


def _evaluating(add: Callable[..., argparse.ArgumentParser]) -> None:
    one = add("evaluate", answering.evaluate_trained, "score a trained model")
    one.add_argument("name", help=TRAINED)
    one.add_argument(
        "--split",
        help="test, validation, train or all (default: test, or all of other data than those of "
        "training that have no test split)",
    )
    one.add_argument(
        "--data",
        metavar="PATH",
        help="your labeled data to score instead, as for train; classes are matched by name",
    )
    one.add_argument(
        "--encoding", metavar="NAME", help="of your texts, such as cp1252, if they are not UTF-8"
    )
    one.add_argument(
        "--corrupted",
        nargs="?",
        const=True,
        default=False,
        metavar="NAME,...",
        help="score images corrupted too, at five strengths: by noise, blur, fog and others, or by "
        "these alone",
    )
    one.add_argument(
        *("--out",),
        type=Path,
        metavar="FILE",
        help="PNG to write with --corrupted: each corruption of an image, and the accuracy",
    )

    one = add("predict", answering.predict, "predict the class of raw inputs")
    one.add_argument("name", help=TRAINED)
    one.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="PNG, JPEG, WAV or .npy file, or the text itself for a text model; a folder, for all "
        "files below it; or a .csv, .tsv, .jsonl or .parquet table with a column text or image, or "
        "the column in brackets: 'reviews.csv[review]'",
    )
    one.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help=".csv, .jsonl or .parquet file to write, one row per input, in constant memory; the "
        "same command continues a .csv or .jsonl file after an interruption",
    )
    one.add_argument(
        "--top", type=int, metavar="N", help="best classes to give of each input (default: 1)"
    )
    unknown = one.add_mutually_exclusive_group()
    unknown.add_argument(
        "--threshold",
        type=float,
        metavar="X",
        help="call an input unknown if its familiarity, from 0 to 1, is below X (default: the "
        "card's, which refuses 1%% of validation data)",
    )
    unknown.add_argument("--no-unknown", action="store_true", help="always give a class")
    one = add(
        "audit",
        inspecting.audit_data,
        "look for wrong labels, copies, outliers and empty examples in data",
    )
    one.add_argument(
        "data", metavar="DATA", help="name of a data set, or your labeled data, as for train"
    )
    one.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of audit.html and audit.csv (default: audit/NAME)",
    )
    one.add_argument(
        "--encoding", metavar="NAME", help="of your texts, such as cp1252, if they are not UTF-8"
    )
    one.add_argument(
        "--seed", type=int, default=0, metavar="N", help=f"seed of the networks {DEFAULT}"
    )
    one = add(
        "inspect",
        inspecting.inspect_trained,
        "write an HTML report: structure, results, mistakes, and what the model looks at",
    )
    one.add_argument("name", help=WITH_CARD)
    one.add_argument(
        "inputs", nargs="*", metavar="FILE|TEXT", help="your inputs to look at, as for predict"
    )
    one.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of report.html and the pictures (default: inspect in a run folder, "
        "else inspect/NAME)",
    )


def _exporting(add: Callable[..., argparse.ArgumentParser]) -> None:
    one = add(
        "export",
        exporting.export_trained,
        "export the next version of a trained model, each file verified against the model",
    )
    one.add_argument("name", help=WITH_CARD)
    one.add_argument(
        "--out", default="saved_models", metavar="DIR", help=f"folder of all exports {DEFAULT}"
    )
    one.add_argument(
        "--name", dest="as_name", metavar="NAME", help="of the export (default: the card's)"
    )
    one.add_argument("--to", help=argparse.SUPPRESS)  # The name of version 0.1; goes with 0.3.
    one.add_argument(
        "--format",
        default="savedmodel,litert",
        help="formats in addition to the SavedModel, separated by commas: litert, litert_float16, "
        f"litert_int8, onnx, micro, html (a page to try it, one file) {DEFAULT}",
    )
    one = add(
        "benchmark",
        exporting.benchmark_trained,
        "measure each format of a trained model here: bytes, accuracy, latency and memory",
    )
    one.add_argument("name", help=WITH_CARD)
    one.add_argument(
        "--data", metavar="PATH", help="your labeled data to score instead, as for evaluate"
    )
    one.add_argument("--out", type=Path, metavar="FILE", help="PNG to draw the figures in")
    one = add(
        "push",
        exporting.push_trained,
        "push a trained model and its card to a site of models, for others to load",
    )
    one.add_argument("name", help=WITH_CARD)
    one.add_argument(
        "address", help="hf://USER/NAME[@BRANCH]; repository and branch are created where missing"
    )
    one = add(
        "serve", exporting.serve_models, "serve predictions over HTTP, as TensorFlow Serving does"
    )
    one.add_argument("folder", type=Path, help="folder of exported models, such as saved_models")
    one.add_argument("--host", default="127.0.0.1", help=f"address to listen on {DEFAULT}")
    one.add_argument("--port", type=int, default=8501, help=f"port, or 0 for a free one {DEFAULT}")
    for name, value, what in (
        ("instances", Limits.instances, "examples per request"),
        ("body", Limits.body, "bytes per request"),
        ("waiting", Limits.waiting, "requests that may wait"),
    ):
        one.add_argument(
            f"--max-{name}", type=_positive, default=value, metavar="N", help=f"{what} {DEFAULT}"
        )


def _experiments(add: Callable[..., argparse.ArgumentParser]) -> None:
    one = add(
        "reproduce",
        training.reproduce_recipe,
        "train with several seeds and write the recipe's row of the results table",
    )
    one.add_argument("recipe", help=RECIPE)
    one.add_argument(
        "--seeds", type=int, default=5, metavar="N", help=f"number of seeds, from 0 {DEFAULT}"
    )
    one.add_argument(
        "--ledger", default="results.csv", metavar="FILE", help=f"the results table {DEFAULT}"
    )
    one.add_argument(
        *("--corrupted",),
        action="store_true",
        help="score the test images corrupted too, for the column corrupted_accuracy",
    )
    _add_set(one)
    _sweeping(add)
    _comparing(add)


def _comparing(add: Callable[..., argparse.ArgumentParser]) -> None:
    one = add(
        "compare",
        training.compare_runs,
        "show runs side by side: what they reached, what sets them apart, and their courses",
    )
    one.add_argument("runs", nargs="+", metavar="run", help="run folders, two or more")
    one.add_argument(
        *("--out",),
        type=Path,
        default=Path("comparison.png"),
        metavar="FILE",
        help=f"PNG to write {DEFAULT}",
    )


def _sweeping(add: Callable[..., argparse.ArgumentParser]) -> None:
    one = add(
        "sweep",
        training.sweep_recipe,
        "search values of a recipe's fields: train with many and compare the runs on validation "
        "data; the same command resumes a sweep, or joins it from another process",
    )
    one.add_argument("recipe", help=RECIPE_OR_FILE)
    one.add_argument(
        "--over",
        action="append",
        type=_assignment,
        required=True,
        metavar="'field=VALUES'",
        help="values of a field, separated by commas or |, or a range of numbers, such as 16..128, "
        "or 1e-3..1e-1:log to count each decade alike; may be repeated",
    )
    one.add_argument(
        "--trials", type=int, metavar="N", help="runs in all (default: all of a grid, or else 20)"
    )
    one.add_argument(
        "--search",
        choices=["grid", "random", "tpe"],
        metavar="search",
        help="grid: all combinations; random; or tpe: Bayesian, by what was good so far (default: "
        "grid, or tpe with a range or --trials)",
    )
    one.add_argument(
        "--by",
        choices=["accuracy", "loss"],
        metavar="by",
        default="accuracy",
        help=f"what is compared, on validation data: accuracy or loss {DEFAULT}",
    )
    one.add_argument(
        "--prune",
        action=argparse.BooleanOptionalAction,
        help="end a run after an epoch in which it is below the median of those before (default: "
        "unless it is a grid)",
    )
    one.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of the sweep, resumed if it holds one (default: runs/RECIPE/sweep)",
    )


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"must be field=value; got {text!r}")
    return name, value


def _recipe_name(text: str) -> str:
    hint = _as_field([text])
    if hint:
        raise argparse.ArgumentTypeError(f"must be a name; got {text!r}{hint}")
    return text


def _as_field(words: Sequence[str]) -> str:
    """Return a hint if `words`, as "--epochs 2" or "epochs=2", set a field of a recipe, or ''."""
    from cnnzoo.config.recipe import Recipe

    name, _, value = words[0].lstrip("-").partition("=")
    field = name.replace("-", "_")
    first, dot, rest = field.partition(".")
    near = difflib.get_close_matches(first, Recipe.__dataclass_fields__, n=1, cutoff=0.8)
    if not near:
        return ""
    field = f"{near[0]}{dot}{rest}"
    value = value or (words[1] if len(words) > 1 else "VALUE")
    return f"; to set a field of the recipe: --set {shlex.quote(f'{field}={value}')}"


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1; got {text!r}")
    return int(text)
