"""The command line: list, show, train, evaluate, predict, export, serve, inspect,
reproduce, sweep.

With --json, standard output holds one JSON document; all else goes to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnnzoo.commands import answering, exporting, inspecting, naming, training
from cnnzoo.errors import CnnzooError
from cnnzoo.serving.limits import Limits


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 failed, 2 the line is wrong."""
    arguments = _parser().parse_args(argv)
    # Whatever a library prints on standard output would spoil the JSON document.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            result, lines = arguments.command(arguments)
        except CnnzooError as error:
            return _fail(str(error))
        except KeyboardInterrupt:
            return _fail("interrupted")
        except OSError as error:
            return _fail(f"{error.filename or 'a file'} cannot be used: {error.strerror or error}")
        except MemoryError:
            return _fail("memory ran out; a smaller batch_size needs less")
    try:
        print(json.dumps(result, indent=1) if arguments.json else "\n".join(lines), flush=True)
    except BrokenPipeError:  # The reader, such as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _fail(message: str) -> int:
    print(f"cnnzoo: {message}", file=sys.stderr)
    return 1


class _Parser(argparse.ArgumentParser):
    """A parser that names near matches of a mistyped command or choice."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = list(action.choices or [])
        if choices and value not in choices:
            what = action.metavar or action.dest
            near = difflib.get_close_matches(str(value), choices, n=2, cutoff=0.5)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise argparse.ArgumentError(
                None, f"{what} must be one of {', '.join(choices)}; got {value!r}{hint}"
            )


class _Version(argparse.Action):
    """Print the version, which is looked up when it is asked for."""

    def __call__(self, *_: Any) -> None:
        from cnnzoo.version import __version__

        print(f"cnnzoo {__version__}")
        raise SystemExit(0)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"must be field=value; got {text!r}")
    return name, value


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1; got {text!r}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="cnnzoo", description="A zoo of small convolutional networks.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    subparsers = parser.add_subparsers(dest="name_of_command", metavar="command", required=True)

    def command(name: str, function: Any, about: str) -> argparse.ArgumentParser:
        added = subparsers.add_parser(name, help=about, description=about)
        added.add_argument("--json", action="store_true", help="print one JSON document")
        added.set_defaults(command=function)
        return added

    one = command("list", naming.list_names, "list names")
    one.add_argument("kind", choices=naming.KINDS, metavar="kind", help=", ".join(naming.KINDS))
    one.add_argument(
        "pattern", nargs="?", default="*", help="shell-style pattern, such as 'lenet*'"
    )

    one = command("show", naming.show, "show what is known of a model, a data set or a recipe")
    one.add_argument("name")
    one.add_argument("--out", type=Path, help="picture of a data set to write, a PNG file")

    one = command(
        "train",
        training.train_recipe,
        "train, choose the epoch by validation, score the test set, export",
    )
    one.add_argument("recipe")
    one.add_argument(
        "--out", type=Path, help="run folder (default: the next number in runs/RECIPE/)"
    )
    one.add_argument(
        "--data",
        metavar="PATH",
        help="one's own data in place of the data set: a folder with a folder of images or texts a "
        "class, or with a file of sentences a class; a .csv, .tsv or .jsonl file, its columns in "
        "brackets if not text and label: 'reviews.csv[review,stars]'; or a .npz file of arrays",
    )
    one.add_argument("--seed", type=int, help="seed of weights, order and augmentation")
    one.add_argument(
        "--resume", action="store_true", help="go on with the run in --out, or the latest"
    )
    one.add_argument("--devices", type=int, help="GPUs to use, or logical CPU devices without any")
    one.add_argument(
        "--workers", metavar="HOST:PORT,...", help="all machines that train together, the same list"
    )
    one.add_argument("--worker", type=int, help="place of this machine in --workers, from 0")
    one.add_argument(
        "--tensorboard", action="store_true", help="write RUN/tensorboard, for TensorBoard"
    )
    one.add_argument(
        *("--set",),
        action="append",
        type=_assignment,
        default=[],
        metavar="field=value",
        help="replace a field of the recipe; may be repeated",
    )

    trained = "run folder, artifact, exported SavedModel, or shipped name"
    with_card = "run folder, artifact or shipped name"
    one = command("evaluate", answering.evaluate_trained, "score a trained network")
    one.add_argument("name", help=trained)
    one.add_argument("--split", default="test", help="test, validation or train")

    one = command("predict", answering.predict, "answer raw input")
    one.add_argument("name", help=trained)
    one.add_argument(
        "inputs",
        nargs="+",
        metavar="FILE|TEXT",
        help="PNG, JPEG, WAV or .npy file, or for a network over texts the text itself",
    )

    one = command(
        "export", exporting.export_trained, "publish the next version, each file of it proved equal"
    )
    one.add_argument("name", help=with_card)
    one.add_argument("--to", default="saved_models", help="folder of all exported models")
    one.add_argument(
        "--format",
        default="savedmodel,litert",
        help="formats beside the SavedModel, separated by commas: litert, litert_float16, "
        "litert_int8, onnx (default: savedmodel,litert)",
    )

    one = command(
        "inspect",
        inspecting.inspect_trained,
        "write an HTML report: structure, results, mistakes, and what the network looks at",
    )
    one.add_argument("name", help=with_card)
    one.add_argument(
        "inputs", nargs="*", metavar="FILE|TEXT", help="one's own to look at, as for predict"
    )
    one.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of report.html and the pictures (default: inspect in a run folder, "
        "else inspect/NAME)",
    )

    one = command("serve", exporting.serve_models, "answer over HTTP as TensorFlow Serving does")
    one.add_argument("folder", type=Path, help="of exported models, such as saved_models")
    default = "(default: %(default)s)"
    one.add_argument("--host", default="127.0.0.1", help=f"address to listen at {default}")
    one.add_argument("--port", type=int, default=8501, help=f"port, or 0 for a free one {default}")
    for name, value, what in (
        ("instances", Limits.instances, "examples in a request"),
        ("body", Limits.body, "bytes of a request's body"),
        ("waiting", Limits.waiting, "requests that may wait"),
    ):
        one.add_argument(
            f"--max-{name}", type=_positive, default=value, metavar="N", help=f"{what} {default}"
        )

    one = command(
        "reproduce",
        training.reproduce_recipe,
        "train with several seeds and write the ledger's row",
    )
    one.add_argument("recipe")
    one.add_argument("--seeds", type=int, default=5, help="number of seeds, from 0 (default: 5)")
    one.add_argument("--ledger", default="results.csv", help="file of the ledger")

    one = command(
        "sweep",
        training.sweep_recipe,
        "train with every combination of values, compare on validation",
    )
    one.add_argument("recipe")
    one.add_argument(
        "--over",
        action="append",
        type=_assignment,
        required=True,
        metavar="'field=value|value'",
        help="values of a field, with | between; may be repeated",
    )
    one.add_argument(
        "--out", type=Path, help="folder of the runs (default: runs/RECIPE/sweep); resumable"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
