"""A recipe in a file of Python, as in recipes/: read and written."""

from __future__ import annotations

import dataclasses
import json
import runpy
from pathlib import Path
from typing import Any

from cnnzoo.config import recipe as _recipe
from cnnzoo.config import schedules
from cnnzoo.config.fields import Fields
from cnnzoo.config.recipe import Recipe
from cnnzoo.errors import CnnzooError
from cnnzoo.files import read, write_whole

SUFFIX = ".py"


def read_recipe(path: Path) -> Recipe:
    """Return the `RECIPE` of the file at `path`, which is run for it, as `python PATH` would.

    Raises:
        CnnzooError: There is no such file, it fails, or it makes no `RECIPE`.
    """
    read(path)
    try:
        found = runpy.run_path(str(path), run_name=path.stem).get("RECIPE")
    except CnnzooError as error:
        raise CnnzooError(f"{path} holds no valid recipe: {error}") from error
    except (Exception, SystemExit) as error:  # Whatever the file raises.
        raise CnnzooError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    if not isinstance(found, Recipe):
        raise CnnzooError(f"{path} must define RECIPE, a Recipe; got {found!r}")
    return found


def write_recipe(path: Path, recipe: Recipe, about: str) -> None:
    """Write the file of `recipe`, whose docstring is `about`.

    Raises:
        OSError: It cannot be written.
    """
    lines = [
        f"    {field.name}={_source(getattr(recipe, field.name))},"
        for field in dataclasses.fields(recipe)
        if getattr(recipe, field.name) != _default(field)
    ]
    about = about.replace("\\", r"\\").replace('"', r"\"")
    content = [
        f'"""{about}\n"""\n',
        *_imports(recipe),
        "from cnnzoo.config.script import run\n",
        "RECIPE = Recipe(",
        *lines,
        ")\n",
        "run(__name__, __file__)\n",
    ]
    write_whole(path, "\n".join(content).encode())


def _default(field: dataclasses.Field[Any]) -> Any:
    made = field.default_factory
    return field.default if made is dataclasses.MISSING else made()


def _source(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _imports(recipe: Recipe) -> list[str]:
    values = [recipe, *vars(recipe).values()]
    kinds = {type(value) for value in values if isinstance(value, Fields)}
    lines = []
    for module in (_recipe, schedules):
        names = sorted(one.__name__ for one in kinds if one.__module__ == module.__name__)
        if names:
            lines.append(f"from {module.__name__} import {', '.join(names)}")
    return lines
