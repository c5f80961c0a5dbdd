import dataclasses

import numpy as np

from cnnzoo.datasets import DATASETS, Examples
from cnnzoo.inspection.data import describe


def test_duplicates_within_and_across_splits():
    texts = {"train": ["a", "b", "a", "c", "a"], "test": ["b", "d", "d", "a"]}
    labels = {"train": [0, 1, 0, 1, 0], "test": [1, 0, 0, 0]}

    def read(split):
        return Examples(np.array(texts[split], object), np.array(labels[split]))

    sizes = {"train": 5, "test": 4}
    dataset = dataclasses.replace(DATASETS["sms_spam"], sizes=sizes, read=read)
    assert describe(dataset) == {
        "classes": {"train": [3, 2], "test": [3, 1]},
        "duplicates": {"train": 2, "test": 1},
        "test_examples_in_train": 2,
    }


def test_equal_messages_share_a_split():
    facts = describe(DATASETS["sms_spam"])
    assert facts["test_examples_in_train"] == 0
    assert facts["duplicates"]["train"] + facts["duplicates"]["test"] == 403
    assert facts["classes"] == {"train": [3_868, 607], "test": [959, 140]}
