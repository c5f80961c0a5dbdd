"""Modules that load at first use, so that listing what the zoo holds never waits for TensorFlow.

Files of models and data sets take Keras and TensorFlow from here: they are read whenever names are
listed, and importing these takes seconds.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cnnzoo.quiet import silent_stderr, start_tensorflow


class _LazyModule(ModuleType):
    """Stands for the module of the same name and imports it when an attribute is read."""

    def __getattr__(self, attribute: str) -> Any:
        return getattr(_imported(self.__name__), attribute)


def _imported(name: str) -> ModuleType:
    """Import a module and, if it is the first that does, TensorFlow without its messages."""
    if name in sys.modules or "tensorflow" in sys.modules:
        return importlib.import_module(name)
    with silent_stderr():
        module = importlib.import_module(name)
    if "tensorflow" in sys.modules:
        start_tensorflow()
    return module


def exports(package: str, origins: dict[str, str]) -> tuple[Callable[[str], Any], list[str]]:
    """Return `__getattr__` and `__all__` for `package`, whose names load from their `origins`.

    Args:
        package: The package's `__name__`.
        origins: Public name -> the module that defines it.
    """

    def load(name: str) -> Any:
        if name not in origins:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(_imported(origins[name]), name)

    return load, sorted(origins)


if TYPE_CHECKING:
    import keras
    import tensorflow
else:
    keras = _LazyModule("keras")
    tensorflow = _LazyModule("tensorflow")
