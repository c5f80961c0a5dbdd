"""One HTML report of a trained network: what it is, how good, and what it looks at."""

from cnnzoo.lazy import exports

__getattr__, __all__ = exports(__name__, {"write": "cnnzoo.report.report"})
