"""Imagenette: 13,394 photographs of ten of ImageNet's classes, color, brought to 160x160.

The set has no test split: what is named test here is its validation split, of version 2. Its images
have a shorter side of 160 pixels.
"""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

_SHAPE = (160, 160, 3)
_SOURCE = sources.TFDS("imagenette/160px-v2", "1.0.0", splits={"test": "validation"}, shape=_SHAPE)

DATASET = Dataset(
    name="imagenette",
    class_names=(
        *("tench", "English springer", "cassette player", "chain saw", "church"),
        *("French horn", "garbage truck", "gas pump", "golf ball", "parachute"),
    ),
    sizes={"train": 9_469, "test": 3_925},
    source="https://github.com/fastai/imagenette",
    citation=(
        "Howard 2019, Imagenette; Deng, Dong, Socher, Li, Li and Fei-Fei 2009, ImageNet: a "
        "large-scale hierarchical image database"
    ),
    license="none stated; ImageNet's images are for non-commercial research and education only",
    read=_SOURCE,
    encoded=_SOURCE.encoded,
    input_shape=_SHAPE,
)
