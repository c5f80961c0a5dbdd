"""MR: 10,662 sentences of film reviews, half of them positive, half negative.

The authors define no test split, and Kim (https://arxiv.org/abs/1408.5882) measures by 10-fold
cross-validation over all sentences. Here the test split is that of `sources.in_test_split`.
"""

from __future__ import annotations

from cnnzoo.datasets.dataset import Dataset
from cnnzoo.datasets.sentences import FilePerClass

DATASET = Dataset(
    name="mr",
    class_names=("negative", "positive"),
    sizes={"train": 8_450, "test": 2_212},
    source="https://www.cs.cornell.edu/people/pabo/movie-review-data/",
    citation=(
        "Pang and Lee 2005, Seeing stars: exploiting class relationships for sentiment "
        "categorization with respect to rating scales"
    ),
    license="none stated; the authors ask to be cited",
    read=FilePerClass(
        name="mr",
        sha256={
            "rt-polarity.neg": "4af43bf489620b498a0852c5a8c6a535155dec7985fdfea782b8f7756b957ccc",
            "rt-polarity.pos": "d79ef14009bbf87cd6be21f91c3ea1a3cbcb73b34dfb4231aef7bbcd7677abc4",
        },
        address="https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz",
    ),
)
