"""MNIST: 70,000 handwritten digits, 28x28, gray.

The images and labels are next to this file, in the order of the published IDX files; TFDS has the
same ones in another order.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset, Examples
from cnnzoo.files import read_xz

# SHA-256 of a split's images, then its labels, one byte each, as the IDX files hold them.
SHA256 = {
    "train": "edc0d1098aa497be14ace79ddd5171e5a3dcf9c4d196c015389203eb3ba1f59b",
    "test": "c3f9adf9c66efb572b1f9326c3a511b45910c7173b97be66ceceeeeaef6b802b",
}


def read(split: str) -> Examples:
    """Return images (uint8 `[examples, 28, 28, 1]`) and labels of `split`.

    Raises:
        CnnzooError: The data on disk are damaged.
    """
    count = DATASET.sizes[split]
    path = Path(__file__).with_name(f"mnist_{split}.xz")
    content = read_xz(path)
    sources.verify(content, SHA256[split], path)
    values = np.frombuffer(content, np.uint8)
    images = values[: count * 784].reshape(count, 28, 28, 1)
    return Examples(images, values[count * 784 :].astype(np.int64))


DATASET = Dataset(
    name="mnist",
    input_shape=(28, 28, 1),
    class_names=tuple("0123456789"),
    sizes={"train": 60_000, "test": 10_000},
    mean=(0.1307,),
    std=(0.3081,),
    source="http://yann.lecun.com/exdb/mnist/",
    citation=(
        "LeCun, Cortes and Burges, The MNIST database of handwritten digits; LeCun, Bottou, Bengio "
        "and Haffner 1998, Gradient-based learning applied to document recognition"
    ),
    license="CC BY-SA 3.0, as usually quoted; see datasets/NOTICE.md",
    read=read,
    light_on_dark=True,
)
