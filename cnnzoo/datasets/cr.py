"""CR: 3,775 sentences of customers about cameras, players and phones, praise or complaint.

The authors define no test split, and Kim (https://arxiv.org/abs/1408.5882) measures by 10-fold
cross-validation over all sentences. Here the test split is that of `sources.in_test_split`.
"""

from __future__ import annotations

from cnnzoo.datasets.dataset import Dataset
from cnnzoo.datasets.sentences import COLLECTION, FilePerClass

DATASET = Dataset(
    name="cr",
    class_names=("negative", "positive"),
    sizes={"train": 3_021, "test": 754},
    source="https://www.cs.uic.edu/~liub/FBS/sentiment-analysis.html",
    citation=(
        "Hu and Liu 2004, Mining and summarizing customer reviews, "
        "https://doi.org/10.1145/1014052.1014073"
    ),
    license="none stated; the authors ask to be cited",
    read=FilePerClass(
        name="cr",
        sha256={
            "custrev.neg": "8f29d7fa39f9862764b71f36b193f0674e0056287ffc5bf170edf6db42cc8f83",
            "custrev.pos": "15eeb0b9424043bb3755488e2d8ed97bdaeba464a5c230f213bad075125d2192",
        },
        address=f"{COLLECTION}/raw",
    ),
)
