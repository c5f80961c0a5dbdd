"""The arguments of `cnnzoo`, and of a recipe that is run as a script."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from cnnzoo.commands import (
    Answer,
    answering,
    doctor,
    experiments,
    exporting,
    inspecting,
    naming,
    showing,
    training,
)
from cnnzoo.commands.arguments import as_field

Command = Callable[[argparse.Namespace], Answer]

_DECLARED = (  # In the order of the help.
    naming.declare_list,
    showing.declare_show,
    naming.declare_cite,
    training.declare_train,
    answering.declare_evaluate,
    answering.declare_predict,
    inspecting.declare_audit,
    inspecting.declare_inspect,
    exporting.declare_export,
    exporting.declare_benchmark,
    exporting.declare_push,
    exporting.declare_serve,
    experiments.declare_reproduce,
    experiments.declare_sweep,
    experiments.declare_compare,
)


class Parser(argparse.ArgumentParser):
    """A parser that names near matches of a mistyped command or choice."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse all arguments, or exit with the usage of the command and what may be meant."""
        found, surplus = self.parse_known_args(args, namespace)
        if surplus:
            parser = getattr(found, "of_command", self)
            options = re.findall(r"--[a-z-]+", parser.format_usage())
            near = difflib.get_close_matches(surplus[0].partition("=")[0], options, n=1)
            hint = as_field(surplus) if "--set" in options else ""
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

    for declare in _DECLARED:
        declare(add)
    one = add("help", naming.show_help, "show what a command expects")
    add("version", naming.show_version, "show the version")
    add("doctor", doctor.examine, "show versions, processor, data sets and extras of this machine")
    one.add_argument(
        "topic", nargs="?", metavar="command", choices=[*subparsers.choices], help="a command"
    )
    one.set_defaults(parser=parser, parsers=subparsers.choices)
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
    training.add_options(parser)
    name = Path(file).stem
    parser.set_defaults(
        command=training.train_recipe, recipe=recipe, run=name, called=["python", file]
    )
    return parser


def _add_json(parser: argparse.ArgumentParser, default: Any) -> None:
    parser.add_argument(
        "--json", action="store_true", default=default, help="print one JSON document"
    )
