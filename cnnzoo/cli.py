"""The command line: `cnnzoo`, and recipes that are run as scripts.

With --json, standard output holds one JSON document; all else goes to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cnnzoo.commands.parser import command_parser, script_parser
from cnnzoo.errors import CnnzooError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 failed, 2 the line is wrong."""
    return _run(command_parser().parse_args(argv))


def train_script(file: str, about: str) -> int:
    """Train the recipe whose file is run as a script, and return the exit code, as `main` does.

    Args:
        file: The recipe's file.
        about: Its docstring.
    """
    from cnnzoo import recipes

    path = Path(file).resolve()
    if not any(path.parent == Path(folder).resolve() for folder in recipes.__path__):
        return _fail(f"{file} must be in {recipes.__path__[0]} to be run; or call cnnzoo.train")
    return _run(script_parser(path.stem, Path(sys.argv[0]).name, about).parse_args())


def _run(arguments: argparse.Namespace) -> int:
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


if __name__ == "__main__":
    sys.exit(main())
