"""What a recipe asks for, made: the data, and the compiled model with fresh weights."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import keras

from cnnzoo.config.recipe import Recipe, resolve
from cnnzoo.datasets import DATASETS, Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.export import artifact
from cnnzoo.export.card import limits
from cnnzoo.export.classifier import Classifier, of_training
from cnnzoo.inspection.cost import layer_costs
from cnnzoo.models import create_model
from cnnzoo.pipelines.batches import steps_per_epoch
from cnnzoo.pipelines.custom_data.dataset import find
from cnnzoo.pipelines.input_types import describe
from cnnzoo.pipelines.splits import Split, training_data
from cnnzoo.training.distributed.distribution import Distribution
from cnnzoo.training.feeds import Feed, InputSpec, feed, input_spec
from cnnzoo.training.losses import loss
from cnnzoo.training.optimizers import optimizer
from cnnzoo.training.provenance import versions
from cnnzoo.training.run_folder import fingerprint, structure_digest


class Job(NamedTuple):
    """What a recipe asks for, made: data and compiled model.

    Two networks of the same weights: one is trained, in the recipe's precision and by whatever
    makes training fast; the other is served, and takes over the trained weights after each epoch.
    """

    feed: Feed
    validation: Examples  # Raw.
    batch_size: int
    steps: int  # An epoch.
    network: keras.Model  # The trained one.
    accuracy: keras.metrics.Metric  # Of a begun epoch.
    model: keras.Model  # From what the batches hold to its logits; this is what `fit` trains.
    served: keras.Model  # The other network.
    answers: keras.Model  # From raw input to its scores; this is what is saved.
    classifier: Classifier  # Of `answers`.
    averaged: bool  # Whether the average of the weights is served.
    where: Distribution
    metadata: dict[str, Any]  # For the model card.


def resolved(
    recipe: str | Recipe, data: Dataset | None, fields: Mapping[str, Any]
) -> tuple[str, Recipe, Recipe]:
    """Return what `resolve` makes of `recipe` and `fields`, on `data` if it is given."""
    if data is not None:
        fields = {**fields, "dataset": data.name}
    custom = data is not None or fields.get("dataset", "mnist") not in DATASETS
    found = resolve(recipe, fields, custom=custom)
    if data is not None:
        DATASETS.enter(data.name, data)
    return found


def prepare(name: str, recipe: Recipe, where: Distribution, own: keras.Model | None = None) -> Job:
    """Read the data and build the model with fresh weights, all from the recipe's seed.

    Args:
        name: Of the run.
        recipe: What to train, and how.
        where: On which devices.
        own: A network to train instead of the recipe's, from what that would take to logits.

    Raises:
        CnnzooError: A name in the recipe is unknown, or its parts do not fit each other.
    """
    spec = input_spec(recipe.model) if own is None else _custom_input_spec(own, recipe, where)
    dataset = find(recipe.dataset, spec.input_shape)
    keras.utils.set_random_seed(recipe.seed)
    how = Split(recipe.validation, recipe.folds, recipe.fold)
    examples, training, held_out = training_data(dataset, how)
    steps = steps_per_epoch(len(training), recipe.batch_size)
    fed = feed(recipe, spec, dataset, examples, training)
    with _precision(recipe.precision), where.network():
        network = _network(recipe, dataset, fed) if own is None else own
        where.synchronize(network)
        model = network
        if fed.fitted:
            model = keras.Sequential([keras.Input(dataset.input_shape), *fed.fitted, network])
    _require_classes(network, dataset)
    kinds = keras.metrics.CategoricalAccuracy, keras.metrics.SparseCategoricalAccuracy
    with where.scope():
        accuracy = kinds[0 if fed.soft_labels else 1](name="accuracy")
        model.compile(
            where.summed(optimizer(recipe, model.trainable_variables, steps)),
            loss(recipe.loss, recipe.label_smoothing, fed.soft_labels),
            metrics=[accuracy],
            jit_compile=False,  # XLA halves the speed on a CPU.
        )
    served = _network(recipe, dataset, fed) if own is None else keras.models.clone_model(own)
    raw = describe(dataset)
    answers = artifact.assemble(fed.layers, served, raw)
    metadata = _metadata(name, recipe, dataset, served, raw, fed)
    metadata["data_sha256"] = fingerprint(dataset, examples)
    metadata["model_sha256"] = structure_digest(served)
    return Job(
        feed=fed,
        validation=Examples(examples.inputs[held_out], examples.labels[held_out]),
        batch_size=recipe.batch_size,
        steps=steps,
        network=network,
        accuracy=accuracy,
        model=model,
        served=served,
        answers=answers,
        classifier=of_training(answers, metadata),
        averaged=recipe.ema is not None,
        where=where,
        metadata=metadata,
    )


def _custom_input_spec(own: keras.Model, recipe: Recipe, where: Distribution) -> InputSpec:
    """Return what a feed needs to know of a network of one's own.

    Raises:
        CnnzooError: It is no Functional or Sequential model of one input and one output, or the
            recipe says something that only a network of the zoo can follow.
    """
    plain = isinstance(own, (keras.Sequential, keras.Model)) and hasattr(own, "input_shape")
    if not plain or not own.built or not isinstance(own.input_shape, tuple):
        raise CnnzooError(
            "network must be a built Functional or Sequential model with one input and one output; "
            f"got {own!r}"
        )
    if where.strategy is not None:
        raise CnnzooError(
            "devices must be 1 and workers none with one's own network, whose variables are on one "
            f"device; got {where.replicas} replicas"
        )
    for field, usual in (("model_options", {}), ("precision", "float32")):
        value = getattr(recipe, field)
        if value != usual:
            raise CnnzooError(f"{field} must be {usual!r} with one's own network; got {value!r}")
    return InputSpec(own.input_shape[1:], exact=True)


def _require_classes(network: keras.Model, dataset: Dataset) -> None:
    classes, shape = len(dataset.class_names), network.output_shape
    if len(shape) != 2 or shape[-1] != classes:
        raise CnnzooError(
            f"model must give [batch, {classes}] logits, one a class of {dataset.name}; got {shape}"
        )


def _network(recipe: Recipe, dataset: Dataset, fed: Feed) -> keras.Model:
    return create_model(
        recipe.model,
        input_shape=fed.input_shape,
        num_classes=len(dataset.class_names),
        **fed.options,
        **recipe.model_options,
    )


@contextlib.contextmanager
def _precision(name: str) -> Iterator[None]:
    """Build layers that compute in the precision `name` and keep float32 weights."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32" if name == "float32" else f"mixed_{name}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _metadata(
    name: str,
    recipe: Recipe,
    dataset: Dataset,
    served: keras.Model,
    raw: dict[str, Any],
    fed: Feed,
) -> dict[str, Any]:
    metadata = {
        "name": name,
        "task": f"{dataset.kind.removesuffix('s')} classification",
        "dataset": recipe.dataset,
        "model": served.name,
        "class_names": list(dataset.class_names),
        "input": raw,
        "params": sum(math.prod(weight.shape) for weight in served.trainable_weights),
        "macs": _macs(served),
        **fed.metadata,
        "data_source": dataset.source,
        "data_license": dataset.license,
        "recipe": recipe.to_json(),
        "versions": versions(),
    }
    return {**metadata, "limits": limits(metadata)}


def _macs(network: keras.Model) -> int | None:
    """Return the multiply-adds; None if a text's length or a custom layer leaves them open."""
    try:
        layers = layer_costs(network)
    except CnnzooError:
        return None
    return None if any(layer.remark for layer in layers) else sum(layer.macs for layer in layers)
