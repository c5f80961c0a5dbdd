"""What a recipe asks for, made: the data, and the compiled model with fresh weights."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras

from cnnzoo.datasets import Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.export import artifact
from cnnzoo.models import MODELS, create_model
from cnnzoo.pipelines.augmentation import Augmentation, policy
from cnnzoo.pipelines.batches import steps_per_epoch
from cnnzoo.pipelines.images import preprocessing
from cnnzoo.pipelines.own_data import find
from cnnzoo.pipelines.splits import train_validation
from cnnzoo.training.provenance import versions
from cnnzoo.training.recipe import Recipe


class Job(NamedTuple):
    """What a recipe asks for, made: data and compiled model."""

    training: Examples
    validation: Examples
    steps: int  # An epoch.
    augmentation: Augmentation | None
    model: keras.Model  # Raw images to logits; this is what `fit` trains.
    answers: keras.Model  # Raw images to scores, with the same weights; this is what is saved.
    facts: dict[str, Any]  # For the model card.


def prepare(name: str, recipe: Recipe) -> Job:
    """Read the data and build the model with fresh weights, all from the recipe's seed.

    Raises:
        CnnzooError: A name in the recipe is unknown, or its parts do not fit each other.
    """
    variant = MODELS[recipe.model].VARIANTS[recipe.model]
    dataset = find(recipe.dataset, variant.input_shape)
    shape = _network_shape(dataset, variant)
    keras.utils.set_random_seed(recipe.seed)
    augmentation = policy(recipe.augmentation) if recipe.augmentation else None
    examples = dataset.examples("train")
    training, validation = (
        Examples(examples.inputs[chosen], examples.labels[chosen])
        for chosen in train_validation(examples.labels, recipe.validation)
    )
    steps = steps_per_epoch(len(training.labels), recipe.batch_size)
    network = create_model(recipe.model, input_shape=shape, num_classes=len(dataset.class_names))
    layers = preprocessing(dataset, examples.inputs, shape, recipe.normalisation)
    model = keras.Sequential([keras.Input(dataset.input_shape), *layers, network])
    mixes = augmentation is not None and augmentation.mixes
    _compile(model, recipe, steps, one_hot=mixes)
    answers = artifact.assemble(layers, network, dataset.input_shape)
    facts = {
        "name": name,
        "task": "image classification",
        "dataset": recipe.dataset,
        "model": recipe.model,
        "class_names": list(dataset.class_names),
        "input": {"shape": list(dataset.input_shape), "light_on_dark": dataset.light_on_dark},
        "params": sum(math.prod(weight.shape) for weight in network.trainable_weights),
        "data_source": dataset.source,
        "data_licence": dataset.licence,
        "recipe": recipe.to_json(),
        "versions": versions(),
    }
    return Job(training, validation, steps, augmentation, model, answers, facts)


def _network_shape(dataset: Dataset, variant: Any) -> tuple[int, ...]:
    """Return the shape of the data, its sides no smaller than the network needs.

    Raises:
        CnnzooError: The network takes something else.
    """
    shape = dataset.input_shape
    if len(shape) != len(variant.input_shape):
        raise CnnzooError(f"dataset must hold what the network takes; {dataset.name} does not")
    return (*(max(side, variant.smallest) for side in shape[:-1]), shape[-1])


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
