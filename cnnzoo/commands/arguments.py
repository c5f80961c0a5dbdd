"""What arguments of several commands share: texts of help, types, and the option `--set`."""

from __future__ import annotations

import argparse
import difflib
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cnnzoo.addresses import is_address
from cnnzoo.errors import CnnzooError

WITH_CARD = "run folder, artifact, name of shipped weights, or hf://USER/NAME[@REVISION]"
TRAINED = f"exported SavedModel, {WITH_CARD}"
RECIPE = "name of a recipe; see `cnnzoo list recipes`"
RECIPE_OR_FILE = "name of a recipe, or a recipe's .py file; see `cnnzoo list recipes`"
DEFAULT = "(default: %(default)s)"

Add = Callable[..., argparse.ArgumentParser]  # Of the name, the function and a sentence.


def add_set(one: argparse.ArgumentParser) -> None:
    """Declare `--set`."""
    one.add_argument(
        *("--set",),
        action="append",
        type=assignment,
        default=[],
        metavar="field=value",
        help="replace a field of the recipe; may be repeated",
    )


def add_cluster(one: argparse.ArgumentParser, what: str) -> None:
    """Declare `--on`, `--cpus` and `--gpus`, for `what` the cluster does at a time."""
    one.add_argument(
        "--on",
        metavar="CLUSTER",
        help="Ray cluster that does it: ray, for the cores of this machine, or ray://HOST:PORT",
    )
    one.add_argument(
        *("--cpus",),
        type=positive,
        metavar="N",
        help=f"cores of each {what} on the cluster (default: 1)",
    )
    one.add_argument(
        *("--gpus",),
        type=float,
        metavar="N",
        help=f"GPUs of each {what} on the cluster, or a share of one (default: 0)",
    )


def cluster(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments `on`, `cpus` and `gpus` of what is done on a cluster, or here.

    Raises:
        CnnzooError: Cores or GPUs are given without a cluster.
    """
    given = {name: getattr(arguments, name) for name in ("cpus", "gpus")}
    for name, value in given.items():
        if value is not None and arguments.on is None:
            raise CnnzooError(f"{name} must stand with --on, for a cluster; got {value} alone")
    return {"on": arguments.on, "cpus": given["cpus"] or 1, "gpus": given["gpus"] or 0}


def assignment(text: str) -> tuple[str, str]:
    """Return the name and the value of "field=value"."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"must be field=value; got {text!r}")
    return name, value


def recipe_name(text: str) -> str:
    """Return the name of a recipe, or refuse what sets a field of one."""
    hint = as_field([text])
    if hint:
        raise argparse.ArgumentTypeError(f"must be a name; got {text!r}{hint}")
    return text


def positive(text: str) -> int:
    """Return a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1; got {text!r}")
    return int(text)


def local_path(text: str) -> Path:
    """Return a path of this machine."""
    if is_address(text):
        raise argparse.ArgumentTypeError(f"must be a path of this machine; got {text!r}")
    return Path(text)


def path_or_address(text: str) -> Path | str:
    """Return a path of this machine, or an address as it is."""
    return text if is_address(text) else Path(text)


def png_path(text: str) -> Path:
    """Return the path of a picture."""
    if not text.lower().endswith(".png"):
        raise argparse.ArgumentTypeError(f"must end in .png; got {text!r}")
    return local_path(text)


def as_field(words: Sequence[str]) -> str:
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
