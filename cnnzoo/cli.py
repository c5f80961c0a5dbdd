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
from types import ModuleType

from cnnzoo.commands.completion import complete
from cnnzoo.commands.parser import command_parser, script_parser
from cnnzoo.errors import CnnzooError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 failed, 2 the line is wrong."""
    parser = command_parser()
    complete(parser)
    return _run(parser.parse_args(argv))


def train_script(file: str, module: ModuleType) -> int:
    """Train the recipe whose file is run as a script, and return the exit code, as `main` does.

    A recipe of the package goes by its name, another one, or one that was edited, by its value.

    Args:
        file: The recipe's file.
        module: What the file defines.
    """
    from cnnzoo.config.recipe import recipes

    name = Path(file).stem
    known = name in recipes() and recipes()[name].RECIPE == module.RECIPE
    return _run(script_parser(file, module, name if known else module.RECIPE).parse_args())


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
