"""Looking into a trained model, and at data: inspect, audit."""

from __future__ import annotations

import argparse

from cnnzoo.commands import Answer
from cnnzoo.commands.tables import table
from cnnzoo.quiet import start_tensorflow


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
