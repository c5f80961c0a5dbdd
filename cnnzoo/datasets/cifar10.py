"""CIFAR-10: 60,000 photographs of animals and vehicles, 32x32, color."""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

DATASET = Dataset(
    name="cifar10",
    class_names=(
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
    sizes={"train": 50_000, "test": 10_000},
    source="https://www.cs.toronto.edu/~kriz/cifar.html",
    citation="Krizhevsky 2009, Learning multiple layers of features from tiny images",
    license="none stated; the authors ask to be cited",
    read=sources.TFDS("cifar10", "3.0.2"),
    input_shape=(32, 32, 3),
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2470, 0.2435, 0.2616),
)
