"""Leads `python recipes/NAME.py` to the package: Python looks for it next to the script, here."""

import importlib
import sys
from pathlib import Path

if __name__ == "cnnzoo":
    _folder = Path(__file__).resolve().parent
    _root = next(one for one in _folder.parents if (one / "cnnzoo" / "__init__.py").is_file())
    sys.path[:] = [str(_root), *(one for one in sys.path if Path(one).resolve() != _folder)]
    del sys.modules[__name__]
    importlib.import_module(__name__)  # The import that led here returns this one.
