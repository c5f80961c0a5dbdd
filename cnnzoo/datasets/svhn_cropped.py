"""Street View House Numbers: 99,289 digits cropped from photographs, 32x32, color."""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

DATASET = Dataset(
    name="svhn_cropped",
    class_names=tuple("0123456789"),
    sizes={"train": 73_257, "test": 26_032},
    source="http://ufldl.stanford.edu/housenumbers/",
    citation=(
        "Netzer, Wang, Coates, Bissacco, Wu and Ng 2011, Reading digits in natural images with "
        "unsupervised feature learning"
    ),
    license="for non-commercial use only",
    read=sources.TFDS("svhn_cropped", "3.1.0"),
    input_shape=(32, 32, 3),
    mean=(0.4377, 0.4438, 0.4728),
    std=(0.1980, 0.2010, 0.1970),
)
