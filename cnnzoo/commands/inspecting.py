"""Looking into a trained model: inspect."""

from __future__ import annotations

import argparse

from cnnzoo.commands import Answer
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
