"""Subj: 10,000 sentences about films, half of them opinions, half of them plots.

The authors define no test split, and Kim (https://arxiv.org/abs/1408.5882) measures by 10-fold
cross-validation over all sentences. Here the test split is that of `sources.in_test_split`.
"""

from __future__ import annotations

from cnnzoo.datasets.dataset import Dataset
from cnnzoo.datasets.sentences import COLLECTION, FilePerClass

DATASET = Dataset(
    name="subj",
    class_names=("objective", "subjective"),
    sizes={"train": 8_000, "test": 2_000},
    source="https://www.cs.cornell.edu/people/pabo/movie-review-data/",
    citation=(
        "Pang and Lee 2004, A sentimental education: sentiment analysis using subjectivity "
        "summarization based on minimum cuts"
    ),
    license="none stated; the authors ask to be cited",
    read=FilePerClass(
        name="subj",
        sha256={
            "subj.objective": "5ddc9b44dc60d64d651347fcd7bdd489b0c70661e3f768215c16eea36f51204a",
            "subj.subjective": "73a2dcf8dc3cbcc7f068a70ef9f021c86b2a8e4dac81566b7fd015b3e938f2c5",
        },
        address=f"{COLLECTION}/raw",
    ),
)
