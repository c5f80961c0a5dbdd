"""MPQA: 10,606 phrases of news, whose opinion is positive or negative.

The authors define no test split, and Kim (https://arxiv.org/abs/1408.5882) measures by 10-fold
cross-validation over all sentences. Here the test split is that of `sources.in_test_split`.
"""

from __future__ import annotations

from cnnzoo.datasets.dataset import Dataset
from cnnzoo.datasets.sentences import COLLECTION, FilePerClass

DATASET = Dataset(
    name="mpqa",
    class_names=("negative", "positive"),
    sizes={"train": 8_444, "test": 2_162},
    source="https://mpqa.cs.pitt.edu/",
    citation=(
        "Wiebe, Wilson and Cardie 2005, Annotating expressions of opinions and emotions in "
        "language, https://doi.org/10.1007/s10579-005-7880-9"
    ),
    license="none stated; the authors ask to be cited",
    read=FilePerClass(
        name="mpqa",
        sha256={
            "mpqa.neg": "02e193d98c7715bc6200bb23dc6d2903482bd80c0432c53c3f3738c636df3f72",
            "mpqa.pos": "f4aaafdd63c439fd2d056149f3b5d200416dabb200a8b7d8f4bf9903981ff8a5",
        },
        address=f"{COLLECTION}/raw",
    ),
)
