"""Yelp polarity: 598,000 reviews of businesses, bad or good."""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

DATASET = Dataset(
    name="yelp_polarity_reviews",
    class_names=("bad", "good"),
    sizes={"train": 560_000, "test": 38_000},
    source="https://www.yelp.com/dataset",
    citation=(
        "Zhang, Zhao and LeCun 2015, Character-level convolutional networks for text "
        "classification, https://arxiv.org/abs/1509.01626"
    ),
    license="Yelp's terms for its open data set",
    read=sources.TFDS("yelp_polarity_reviews", "0.2.0", inputs="text"),
)
