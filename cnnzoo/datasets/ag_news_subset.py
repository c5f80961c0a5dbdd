"""AG News: 127,600 news descriptions on four topics."""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

DATASET = Dataset(
    name="ag_news_subset",
    class_names=("World", "Sports", "Business", "Sci/Tech"),
    sizes={"train": 120_000, "test": 7_600},
    source="http://groups.di.unipi.it/~gulli/AG_corpus_of_news_articles.html",
    citation=(
        "Zhang, Zhao and LeCun 2015, Character-level convolutional networks for text "
        "classification, https://arxiv.org/abs/1509.01626"
    ),
    license="for non-commercial use only",
    read=sources.TFDS("ag_news_subset", "1.0.0", inputs="description"),
)
