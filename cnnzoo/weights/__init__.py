"""Trained networks that come with the package, one artifact a recipe, in this folder."""

from pathlib import Path

FOLDER = Path(__path__[0])


def list_weights(pattern: str = "*") -> list[str]:
    """Return the names of the shipped networks that match the shell-style `pattern`."""
    return sorted(path.stem for path in FOLDER.glob(f"{pattern}.keras"))
