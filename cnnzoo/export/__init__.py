"""The artifact, which predicts from raw input, and the formats it is exported to.

This folder shares its name with the public function `cnnzoo.export(...)`, so it can be called.
"""

import sys
from types import ModuleType
from typing import Any


def export(*args: Any, **kwargs: Any) -> Any:
    """Publish a classifier; see `cnnzoo.export.formats.export`."""
    from cnnzoo.export import formats

    return formats.export(*args, **kwargs)


class _CallableModule(ModuleType):
    __call__ = staticmethod(export)


sys.modules[__name__].__class__ = _CallableModule
