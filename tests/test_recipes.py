"""Every recipe, from raw examples to a served answer, for one short epoch on made-up examples."""

import numpy as np
import pytest

import cnnzoo
from cnnzoo.datasets import Dataset, Examples

SIZES = {"train": 24, "test": 8}
SHORT = {"epochs": 1, "batch_size": 8, "validation": 8, "folds": None}


def made_up(dataset, split):
    """Examples of the data set's kind: noise, or sentences of a few words."""
    random = np.random.RandomState(0)
    count = SIZES[split]
    labels = np.arange(count) % len(dataset.class_names)
    if dataset.kind == "texts":
        words = random.choice(["a", "good", "bad", "film", "question"], (count, 12))
        return Examples(np.array([" ".join(text) for text in words], object), labels)
    dtype = np.uint8 if dataset.kind == "images" else np.int16
    limits = np.iinfo(dtype)
    shape = (count, *dataset.input_shape)
    return Examples(random.randint(limits.min, limits.max, shape, dtype), labels)


@pytest.mark.slow
@pytest.mark.parametrize("name", cnnzoo.list_recipes())
def test_a_short_epoch_ends_in_an_answer(name, tmp_path, monkeypatch):
    monkeypatch.setattr(Dataset, "examples", made_up)
    run = cnnzoo.train(name, out=tmp_path / "run", **SHORT)
    assert run.metrics["examples"] == 8
    assert np.isfinite(run.metrics["loss"])
    (export,) = cnnzoo.export(cnnzoo.load(run.path), tmp_path / "saved_models", ["savedmodel"])
    assert export["max_difference"] <= 1e-5
