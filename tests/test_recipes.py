"""Every recipe against its data set's kind, and one per family up to a prediction."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from narrow import narrow

import cnnzoo
from cnnzoo.config.recipe import recipes
from cnnzoo.datasets import DATASETS, Dataset, Examples, mnist
from cnnzoo.models import MODELS, create_model
from cnnzoo.pipelines.augmentation import CutMix, MixUp, policy
from cnnzoo.training import networks
from cnnzoo.training.distributed.distribution import Distribution

SIZES = {"train": 24, "validation": 8, "test": 8}
SHORT = {"epochs": 1, "batch_size": 8, "validation": 8, "folds": None}


def made_up(dataset, split, encoded=False):
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
    """Names of recipes, one per family: that of the fewest multiply-adds."""
    chosen = {}
    for name, module in recipes().items():
        if module.RECIPE.dataset is None:
            continue
        family = MODELS[module.RECIPE.model]
        macs = family.VARIANTS[module.RECIPE.model].macs
        chosen[family] = min(chosen.get(family, (macs, name)), (macs, name))
    return sorted(name for _, name in chosen.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", cnnzoo.list_recipes())
def test_its_parts_fit_each_other(name):
    recipe = recipes()[name].RECIPE.replace(**SHORT)
    if recipe.dataset is None:
        recipe = recipe.replace(dataset="sms_spam" if recipe.tokens else "cifar10")
    _, data, prepared = networks.prepare(recipe, Distribution(recipe.batch_size))
    own = "validation" in DATASETS[recipe.dataset].sizes  # Else it is cut from the training split.
    assert data.steps == (3 if own else 2)
    inputs, labels = next(iter(data.pipeline.train(start_step=0)))
    assert len(inputs.shape) == len(prepared.model.input_shape)
    logits = np.zeros((8, *prepared.model.output_shape[1:]), "float32")
    assert np.isfinite(np.mean(prepared.model.loss(labels, logits)))


@pytest.fixture(scope="module")
def published():
    """Name of a recipe -> the SavedModel of what it trained; the tests below fill it."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize("name", lightest_of_families())
def test_a_short_epoch_ends_in_a_prediction(
    name, published, tmp_path_factory, proving_here, monkeypatch
):
    monkeypatch.setattr(
        networks, "create_model", lambda *given, **also: narrow(create_model(*given, **also))
    )
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
def test_plain_tensorflow_runs_what_they_trained(published, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *published.values()],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr


ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = {
    "file": [str(ROOT / "recipes" / "mnist_lenet5.py")],
    "module": ["-m", "cnnzoo.recipes.mnist_lenet5"],
}


def as_script(form, *arguments, cwd, python=(sys.executable,)):
    """Run the recipe in a fresh process."""
    return script([*SCRIPTS[form], *arguments], cwd, python)


def script(arguments, cwd, python):
    environment = {**os.environ, "TFDS_DATA_DIR": os.devnull, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*python, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        check=False,
    )


@pytest.mark.parametrize("form", SCRIPTS)
def test_a_recipe_is_a_script(form, tmp_path):
    done = as_script(form, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: mnist_lenet5.py [-h]")
    assert "LeNet-5 as taught today" in done.stdout
    assert all(one in done.stdout for one in ("--seed", "--set", "--out", "--resume"))
    done = as_script(form, "--set", "epoch=1", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("cnnzoo: recipe field 'epoch' is unknown; did you mean epochs")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def few_digits(tmp_path_factory):
    """A file of 400 digits."""
    path = tmp_path_factory.mktemp("digits") / "digits.npz"
    images, labels = mnist.read("train")
    np.savez(path, x_train=images[:400], y_train=labels[:400])
    return path


@pytest.mark.slow
def test_a_script_trains_its_recipe(few_digits, warm_python, tmp_path):
    """As a file; as a module it finds that there is nothing left to do."""
    short = ("--set", "epochs=1", "--data", few_digits, "--seed", "3", "--out", "run")
    done = as_script("file", *short, "--json", cwd=tmp_path, python=warm_python)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"] == "run"
    recipe = json.loads((tmp_path / "run" / "recipe.json").read_text())["recipe"]
    assert (recipe["model"], recipe["epochs"], recipe["seed"]) == ("lenet5", 1, 3)
    again = as_script("module", *short, "--json", "--resume", cwd=tmp_path, python=warm_python)
    assert json.loads(again.stdout) == json.loads(done.stdout)


@pytest.mark.slow
def test_a_script_with_another_recipe_trains_that(few_digits, warm_python, tmp_path):
    text = (ROOT / "recipes" / "mnist_mlp.py").read_text()
    path = tmp_path / "narrow.py"
    path.write_text(re.sub("epochs=[0-9]+", "epochs=1", text))
    done = script([str(path), "--data", few_digits, "--json"], tmp_path, warm_python)
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)["run"]
    assert run == "runs/narrow/1"
    recipe = json.loads((tmp_path / run / "recipe.json").read_text())["recipe"]
    assert (recipe["epochs"], recipe["model"]) == (1, "mlp")


@pytest.mark.parametrize("name", cnnzoo.list_recipes())
def test_what_show_prints_is_what_set_takes(name):
    recipe, other = cnnzoo.get_recipe(name), cnnzoo.get_recipe("mnist_mlp")
    assert other.replace(**other.parse(recipe.to_text())) == recipe


@pytest.mark.parametrize("name", cnnzoo.list_recipes())
def test_every_recipe_ends_as_a_script(name):
    lines = (ROOT / "recipes" / f"{name}.py").read_text().splitlines()
    assert lines[-1] == "run(__name__, __file__)"


@pytest.mark.parametrize(("name", "kind"), [("mixup", MixUp), ("cutmix", CutMix)])
def test_mixing_alone_is_a_policy(name, kind):
    recipe = cnnzoo.get_recipe("mnist_lenet5").replace(augmentation=name)
    assert type(policy(recipe.augmentation)) is kind
