"""Augmentation given as a layer."""

import json

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import MixUp, PadCrop, Policy, RandomFlip, RandomShift
from cnnzoo.training.distributed.distribution import Distribution
from cnnzoo.training.networks import prepare


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("shift2", RandomShift(2)),
        ("pad_crop_flip_mixup", Policy([PadCrop(4, flip=True), MixUp()])),
    ],
)
def test_a_layer_gives_the_batches_of_the_policy_of_its_kind(name, layer, small):
    recipe = cnnzoo.get_recipe("mnist_lenet5").replace(**{**small, "augmentation": name})
    batches = [
        next(iter(prepare(recipe, Distribution(50), augmentation=one)[1].pipeline.train()))
        for one in (None, layer)
    ]
    for one, other in zip(*batches, strict=True):
        assert np.array_equal(one, other)


def test_a_layer_that_mixes_labels_is_trained_with(small, tmp_path):
    run = cnnzoo.train("mnist_lenet5", out=tmp_path / "run", augmentation=MixUp(), **small)
    assert run.accuracy > 0.5


def test_a_layer_of_keras_is_remembered_and_checked(small, tmp_path):
    def train(layer, **options):
        fields = {**small, "augmentation": layer, "epochs": 1}
        return cnnzoo.train("mnist_lenet5", out=tmp_path / "run", **fields, **options)

    run = train(keras.layers.RandomRotation(0.1))
    card = cnnzoo.load(run.path).card
    assert card["recipe"]["augmentation"] == "RandomRotation"
    assert card["augmentation"]["config"]["layer"]["config"]["factor"] == [-0.1, 0.1]
    stored = json.loads((run.path / "recipe.json").read_text())["augmentation"]
    assert stored == card["augmentation"]
    (run.path / "metrics.json").unlink()
    assert train(keras.layers.RandomRotation(0.1), resume=True).accuracy == run.accuracy
    (run.path / "metrics.json").unlink()
    with pytest.raises(CnnzooError, match=r"augmentation must be the one that .*; Ra"):
        train(keras.layers.RandomRotation(0.2), resume=True)
    with pytest.raises(CnnzooError, match="recipe must be the one that .* changed: augmentation"):
        train("shift2", resume=True)


def test_what_is_no_layer_is_refused(small, tmp_path):
    with pytest.raises(CnnzooError, match="augmentation must be text or none; got <class"):
        cnnzoo.train("mnist_lenet5", out=tmp_path / "run", augmentation=RandomFlip, **small)
    mixing = keras.layers.MixUp()
    with pytest.raises(CnnzooError, match="layer must leave labels as they are; cnnzoo has MixUp"):
        cnnzoo.train("mnist_lenet5", out=tmp_path / "run", augmentation=mixing, **small)


def test_a_rate_is_found_under_a_layer(small):
    fields = {**small, "augmentation": keras.layers.RandomRotation(0.1)}
    fields.pop("learning_rate")
    assert len(cnnzoo.find_learning_rate("mnist_lenet5", steps=3, **fields).rates) == 3
