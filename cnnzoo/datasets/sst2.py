"""SST-2: phrases of film reviews, positive or negative, as GLUE has them.

GLUE's test split has no labels: what is named test here is its validation split of sentences.
"""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

DATASET = Dataset(
    name="sst2",
    class_names=("negative", "positive"),
    sizes={"train": 67_349, "test": 872},
    source="https://nlp.stanford.edu/sentiment/",
    citation=(
        "Socher et al. 2013, Recursive deep models for semantic compositionality over a sentiment "
        "treebank; Wang et al. 2019, GLUE, https://arxiv.org/abs/1804.07461"
    ),
    license="none stated; the authors ask to be cited",
    read=sources.TFDS("glue/sst2", "2.0.0", inputs="sentence", splits={"test": "validation"}),
)
