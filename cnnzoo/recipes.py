"""The recipes of a source checkout, which stand in `recipes/` next to this package.

In an installed package the folder `cnnzoo/recipes/` holds them and takes this file's place.
"""

from pathlib import Path

__path__ = [str(Path(__file__).resolve().parent.parent / "recipes")]
