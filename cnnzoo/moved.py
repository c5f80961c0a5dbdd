"""Modules of version 0.1 that were public, or that saved files name, under their new names.

Importing one warns, and gives the module that has taken its place. They go with version 0.3.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MOVED = {
    "cnnzoo.figures": "cnnzoo.plot_style",
    "cnnzoo.pipelines.automatic": "cnnzoo.pipelines.augmentation.automatic",
    "cnnzoo.pipelines.colour": "cnnzoo.pipelines.augmentation.color",
    "cnnzoo.pipelines.geometry": "cnnzoo.pipelines.augmentation.geometry",
    "cnnzoo.pipelines.mixing": "cnnzoo.pipelines.augmentation.mixing",
    "cnnzoo.pipelines.own_data": "cnnzoo.pipelines.custom_data.dataset",
    "cnnzoo.pipelines.own_tensors": "cnnzoo.pipelines.custom_data.tf_data",
    "cnnzoo.pipelines.policies": "cnnzoo.pipelines.augmentation.policies",
    "cnnzoo.training.fields": "cnnzoo.config.fields",
    "cnnzoo.training.recipe": "cnnzoo.config.recipe",
    "cnnzoo.training.schedules": "cnnzoo.config.schedules",
}


class _Finder(MetaPathFinder, Loader):
    """Finds the old names and lets their attributes be those of the new modules."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load the module `name`, if it is one of MOVED."""
        return ModuleSpec(name, self) if name in MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        """Let `module` stand for the new one."""
        old, new = module.__name__, MOVED[module.__name__]
        warnings.warn(f"{old} is now {new}; the old name goes", FutureWarning, stacklevel=2)

        def attribute(name: str) -> Any:
            return getattr(importlib.import_module(new), name)

        vars(module)["__getattr__"] = attribute


def install() -> None:
    """Let the old names be imported."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
