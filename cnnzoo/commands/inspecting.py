"""Looking into a trained model, and at data: inspect, audit."""

from __future__ import annotations

import argparse

from cnnzoo.commands import Answer
from cnnzoo.commands.arguments import DEFAULT, WITH_CARD, Add, local_path
from cnnzoo.commands.tables import table
from cnnzoo.quiet import start_tensorflow


def declare_audit(add: Add) -> None:
    """Declare `audit`."""
    one = add(
        "audit",
        audit_data,
        "look for wrong labels, copies, outliers and empty examples in data",
    )
    one.add_argument(
        "data", metavar="DATA", help="name of a data set, or your labeled data, as for train"
    )
    one.add_argument(
        "--out",
        type=local_path,
        metavar="DIR",
        help="folder of audit.html and audit.csv (default: audit/NAME)",
    )
    one.add_argument(
        "--encoding", metavar="NAME", help="of your texts, such as cp1252, if they are not UTF-8"
    )
    one.add_argument(
        "--seed", type=int, default=0, metavar="N", help=f"seed of the networks {DEFAULT}"
    )


def declare_inspect(add: Add) -> None:
    """Declare `inspect`."""
    one = add(
        "inspect",
        inspect_trained,
        "write an HTML report: structure, results, mistakes, and what the model looks at",
    )
    one.add_argument("name", help=WITH_CARD)
    one.add_argument(
        "inputs", nargs="*", metavar="FILE|TEXT", help="your inputs to look at, as for predict"
    )
    one.add_argument(
        "--out",
        type=local_path,
        metavar="DIR",
        help="folder of report.html and the pictures (default: inspect in a run folder, "
        "else inspect/NAME)",
    )


def inspect_trained(arguments: argparse.Namespace) -> Answer:
    """A report on a trained model, written."""
    start_tensorflow()
    from cnnzoo.report import write

    found = write(arguments.name, arguments.inputs, arguments.out)
    return found, [
        f"report    {found['report']}",
        f"pictures  {len(found['pictures'])} next to it",
    ]


def audit_data(arguments: argparse.Namespace) -> Answer:
    """A page and a list of what is wrong with data, written."""
    start_tensorflow()
    from cnnzoo.audit.auditing import audit

    found = audit(
        arguments.data, out=arguments.out, encoding=arguments.encoding, seed=arguments.seed
    )
    rows = [(name, f"{count:,}") for name, count in found["findings"].items()]
    return found, [
        f"{found['examples']:,} examples of {found['classes']:,} classes, {found['seconds']:.0f} s",
        *table(("finding", "examples"), rows),
        f"page   {found['page']}",
        f"list   {found['csv']}",
        "next   look at the page, then train without the examples that the list says to leave out:",
        f"       {found['next']}",
    ]
