"""What every data set states about itself."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnzoo.errors import CnnzooError
from cnnzoo.registry import unknown

if TYPE_CHECKING:
    import numpy as np

    from cnnzoo.decoding import Resizing


class Examples(NamedTuple):
    """Raw examples and their labels, index by index."""

    # Images: uint8 [examples, height, width, channels]; sounds: int16 [examples, samples, 1];
    # texts: str [examples]. Images that do not fit into memory are EncodedImages.
    inputs: Any
    labels: np.ndarray  # int64 [examples], 0 to classes - 1

    def select(self, indices: Any) -> Examples:
        """Return the examples at `indices`, integers; what is encoded stays encoded."""
        take = getattr(self.inputs, "select", self.inputs.__getitem__)
        return Examples(take(indices), self.labels[indices])


@dataclass(frozen=True)
class Dataset:
    """One data set: what is known of it, and the function that reads a split."""

    name: str
    class_names: tuple[str, ...]
    sizes: Mapping[str, int]  # Split -> number of examples.
    source: str
    citation: str
    license: str
    read: Callable[[str], Examples]
    # Height, width, channels of images; samples and 1 of sounds; empty for texts.
    input_shape: tuple[int, ...] = ()
    # Per channel, over all pixels of the training split, from 0 to 1; empty where not published:
    # training measures them.
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    light_on_dark: bool = False  # Drawings in light ink; a photograph of dark ink is inverted.
    sample_rate: int = 0  # Of sounds, in Hz.
    has_test: bool = True  # False of custom data whose test split is cut here.
    resizing: Resizing = "pad"  # Of encoded images; see cnnzoo.decoding.
    encoded: Callable[[str], Examples] | None = None  # Reads images that stay as they are stored.

    @property
    def kind(self) -> str:
        """What the examples are: "images", "sounds" or "texts"."""
        return {3: "images", 2: "sounds", 0: "texts"}[len(self.input_shape)]

    @property
    def summary(self) -> str:
        """One line: sizes, shape, classes."""
        sizes = ", ".join(f"{size:,} {split}" for split, size in self.sizes.items())
        shape = "x".join(map(str, self.input_shape))
        what = {"images": f"images of {shape}", "texts": "texts"}
        if self.kind == "sounds":
            seconds = self.input_shape[0] / self.sample_rate
            what["sounds"] = f"sounds of {seconds:g} s at {self.sample_rate:,} Hz"
        return f"{sizes} {what[self.kind]}, {len(self.class_names)} classes."

    @property
    def is_here(self) -> bool:
        """Whether the examples can be read without a download."""
        return getattr(self.read, "is_here", True)

    def examples(self, split: str, encoded: bool = False) -> Examples:
        """Return the raw examples of `split`.

        Args:
            split: One of `sizes`, or a slice of one by examples or percent: "train[:10%]".
            encoded: Whether images are to stay as they are stored, if they are files; else those
                that fit are read into memory.

        Raises:
            CnnzooError: The split is unknown, the data are damaged, or they are not on this machine
                and cannot be downloaded.
        """
        part = re.fullmatch(r"(\w+)\[(-?\d+%?)?:(-?\d+%?)?\]", str(split))
        if part:
            whole = self.examples(part[1], encoded)
            ends = (_place(end, len(whole.labels)) for end in part.groups()[1:])
            return whole.select(list(range(len(whole.labels))[slice(*ends)]))
        if not isinstance(split, str) or split not in self.sizes:
            raise CnnzooError(unknown(f"split of {self.name}", split, self.sizes))
        examples = self.encoded(split) if encoded and self.encoded else self.read(split)
        if not len(examples.inputs) == len(examples.labels) == self.sizes[split]:
            raise CnnzooError(
                f"{self.name} must have {self.sizes[split]:,} examples in {split!r}; "
                f"got {len(examples.inputs):,}: its files are damaged or of another version"
            )
        if not len(examples.labels):
            raise CnnzooError(f"{self.name} must have examples in {split!r}; got none")
        if examples.labels.dtype.kind not in "iu":
            raise CnnzooError(
                f"labels of {self.name} must be integers; got {examples.labels.dtype} values, "
                f"such as {examples.labels[0]}"
            )
        lowest, highest = examples.labels.min(), examples.labels.max()
        if lowest < 0 or highest >= len(self.class_names):
            raise CnnzooError(
                f"labels of {self.name} must be from 0 to {len(self.class_names) - 1}; "
                f"got {lowest} to {highest}"
            )
        return examples


def _place(end: str | None, count: int) -> int | None:
    """Return the place that one end of a slice means."""
    if end is None:
        return None
    return round(int(end[:-1]) / 100 * count) if end.endswith("%") else int(end)


_init = Dataset.__init__


def _init_by_any_name(self: Dataset, *values: Any, **fields: Any) -> None:
    """Take `licence=` of version 0.1 too; it goes with 0.3."""
    if "licence" in fields:
        warnings.warn("licence= is now license=; the old name goes", FutureWarning, stacklevel=2)
        fields["license"] = fields.pop("licence")
    _init(self, *values, **fields)


Dataset.__init__ = _init_by_any_name  # type: ignore[method-assign]
