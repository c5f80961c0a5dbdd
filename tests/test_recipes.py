"""Every recipe against its data set's kind, and one a family from raw examples to an answer."""

import subprocess
import sys

import numpy as np
import pytest

import cnnzoo
from cnnzoo.config.recipe import recipes
from cnnzoo.datasets import Dataset, Examples
from cnnzoo.models import MODELS
from cnnzoo.training.distributed.distribution import Distribution
from cnnzoo.training.networks import prepare

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


@pytest.fixture(autouse=True)
def _made_up(monkeypatch):
    monkeypatch.setattr(Dataset, "examples", made_up)


def lightest_of_families():
    """Names of recipes, one a family: that of the fewest multiply-adds."""
    chosen = {}
    for name, module in recipes().items():
        family = MODELS[module.RECIPE.model]
        macs = family.VARIANTS[module.RECIPE.model].macs
        chosen[family] = min(chosen.get(family, (macs, name)), (macs, name))
    return sorted(name for _, name in chosen.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", cnnzoo.list_recipes())
def test_its_parts_fit_each_other(name):
    recipe = recipes()[name].RECIPE.replace(**SHORT)
    _, data, networks = prepare(recipe, Distribution(recipe.batch_size))
    assert data.steps == 2
    inputs, labels = next(iter(data.pipeline.train(start_step=0)))
    assert len(inputs.shape) == len(networks.model.input_shape)
    logits = np.zeros((8, *networks.model.output_shape[1:]), "float32")
    assert np.isfinite(np.mean(networks.model.loss(labels, logits)))


@pytest.fixture(scope="module")
def published():
    """Name of a recipe -> the SavedModel of what it trained; the tests below fill it."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize("name", lightest_of_families())
def test_a_short_epoch_ends_in_an_answer(name, published, tmp_path_factory, proving_here):
    folder = tmp_path_factory.mktemp(name)
    run = cnnzoo.train(name, out=folder / "run", **SHORT)
    assert run.metrics["examples"] == 8
    assert np.isfinite(run.metrics["loss"])
    with proving_here():
        rows = cnnzoo.export(cnnzoo.load(run.path), folder / "saved_models", ["savedmodel"])
    assert rows[0]["max_difference"] <= 1e-5
    assert cnnzoo.load(rows[0]["path"]).card["name"] == name  # The guard lets it in.
    published[name] = rows[0]["path"]


LOAD = """
import sys
import tensorflow as tf
for path in sys.argv[1:]:
    signature = tf.saved_model.load(path).signatures["serving_default"]
    ((name, spec),) = signature.structured_input_signature[1].items()
    one = tf.zeros([1, *spec.shape[1:]], spec.dtype) if spec.dtype != tf.string else ["a film"]
    scores = signature(**{name: tf.constant(one)})["scores"]
    assert abs(float(tf.reduce_sum(scores)) - 1) < 1e-3, path
assert "cnnzoo" not in sys.modules
"""


@pytest.mark.slow
def test_plain_tensorflow_answers_with_what_they_trained(published, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *published.values()],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
