"""SMS Spam Collection: 5,574 text messages in English, of which 747 are spam; embedded whole.

The authors define no test split. Here it is that of `sources.in_test_split`: equal messages, of
which there are many, share a split.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset, Examples
from cnnzoo.files import read_xz

SHA256 = "7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d"  # Of the whole file.


def read(split: str) -> Examples:
    """Return texts (str `[examples]`) and labels of `split`, in the order of the source.

    Raises:
        CnnzooError: The embedded file is damaged.
    """
    path = Path(__file__).with_name("sms_spam.xz")
    content = read_xz(path)
    sources.verify(content, SHA256, path)
    rows = [line.split("\t") for line in content.decode().splitlines()]
    chosen = [row for row in rows if sources.in_test_split(row[1]) == (split == "test")]
    texts = np.array([text for _, text in chosen], object)
    return Examples(texts, np.array([kind == "spam" for kind, _ in chosen], np.int64))


DATASET = Dataset(
    name="sms_spam",
    class_names=("ham", "spam"),
    sizes={"train": 4_475, "test": 1_099},
    source="https://doi.org/10.24432/C5CC84",
    citation=(
        "Almeida, Gomez Hidalgo and Yamakami 2011, Contributions to the study of SMS spam "
        "filtering: new collection and results"
    ),
    license="CC BY 4.0; see datasets/NOTICE.md",
    read=read,
)
