"""The examples of an audit: all splits of a data set, with images of one size in memory."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any

import numpy as np

from cnnzoo.datasets import DATASETS, Dataset, Examples
from cnnzoo.datasets.encoded import EncodedImages
from cnnzoo.datasets.prepared import in_memory
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.dataset import Data, find, kind_of
from cnnzoo.pipelines.splits import whole

_SHAPE = (32, 32, 3)  # Of images that are files.


@dataclasses.dataclass(frozen=True)
class Material:
    """What an audit looks at."""

    dataset: Dataset
    unreadable: list[str]  # Paths of images that cannot be read, and are left aside.

    @cached_property
    def stored(self) -> dict[str, Examples]:
        """The examples of each split that has some, with images as they are stored."""
        sizes = self.dataset.sizes
        return {
            split: self.dataset.examples(split, encoded=True) for split in sizes if sizes[split]
        }

    @cached_property
    def decoded(self) -> Dataset:
        """The data set with all images in memory, brought to 32x32 pixels if they are files."""
        small = {split: _small(examples) for split, examples in self.stored.items()}
        first = next(iter(small.values())).inputs
        return dataclasses.replace(
            self.dataset,
            read=small.__getitem__,
            encoded=None,
            input_shape=first.shape[1:] if self.dataset.input_shape else (),
            sizes={split: len(examples.labels) for split, examples in small.items()},
        )

    @cached_property
    def examples(self) -> Examples:
        """The examples of all splits, one split after the other."""
        return whole(self.decoded)

    @property
    def labels(self) -> np.ndarray:
        """Of all examples, int64 `[examples]`."""
        return self.examples.labels

    @cached_property
    def splits(self) -> list[str]:
        """Of all examples."""
        return [split for split, some in self.stored.items() for _ in range(len(some.labels))]

    @cached_property
    def starts(self) -> dict[str, int]:
        """Place of the first example of each split."""
        sizes = [len(some.labels) for some in self.stored.values()]
        return dict(zip(self.stored, np.cumsum([0, *sizes]).tolist(), strict=False))

    def where(self, place: int) -> tuple[str, int]:
        """Return the split of an example, and its index there."""
        split = self.splits[place]
        return split, place - self.starts[split]

    def is_training(self, place: int) -> bool:
        """Return whether an example is of the training split."""
        return self.splits[place] == "train"


def material(data: Data, encoding: str | None = None) -> Material:
    """Return the examples of `data`, which is as for `cnnzoo.train`.

    Raises:
        CnnzooError: There are no such data, they cannot be read, they have no labels or one class
            only, or they are neither images nor texts.
    """
    kind = data.kind if isinstance(data, Dataset) else kind_of(data)
    if kind == "sounds":
        raise CnnzooError(f"data must be images or texts for an audit; got {kind}")
    how: dict[str, Any] = {"complete": False, "encoding": encoding}
    dataset = find(data, _SHAPE if kind == "images" else (), **how)
    if len(dataset.class_names) < 2:
        got = f"{dataset.class_names[0]!r} alone" if dataset.class_names else "none"
        raise CnnzooError(f"data must have labels of two classes or more for an audit; got {got}")
    unreadable = _unreadable(dataset)
    if unreadable:
        dataset = find(data, _SHAPE, skip_unreadable=True, **how)
    return Material(dataset, unreadable)


def _unreadable(dataset: Dataset) -> list[str]:
    """Return the paths of images of your data that cannot be read."""
    if dataset.encoded is None or dataset.name in DATASETS:
        return []
    names = []
    for split in (split for split, size in dataset.sizes.items() if size):
        inputs = dataset.examples(split, encoded=True).inputs
        wrong = inputs.places[inputs.unreadable()].tolist()
        names += [inputs.fetch(place)[1] for place in wrong]
    return names


def _small(examples: Examples) -> Examples:
    inputs = examples.inputs
    if not isinstance(inputs, EncodedImages):
        return examples
    shape = (*_SHAPE[:2], inputs.shape[3])
    small = EncodedImages(inputs.fetch, inputs.places, shape, inputs.resizing)
    return in_memory(examples._replace(inputs=small))
