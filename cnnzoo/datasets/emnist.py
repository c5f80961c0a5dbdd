"""EMNIST, balanced: 131,600 handwritten digits and letters, 28x28, gray, in MNIST's format.

Letters whose two cases look alike share a class. Images are stored with rows and columns exchanged;
here they stand upright.
"""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

DATASET = Dataset(
    name="emnist",
    class_names=tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"),
    sizes={"train": 112_800, "test": 18_800},
    source="https://www.nist.gov/itl/products-and-services/emnist-dataset",
    citation=(
        "Cohen, Afshar, Tapson and van Schaik 2017, EMNIST: extending MNIST to handwritten "
        "letters, https://arxiv.org/abs/1702.05373"
    ),
    license="none stated; the authors ask to be cited",
    read=sources.TFDS("emnist/balanced", "3.1.0", transposed=True),
    input_shape=(28, 28, 1),
    light_on_dark=True,
)
