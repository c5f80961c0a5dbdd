"""Scores and distances of every example by small networks that were trained on the others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.config.schedules import Cosine
from cnnzoo.datasets import Dataset, Examples
from cnnzoo.pipelines import splits
from cnnzoo.quiet import log
from cnnzoo.training.distributed.distribution import get_distribution
from cnnzoo.training.fused_kernels import fused
from cnnzoo.training.networks import defaults, prepare
from cnnzoo.training.progress import ProgressBar
from cnnzoo.training.request import suit

FOLDS = 3
_NEIGHBORS, _BANK = 10, 5_000  # The distance is that to the tenth nearest of so many at most.
_BATCH = 500

# Chosen by errors planted in training data of MNIST and Fashion-MNIST; see benchmarks/audit.py.
_GRAY = Recipe(model="lenet5", epochs=4, batch_size=256, learning_rate=Cosine(0.005, warmup=0.1))
_COLOR = _GRAY.replace(model="basic_cnn", epochs=6, learning_rate=Cosine(0.002, warmup=0.1))
_TEXTS = Recipe(
    model="text_cnn_rand",
    tokens=Tokens(max_tokens=20_000, length=256, window=8),
    epochs=2,
    batch_size=64,
    learning_rate=Cosine(0.003, warmup=0.1),
)
_EXAMPLES, _MOST_EPOCHS = 30_000, 10  # To be seen in training; fewer epochs than these, though.


class Judgment(NamedTuple):
    """What networks say of examples that they did not see in training."""

    scores: np.ndarray  # Probabilities, float32 `[examples, classes]`.
    distances: np.ndarray  # To other examples, 1 where usual, float32 `[examples]`.


def recipe_for(dataset: Dataset, seed: int) -> Recipe:
    """Return how the small networks are trained on `dataset`, images or texts."""
    usual = _TEXTS if dataset.kind == "texts" else _COLOR
    if dataset.kind == "images" and dataset.input_shape[2] == 1:
        usual = _GRAY
    count = sum(dataset.sizes.values())
    epochs = max(usual.epochs, min(_EXAMPLES // count, _MOST_EPOCHS))
    # A cut of validation data is a part of every run; here it is as small as can be.
    fields = {"epochs": epochs, "folds": FOLDS, "validation": 1, "seed": seed}
    return suit(usual.replace(**fields), dataset, fields)


def judged(dataset: Dataset, seed: int = 0) -> Judgment:
    """Return the scores and distances of all examples of `dataset`, split after split.

    Each of three networks is trained on two thirds of the examples and judges the others.

    Raises:
        CnnzooError: The data cannot be read.
    """
    examples, recipe = splits.whole(dataset), recipe_for(dataset, seed)
    scores = np.empty((len(examples.labels), len(dataset.class_names)), np.float32)
    distances = np.empty(len(examples.labels), np.float32)
    for fold, (training, held_out) in enumerate(splits.folds(examples.labels, FOLDS)):
        log(f"network {fold + 1} of {FOLDS}  {recipe.model}, {recipe.epochs} epochs")
        with _trained(recipe.replace(fold=fold), dataset) as answers:
            scores[held_out], features = answers(examples.select(held_out))
            bank = np.random.RandomState(seed).permutation(training)[:_BANK]
            found = _distances(features, answers(examples.select(bank))[1])
        distances[held_out] = found / max(float(np.median(found)), 1e-6)
    return Judgment(scores, distances)


Answers = Callable[[Examples], "tuple[np.ndarray, np.ndarray]"]


@contextlib.contextmanager
def _trained(recipe: Recipe, dataset: Dataset) -> Any:
    """Yield a function that returns the scores and features of examples, by a trained network."""
    distribution = get_distribution(recipe.batch_size, 1)
    with distribution.training(), defaults():
        _, data, networks = prepare(recipe, distribution, dataset)
        bar = _Bar(recipe.batch_size, dataset.kind)
        try:
            with fused(networks.model):
                networks.model.fit(
                    data.pipeline.train(start_step=0),
                    epochs=recipe.epochs,
                    steps_per_epoch=data.steps,
                    shuffle=False,
                    verbose=0,
                    callbacks=[bar],
                )
        finally:
            bar.close()
        last = networks.trained.layers[-1]
        both = keras.Model(networks.trained.inputs, [networks.trained.output, last.input])

        def answers(examples: Examples) -> tuple[np.ndarray, np.ndarray]:
            logits, features = [], []
            for begin in range(0, len(examples.labels), _BATCH):
                values = examples.inputs[begin : begin + _BATCH]
                for layer in data.pipeline.layers:
                    values = layer(values)
                found = both(values, training=False)
                logits.append(np.asarray(keras.ops.softmax(found[0])))
                features.append(np.asarray(found[1]).reshape(len(found[1]), -1))
            return np.concatenate(logits), np.concatenate(features)

        yield answers


class _Bar(ProgressBar):
    """The bar of a training run, without a line after each epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Take the bar away."""
        self.close()


def _distances(features: np.ndarray, bank: np.ndarray) -> np.ndarray:
    """Return how far each is from its tenth nearest in `bank`: one minus the cosine.

    Source: Sun et al. 2022, https://arxiv.org/abs/2204.06507: neighbors of normalized features.
    """
    places = min(_NEIGHBORS, len(bank)) - 1
    others = _normalized(bank).T
    found = np.empty(len(features), np.float32)
    for begin in range(0, len(features), _BATCH):
        similar = _normalized(features[begin : begin + _BATCH]) @ others
        found[begin : begin + _BATCH] = 1 + np.partition(-similar, places, axis=1)[:, places]
    return found


def _normalized(features: np.ndarray) -> np.ndarray:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-6)
