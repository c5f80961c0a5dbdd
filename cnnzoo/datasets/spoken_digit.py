"""Free Spoken Digit Dataset, 1.0.9: 2,500 English digits by five speakers, 16 bits, at 8,000 Hz.

As its README has it, the recordings numbered 0 to 4 of each digit and speaker are the test split.
Longer recordings than one second are cut at the end, shorter ones filled up with zeros. TFDS needs
pydub to prepare the set: `pip install '.[audio]'`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset
from cnnzoo.lazy import tensorflow as tf

if TYPE_CHECKING:
    import tensorflow as tf

_SHAPE = (8_000, 1)


def _belongs(split: str, example: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Return whether a file such as `7_jackson_32.wav` is of `split`."""
    first_five = tf.strings.regex_full_match(example["audio/filename"], r".*_[0-4]\.wav")
    return first_five if split == "test" else tf.logical_not(first_five)


DATASET = Dataset(
    name="spoken_digit",
    class_names=tuple("0123456789"),
    sizes={"train": 2_250, "test": 250},
    source="https://github.com/Jakobovski/free-spoken-digit-dataset",
    citation="Jackson 2016, Free Spoken Digit Dataset",
    license="CC BY-SA 4.0",
    read=sources.TFDS(
        "spoken_digit",
        "1.0.9",
        inputs="audio",
        splits={"test": "train"},
        belongs=_belongs,
        shape=_SHAPE,
    ),
    input_shape=_SHAPE,
    sample_rate=8_000,
)
