"""Completion of command lines in a shell, by argcomplete."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from typing import Any


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks how a command line may go on, and exit; else do nothing."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser, default_completer=_proposals)  # type: ignore[arg-type]


def _proposals(prefix: str, action: argparse.Action, **_: Any) -> Iterable[str]:
    """Return the names that an argument may have, and files."""
    from argcomplete.completers import FilesCompleter

    from cnnzoo.config.recipe import list_recipes
    from cnnzoo.weights import list_weights

    names = {"recipe": list_recipes, "name": list_weights}.get(action.dest)
    return [*(names() if names else ()), *FilesCompleter()(prefix)]
