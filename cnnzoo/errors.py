"""The one exception that a mistake of the caller raises."""

from __future__ import annotations


class CnnzooError(ValueError):
    """A mistake in what was asked for or handed over, told in one sentence without a traceback."""
