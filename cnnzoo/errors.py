"""What a mistake of the caller raises, and what settings raise that cannot be trained."""

from __future__ import annotations


class CnnzooError(ValueError):
    """A wrong request, argument or file, reported in one sentence without a traceback."""


class TrainingError(CnnzooError):
    """A run whose settings do not work: the loss is no longer a number, or memory ran out."""
