"""Kuzushiji-MNIST: 70,000 cursive Japanese characters, 28x28, gray, in MNIST's format."""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

DATASET = Dataset(
    name="kmnist",
    class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    sizes={"train": 60_000, "test": 10_000},
    source="http://codh.rois.ac.jp/kmnist/index.html.en",
    citation=(
        "Clanuwat, Bober-Irizar, Kitamoto, Lamb, Yamamoto and Ha 2018, Deep learning for classical "
        "Japanese literature, https://arxiv.org/abs/1812.01718"
    ),
    license="CC BY-SA 4.0",
    read=sources.TFDS("kmnist", "3.0.1"),
    input_shape=(28, 28, 1),
    light_on_dark=True,
)
