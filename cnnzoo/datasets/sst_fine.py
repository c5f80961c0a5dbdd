"""SST-1: 11,855 sentences of film reviews, from very negative to very positive.

The splits are the authors". Kim (https://arxiv.org/abs/1408.5882) also trains on the phrases within
the sentences of the training split, which are not part of these files.
"""

from __future__ import annotations

from cnnzoo.datasets.dataset import Dataset
from cnnzoo.datasets.sentences import COLLECTION, FilePerSplit

DATASET = Dataset(
    name="sst_fine",
    class_names=("very negative", "negative", "neutral", "positive", "very positive"),
    sizes={"train": 8_544, "validation": 1_101, "test": 2_210},
    source="https://nlp.stanford.edu/sentiment/",
    citation=(
        "Socher et al. 2013, Recursive deep models for semantic compositionality over a sentiment "
        "treebank"
    ),
    license="none stated; the authors ask to be cited",
    read=FilePerSplit(
        name="sst",
        sha256={
            "stsa.fine.train": "9b52b5f686ed438d4d0274c385369251b3d579b578fddd340ba8a9bae2ca4bee",
            "stsa.fine.dev": "b2f76c62b960f9fda5c6d751edb125abab4f878eb94a8754239b7f4af647f4c3",
            "stsa.fine.test": "0e2ebb450c231f7b3d67fc932066e7bb26ae7bad8c88488f45ed44ef02eb3c73",
        },
        address=COLLECTION,
        encoding="utf-8",
    ),
)
