"""What every data set states about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from cnnzoo.errors import CnnzooError
from cnnzoo.registry import unknown

if TYPE_CHECKING:
    import numpy as np


class Examples(NamedTuple):
    """Raw examples and their labels, index by index."""

    images: np.ndarray  # uint8 [examples, height, width, channels]
    labels: np.ndarray  # int64 [examples], 0 to classes - 1


@dataclass(frozen=True)
class Dataset:
    """One data set: facts, and the function that reads a split."""

    name: str
    input_shape: tuple[int, int, int]  # Height, width, channels.
    class_names: tuple[str, ...]
    sizes: Mapping[str, int]  # Split -> number of examples.
    mean: tuple[float, ...]  # A channel, over all pixels of the training split, of 0 to 1.
    std: tuple[float, ...]
    source: str
    citation: str
    licence: str
    read: Callable[[str], Examples]
    light_on_dark: bool = False  # Drawings in light ink; a photograph of dark ink is inverted.

    @property
    def summary(self) -> str:
        """One line: sizes, shape, classes."""
        sizes = ", ".join(f"{size:,} {split}" for split, size in self.sizes.items())
        shape = "x".join(map(str, self.input_shape))
        return f"{sizes} images of {shape}, {len(self.class_names)} classes."

    def examples(self, split: str) -> Examples:
        """Return the raw examples of `split`.

        Raises:
            CnnzooError: The split is unknown or the data are damaged.
        """
        if split not in self.sizes:
            raise CnnzooError(unknown(f"split of {self.name}", split, self.sizes))
        return self.read(split)
