"""IMDB: 50,000 film reviews, positive or negative."""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

DATASET = Dataset(
    name="imdb_reviews",
    class_names=("neg", "pos"),
    sizes={"train": 25_000, "test": 25_000},
    source="https://ai.stanford.edu/~amaas/data/sentiment/",
    citation=(
        "Maas, Daly, Pham, Huang, Ng and Potts 2011, Learning word vectors for sentiment analysis"
    ),
    license="none stated; the authors ask to be cited",
    read=sources.TFDS("imdb_reviews", "1.0.0", inputs="text"),
)
