"""What lets the file of a recipe be run: `python recipes/mnist_lenet5.py --help`."""

from __future__ import annotations

import importlib
import sys


def run(name: str, file: str) -> None:
    """Train the recipe in `file` and end the process, if `name` says that the file is run.

    Args:
        name: The file's `__name__`.
        file: Its `__file__`.
    """
    if name == "__main__":
        # By its name: a recipe that is imported, and all of `config`, need no command line.
        sys.exit(importlib.import_module("cnnzoo.cli").train_script(file, sys.modules[name]))
