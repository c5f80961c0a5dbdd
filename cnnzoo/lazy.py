"""Modules that load at first use, so that listing what the zoo holds never waits for TensorFlow.

Files of models and data sets take Keras and TensorFlow from here: they are read whenever names are
listed, and importing these takes seconds.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any


class _LazyModule(ModuleType):
    """Stands for the module of the same name and imports it when an attribute is read."""

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self.__name__), attribute)


def exports(package: str, origins: dict[str, str]) -> tuple[Callable[[str], Any], list[str]]:
    """Return `__getattr__` and `__all__` for `package`, whose names load from their `origins`.

    Args:
        package: The package's `__name__`.
        origins: Public name -> the module that defines it.
    """

    def load(name: str) -> Any:
        if name not in origins:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(origins[name]), name)

    return load, sorted(origins)


if TYPE_CHECKING:
    import keras
    import tensorflow
else:
    keras = _LazyModule("keras")
    tensorflow = _LazyModule("tensorflow")
