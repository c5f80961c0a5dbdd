"""What is wrong with data: likely label errors, copies, outliers and examples of one value.

This folder shares its name with the public function `cnnzoo.audit(...)`, so it can be called.
"""

import sys
from types import ModuleType
from typing import Any


def audit(*args: Any, **kwargs: Any) -> Any:
    """Look at labeled data; see `cnnzoo.audit.auditing.audit`."""
    from cnnzoo.audit import auditing

    return auditing.audit(*args, **kwargs)


class _CallableModule(ModuleType):
    __call__ = staticmethod(audit)


sys.modules[__name__].__class__ = _CallableModule
