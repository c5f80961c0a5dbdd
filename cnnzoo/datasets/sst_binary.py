"""SST-2 in whole sentences: 9,613 of film reviews, negative or positive.

The splits are the authors". Kim (https://arxiv.org/abs/1408.5882) also trains on the phrases within
the sentences of the training split, which are not part of these files.
"""

from __future__ import annotations

from cnnzoo.datasets.dataset import Dataset
from cnnzoo.datasets.sentences import COLLECTION, FilePerSplit

DATASET = Dataset(
    name="sst_binary",
    class_names=("negative", "positive"),
    sizes={"train": 6_920, "validation": 872, "test": 1_821},
    source="https://nlp.stanford.edu/sentiment/",
    citation=(
        "Socher et al. 2013, Recursive deep models for semantic compositionality over a sentiment "
        "treebank"
    ),
    license="none stated; the authors ask to be cited",
    read=FilePerSplit(
        name="sst",
        sha256={
            "stsa.binary.train": "71c04bcc41291fa47454dd670df701b14ee9249156babeaac404cfe2c8d74338",
            "stsa.binary.dev": "02fedc82855dbdcabe82c65ed1af6c6570788eaac51073cdb35ee8c7784426d1",
            "stsa.binary.test": "6a80dc9b9a0db2d3b37f2f809304febad31c90ab67a5b4157b7d9f881c53ef5b",
        },
        address=COLLECTION,
        encoding="utf-8",
    ),
)
