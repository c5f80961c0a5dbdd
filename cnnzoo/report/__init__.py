"""One HTML report of a trained model: what it is, how accurate, and what it looks at."""

from cnnzoo.lazy import exports

__getattr__, __all__ = exports(__name__, {"write": "cnnzoo.report.report"})
