"""Trained networks that come with the package: compressed artifacts, one a recipe."""

from pathlib import Path

FOLDER = Path(__path__[0])
SUFFIX = ".keras.xz"


def list_weights(pattern: str = "*") -> list[str]:
    """Return the names of the shipped networks that match the shell-style `pattern`."""
    return sorted(path.name.removesuffix(SUFFIX) for path in FOLDER.glob(f"{pattern}{SUFFIX}"))
