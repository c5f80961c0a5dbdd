import dataclasses

import numpy as np
import pytest

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


@pytest.mark.parametrize(("shape", "dtype"), [((2, 2, 1), np.uint8), ((3, 1), np.int16)])
def test_arrays_on_disk_are_compared_too(shape, dtype, tmp_path):
    values = {"train": [1, 2, 1, 256 + 1, 2], "test": [256, 2, 3]}
    splits = {}
    for split, numbers in values.items():
        np.save(tmp_path / split, np.array([np.full(shape, n) for n in numbers]).astype(dtype))
        mapped = np.load(tmp_path / f"{split}.npy", mmap_mode="r")
        splits[split] = Examples(mapped, np.zeros(len(numbers), np.int64))
    sizes = {split: len(numbers) for split, numbers in values.items()}
    dataset = dataclasses.replace(
        DATASETS["cifar10"], sizes=sizes, read=splits.get, input_shape=shape, sample_rate=8
    )
    facts = describe(dataset)
    # As uint8, 257 is 1.
    assert facts["duplicates"] == {"train": 3 if dtype == np.uint8 else 2, "test": 0}
    assert facts["test_examples_in_train"] == 1
