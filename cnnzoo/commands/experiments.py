"""Many runs: reproduce, sweep and compare."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnnzoo.commands import Answer
from cnnzoo.commands.arguments import (
    DEFAULT,
    RECIPE,
    RECIPE_OR_FILE,
    Add,
    add_cluster,
    add_set,
    assignment,
    cluster,
    local_path,
    png_path,
)
from cnnzoo.commands.tables import facts, table
from cnnzoo.commands.training import read_recipe_file, start
from cnnzoo.errors import CnnzooError
from cnnzoo.quiet import log, start_tensorflow

_SEEDS = 5
_LONGEST = 30  # Path of a run in a table.


def declare_reproduce(add: Add) -> None:
    """Declare `reproduce`."""
    one = add(
        "reproduce",
        reproduce_recipe,
        "train with several seeds and write the recipe's row of the results table",
    )
    one.add_argument("recipe", nargs="?", help=RECIPE)
    one.add_argument(
        *("--all",),
        action="store_true",
        help="make all rows of the results table again, with the seeds and fields that they state",
    )
    one.add_argument(
        "--seeds", type=int, metavar="N", help=f"number of seeds, from 0 (default: {_SEEDS})"
    )
    one.add_argument(
        *("--ledger",),
        type=local_path,
        default="results.csv",
        metavar="FILE",
        help=f"the results table {DEFAULT}",
    )
    one.add_argument(
        *("--corrupted",),
        action="store_true",
        help="score the test images corrupted too, for the column corrupted_accuracy",
    )
    add_set(one)
    add_cluster(one, "run")


def declare_sweep(add: Add) -> None:
    """Declare `sweep`."""
    one = add(
        "sweep",
        sweep_recipe,
        "search values of a recipe's fields: train with many and compare the runs on validation "
        "data; the same command resumes a sweep, or joins it from another process",
    )
    one.add_argument("recipe", help=RECIPE_OR_FILE)
    one.add_argument(
        "--over",
        action="append",
        type=assignment,
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
        type=local_path,
        metavar="DIR",
        help="folder of the sweep, resumed if it holds one (default: runs/RECIPE/sweep)",
    )
    add_cluster(one, "run")


def declare_compare(add: Add) -> None:
    """Declare `compare`."""
    one = add(
        "compare",
        compare_runs,
        "show runs side by side: what they reached, what sets them apart, and their courses",
    )
    one.add_argument("runs", nargs="+", metavar="run", help="run folders, two or more")
    one.add_argument(
        *("--out",),
        type=png_path,
        default=Path("comparison.png"),
        metavar="FILE",
        help=f"PNG to write {DEFAULT}",
    )


def reproduce_recipe(arguments: argparse.Namespace) -> Answer:
    """The row of the results table, from several seeds, or all rows."""
    if arguments.all:
        return _reproduce_all(arguments)
    if arguments.recipe is None:
        raise CnnzooError("recipe must be given, or --all; got neither")
    from cnnzoo.config.recipe import recipes

    recipes()[arguments.recipe]  # An unknown name is reported before TensorFlow starts.
    on = cluster(arguments)
    start()
    from cnnzoo.training.reproduce import reproduce

    ledger, fields = Path(arguments.ledger), dict(arguments.set)
    seeds = _SEEDS if arguments.seeds is None else arguments.seeds
    row = reproduce(arguments.recipe, seeds, ledger, fields, arguments.corrupted, **on)
    if not row["passed"]:
        raise CnnzooError(_missed(row))
    return row, [_row(row)]


def _reproduce_all(arguments: argparse.Namespace) -> Answer:
    """All rows of the results table."""
    for name in ("recipe", "seeds", "corrupted", "set"):
        if getattr(arguments, name):
            got = f"{name} {getattr(arguments, name)!r}"
            raise CnnzooError(f"all must stand without recipe and fields of its own; got {got}")
    on = cluster(arguments)
    start()
    from cnnzoo.training.reproduce import reproduce_all

    rows, errors = reproduce_all(Path(arguments.ledger), **on)
    errors += [_missed(row) for row in rows if not row["passed"]]
    for line in map(_row, rows) if errors else ():
        log(line)
    if errors:
        raise CnnzooError("; ".join(errors))
    return rows, [_row(row) for row in rows]


def _row(row: dict[str, Any]) -> str:
    return "{recipe}: {accuracy_mean:.2%} +- {accuracy_std:.2%} over {n} runs".format(**row)


def _missed(row: dict[str, Any]) -> str:
    return (
        f"{row['recipe']} must reach {row['target']:.2%} on average; "
        f"got {row['accuracy_mean']:.2%} over seeds {row['seeds']}"
    )


def sweep_recipe(arguments: argparse.Namespace) -> Answer:
    """Runs with many values, the best on validation data first."""
    read_recipe_file(arguments)
    start()
    from cnnzoo.training.sweep import counted, sweep

    fields = [field for field, _ in arguments.over]
    if twice := [field for field in fields if fields.count(field) > 1]:
        raise CnnzooError(
            f"over must name each field once; got {twice[0]} {fields.count(twice[0])} times"
        )
    out = arguments.out or Path("runs") / getattr(arguments, "run", arguments.recipe) / "sweep"
    asked = ("trials", "search", "by", "prune")
    options = {**{name: getattr(arguments, name) for name in asked}, **cluster(arguments)}
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
    names = _names([row["run"] for row in rows])
    cells = [
        (
            name,
            f"{row['validation_accuracy']:.2%}",
            f"{row['validation_loss']:.4f}",
            f"{row['epoch']} of {row['epochs']}",
            "" if row["test_accuracy"] is None else f"{row['test_accuracy']:.2%}",
            "" if row["seconds"] is None else f"{row['seconds']:,.0f}",
        )
        for name, row in zip(names, rows, strict=True)
    ]
    apart = facts((name, described(row["fields"])) for name, row in zip(names, rows, strict=True))
    return rows, [*table(headings, cells), "", *apart, "", f"picture  {arguments.out}"]


def _names(runs: Sequence[str]) -> list[str]:
    """Return how to call run folders: by their paths or, where these are long, what differs."""
    if max(map(len, runs)) <= _LONGEST:
        return [*runs]
    common = os.path.commonpath([os.path.dirname(os.path.abspath(run)) for run in runs])
    return [os.path.relpath(run, common) for run in runs]
