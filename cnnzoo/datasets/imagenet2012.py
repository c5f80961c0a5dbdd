"""ImageNet of ILSVRC 2012: 1,281,167 photographs of 1,000 classes, color, read as 224x224.

The set has no test labels: what is named test here is its validation split. Its license wants it
to be downloaded by hand; TFDS says where to put the archives. Classes are WordNet's numbers, in
their order. Pictures stay encoded in TFDS's files.
"""

from __future__ import annotations

from pathlib import Path

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

_SHAPE = (224, 224, 3)
_SOURCE = sources.TFDS(
    "imagenet2012", "5.1.0", splits={"test": "validation"}, shape=_SHAPE, resizing="crop"
)


DATASET = Dataset(
    name="imagenet2012",
    class_names=tuple(Path(__file__).with_suffix(".txt").read_text().split()),
    sizes={"train": 1_281_167, "test": 50_000},
    source="https://image-net.org/challenges/LSVRC/2012/",
    citation=(
        "Russakovsky, Deng, Su, Krause, Satheesh, Ma, Huang, Karpathy, Khosla, Bernstein, Berg and "
        "Fei-Fei 2015, ImageNet large scale visual recognition challenge, "
        "https://arxiv.org/abs/1409.0575"
    ),
    license="for non-commercial research and education only",
    read=_SOURCE,
    encoded=_SOURCE.encoded,
    input_shape=_SHAPE,
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    resizing="crop",
)
