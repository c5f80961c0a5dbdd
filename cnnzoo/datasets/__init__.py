"""The data sets that exist: raw examples, and what one must know about them."""

from __future__ import annotations

import sys

from cnnzoo.datasets.dataset import Dataset, Examples
from cnnzoo.registry import Registry, modules

__all__ = ["DATASETS", "Dataset", "Examples", "list_datasets", "load_dataset"]

DATASETS: Registry[Dataset] = Registry("dataset", "cnnzoo list datasets")
for _module in modules(sys.modules[__name__]):
    if hasattr(_module, "DATASET"):
        DATASETS.add(_module.DATASET.name, _module.DATASET)


def list_datasets(pattern: str = "*") -> list[str]:
    """Return the names of the data sets that match the shell-style `pattern`.

    Raises:
        CnnzooError: The pattern is not text.
    """
    return DATASETS.names(pattern)


def load_dataset(name: str, split: str = "train") -> Examples:
    """Return the raw examples of `split`, in the order of the source.

    Args:
        name: One of `list_datasets()`.
        split: One of the data set's splits, "train" or "test", or a slice of one by examples or
            percent, such as "train[:10%]"; `cnnzoo.eval_batches` gives it as a tf.data set.

    Returns:
        Inputs and `labels` (int64 `[examples]`). Inputs are images (uint8 `[examples, height,
        width, channels]`), texts (str `[examples]`) or sounds (int16 `[examples, samples, 1]`).

    Raises:
        CnnzooError: The name or the split is unknown, or the data are damaged.
    """
    return DATASETS[name].examples(split)
