"""Looking into a trained network: inspect."""

from __future__ import annotations

import argparse

from cnnzoo.commands import Answer
from cnnzoo.quiet import start_tensorflow


def inspect_trained(arguments: argparse.Namespace) -> Answer:
    """A report of a trained network, written."""
    start_tensorflow()
    from cnnzoo.report import write

    found = write(arguments.name, arguments.inputs, arguments.out)
    return found, [
        f"report    {found['report']}",
        f"pictures  {len(found['pictures'])} beside it",
    ]
