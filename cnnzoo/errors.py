"""The one exception that a mistake of the caller raises."""

from __future__ import annotations


class CnnzooError(ValueError):
    """A wrong request, argument or file, reported in one sentence without a traceback."""
