"""Fashion-MNIST: 70,000 pictures of clothes, 28x28, gray, in MNIST's format."""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

DATASET = Dataset(
    name="fashion_mnist",
    class_names=(
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    sizes={"train": 60_000, "test": 10_000},
    source="https://github.com/zalandoresearch/fashion-mnist",
    citation="Xiao, Rasul and Vollgraf 2017, Fashion-MNIST, https://arxiv.org/abs/1708.07747",
    license="MIT",
    read=sources.TFDS("fashion_mnist", "3.0.1"),
    input_shape=(28, 28, 1),
    mean=(0.2860,),
    std=(0.3530,),
    light_on_dark=True,
)
