"""What a recipe asks for, made: the data, and the compiled model with fresh weights."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras

from cnnzoo.datasets import Dataset
from cnnzoo.export import artifact
from cnnzoo.models import MODELS, create_model
from cnnzoo.pipelines.batches import steps_per_epoch
from cnnzoo.pipelines.own_data import find
from cnnzoo.pipelines.raw import describe
from cnnzoo.pipelines.splits import train_validation
from cnnzoo.training.feeds import Feed, feed
from cnnzoo.training.provenance import versions
from cnnzoo.training.recipe import Recipe


class Job(NamedTuple):
    """What a recipe asks for, made: data and compiled model."""

    feed: Feed
    steps: int  # An epoch.
    model: keras.Model  # From what the batches hold to logits; this is what `fit` trains.
    answers: keras.Model  # Raw input to scores, with the same weights; this is what is saved.
    facts: dict[str, Any]  # For the model card.


def prepare(name: str, recipe: Recipe) -> Job:
    """Read the data and build the model with fresh weights, all from the recipe's seed.

    Raises:
        CnnzooError: A name in the recipe is unknown, or its parts do not fit each other.
    """
    variant = MODELS[recipe.model].VARIANTS[recipe.model]
    dataset = find(recipe.dataset, variant.input_shape)
    keras.utils.set_random_seed(recipe.seed)
    examples = dataset.examples("train")
    parts = train_validation(examples.labels, recipe.validation)
    steps = steps_per_epoch(len(parts[0]), recipe.batch_size)
    fed = feed(recipe, dataset, examples, parts)
    network = create_model(
        recipe.model,
        input_shape=fed.input_shape,
        num_classes=len(dataset.class_names),
        **fed.options,
        **recipe.model_options,
    )
    model = network
    if fed.fitted:
        model = keras.Sequential([keras.Input(dataset.input_shape), *fed.fitted, network])
    _compile(model, recipe, steps, one_hot=fed.mixes)
    raw = describe(dataset)
    answers = artifact.assemble(fed.layers, network, raw)
    return Job(fed, steps, model, answers, _facts(name, recipe, dataset, network, raw, fed))


def _facts(
    name: str,
    recipe: Recipe,
    dataset: Dataset,
    network: keras.Model,
    raw: dict[str, Any],
    fed: Feed,
) -> dict[str, Any]:
    return {
        "name": name,
        "task": f"{dataset.kind.removesuffix('s')} classification",
        "dataset": recipe.dataset,
        "model": recipe.model,
        "class_names": list(dataset.class_names),
        "input": raw,
        "params": sum(math.prod(weight.shape) for weight in network.trainable_weights),
        **fed.facts,
        "data_source": dataset.source,
        "data_licence": dataset.licence,
        "recipe": recipe.to_json(),
        "versions": versions(),
    }


def _compile(model: keras.Model, recipe: Recipe, steps: int, one_hot: bool) -> None:
    rate = recipe.learning_rate
    if not isinstance(rate, float):
        rate = rate.schedule(steps * recipe.epochs)
    optimizers = {
        "adam": lambda: keras.optimizers.Adam(rate),
        "sgd": lambda: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
    }
    optimizer = optimizers[recipe.optimizer]()
    optimizer.build(model.trainable_variables)
    losses = keras.losses
    loss = losses.CategoricalCrossentropy if one_hot else losses.SparseCategoricalCrossentropy
    model.compile(
        optimizer,
        loss(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,  # XLA halves the speed on a CPU.
    )
