"""The networks of a run: one that is trained, and one of the same weights that is saved."""

from __future__ import annotations

import contextlib
import math
from typing import Any, NamedTuple

import keras
import numpy as np

from cnnzoo.config.recipe import Recipe
from cnnzoo.datasets import Dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.export.assembly import assemble
from cnnzoo.export.card import limits
from cnnzoo.inspection.cost import layer_costs
from cnnzoo.inspection.graph import nested, output_call, walk
from cnnzoo.layers import WhiteningConv2D
from cnnzoo.models import create_model, keras_set_to
from cnnzoo.pipelines.custom_data.dataset import Data, find, reading
from cnnzoo.pipelines.input_types import describe
from cnnzoo.training.distillation import TaughtAccuracy, TaughtLoss
from cnnzoo.training.distributed.distribution import Distribution
from cnnzoo.training.fine_tuning import (
    continued,
    digest,
    load_all_but_head,
    require_same_input,
    trained_weights,
)
from cnnzoo.training.losses import loss
from cnnzoo.training.optimizers import optimizer
from cnnzoo.training.provenance import versions
from cnnzoo.training.quantization import require_quantizable
from cnnzoo.training.run_data import InputSpec, Pipeline, RunData, input_spec, run_data
from cnnzoo.training.run_folder import structure_digest
from cnnzoo.transfer import Trained

# Fields for networks of the zoo alone, and what they are for others.
_OF_THE_ZOO: dict[str, Any] = {
    "model_options": {},
    "precision": "float32",
    "prune": None,
    "weights": None,
}
_WHITENED = 5_000  # Images, as in the code of Jordan 2024.


class Networks(NamedTuple):
    """Two networks of the same weights, and the models around them.

    One is trained, in the recipe's precision and by whatever makes training fast; the other is
    served, in float32, and takes over the trained weights after each epoch.
    """

    trained: keras.Model
    model: keras.Model  # From what the batches hold to the trained one's logits; `fit` trains this.
    served: keras.Model
    inference: keras.Model  # From raw input to the served one's scores; this is what is saved.
    accuracy: keras.metrics.Metric  # Of `model`, in the epoch so far.
    averaged: bool  # Whether the average of the weights is served.
    frozen: list[keras.layers.Layer]  # Those of the trained one that the first epochs leave alone.


def prepare(
    recipe: Recipe,
    distribution: Distribution,
    data: Data | None = None,
    custom: keras.Model | None = None,
    augmentation: Any = None,
) -> tuple[Dataset, RunData, Networks]:
    """Read the data and build the networks, all from the recipe's seed.

    Weights are fresh, or those that the recipe names with a fresh head.

    Args:
        recipe: What to train, and how.
        distribution: On which devices.
        data: A data set, or the name or path of one, instead of the recipe's.
        custom: A network to train instead of the recipe's, from what that would take to logits.
        augmentation: As for `run_data`.

    Raises:
        CnnzooError: A name in the recipe is unknown, or its parts do not fit each other.
    """
    if custom is not None and distribution.strategy is not None:
        raise CnnzooError(
            "devices must be 1 and workers none with a network of your own, whose variables are on "
            f"one device; got {distribution.replicas} replicas"
        )
    spec = spec_of(recipe, custom)
    recipe, trained = trained_weights(recipe)
    if trained is not None:
        spec = spec._replace(preprocessing=trained.preprocessing)
    named = recipe.dataset if data is None else data
    dataset = find(named, spec.input_shape, **reading(recipe.to_json()))
    keras.utils.set_random_seed(recipe.seed)
    examples = run_data(recipe, spec, dataset, augmentation, distribution.rows)
    if trained is not None:
        require_same_input(recipe, trained, examples.pipeline.input_shape)
        examples.pipeline.metadata["weights_sha256"] = digest(trained)
    networks = _networks(recipe, dataset, examples, distribution, custom, trained)
    return dataset, examples, networks


def _networks(
    recipe: Recipe,
    dataset: Dataset,
    data: RunData,
    distribution: Distribution,
    custom: keras.Model | None,
    weights: Trained | None,
) -> Networks:
    """Build the networks, and compile the one that is trained."""
    pipeline, classes = data.pipeline, len(dataset.class_names)
    with defaults(recipe.precision), distribution.network():
        if custom is not None:
            trained = custom
        elif weights is not None and recipe.keeps_head:
            trained = continued(recipe, weights, classes)
        else:
            trained = _network(recipe, pipeline, classes)
        # Before it is changed for several devices.
        continues = custom is not None or (weights is not None and recipe.keeps_head)
        copied = keras.models.clone_model(trained) if continues else None
        distribution.synchronize(trained)
        model = trained
        if pipeline.in_training:
            model = keras.Sequential([keras.Input(dataset.input_shape), *pipeline.layers, trained])
    _require_classes(trained, dataset)
    if recipe.quantize is not None:
        require_quantizable(trained)
    frozen = []
    if weights is None:
        _adapt(trained, data)
    elif not recipe.keeps_head:
        another = _network(recipe, pipeline, classes + 1)
        frozen = load_all_but_head(recipe, trained, another, weights)
    with distribution.scope():
        of_batches, accuracy = _loss_and_accuracy(recipe, pipeline)
        model.compile(
            distribution.summed(optimizer(recipe, model.trainable_variables, data.steps)),
            of_batches,
            metrics=[accuracy],
            jit_compile=False,  # XLA halves the speed on a CPU.
        )
    served = _network(recipe, pipeline, classes) if copied is None else copied
    inference = assemble(pipeline.layers, served, describe(dataset), recipe.views)
    return Networks(trained, model, served, inference, accuracy, recipe.ema is not None, frozen)


def _adapt(network: keras.Model, data: RunData) -> None:
    """Take whitening filters from training images, as the network receives them."""
    layers = [layer for layer in network.layers if isinstance(layer, WhiteningConv2D)]
    if layers:
        values = data.sample(_WHITENED)
        for layer in data.pipeline.layers:
            values = layer(values)
        for layer in layers:
            layer.adapt(np.asarray(values))


def _loss_and_accuracy(
    recipe: Recipe, pipeline: Pipeline
) -> tuple[keras.losses.Loss, keras.metrics.Metric]:
    """Return them for what the batches hold as labels."""
    taught = recipe.teacher is not None
    soft = pipeline.soft_labels or taught
    of_labels = loss(recipe.loss, recipe.label_smoothing, soft, pipeline.class_weights)
    if taught:
        of_both = TaughtLoss(of_labels, recipe.teacher_weight, recipe.temperature)
        return of_both, TaughtAccuracy(name="accuracy")
    kinds = keras.metrics.SparseCategoricalAccuracy, keras.metrics.CategoricalAccuracy
    return of_labels, kinds[soft](name="accuracy")


def spec_of(recipe: Recipe, custom: keras.Model | None) -> InputSpec:
    """Return what a pipeline needs to know of the recipe's network, or of a `custom` one."""
    if custom is None:
        return _in_shape(input_spec(recipe.model), recipe)
    _require_plain(custom)
    for field, usual in _OF_THE_ZOO.items():
        value = getattr(recipe, field)
        if value != usual:
            raise CnnzooError(
                f"{field} must be {usual!r} with a network of your own; got {value!r}"
            )
    return InputSpec(custom.input_shape[1:], exact=True)


def _in_shape(spec: InputSpec, recipe: Recipe) -> InputSpec:
    """Return `spec` with the input shape of the recipe, if it has one.

    Raises:
        CnnzooError: The network does not take such images.
    """
    shape = recipe.input_shape
    if shape is None:
        return spec
    if len(spec.input_shape) != 3 or len(shape) != 3:
        raise CnnzooError(
            f"input_shape must be that of images, and none for other networks; got {shape}"
        )
    if min(shape[:2]) < spec.smallest or shape[2] not in (1, 3):
        raise CnnzooError(
            f"input_shape must have at least {spec.smallest} rows and columns and 1 or 3 channels "
            f"for {recipe.model}; got {shape}"
        )
    return spec._replace(input_shape=shape)


def _require_plain(custom: Any) -> None:
    """Refuse a network that is not from one batch to logits in float32."""
    plain = isinstance(custom, keras.Model) and hasattr(custom, "input_shape") and custom.built
    shapes = (custom.input_shape, custom.output_shape) if plain else ()
    if not plain or not all(isinstance(shape, tuple) for shape in shapes):
        raise CnnzooError(
            "network must be a built Functional or Sequential model with one input and one output; "
            f"got {custom!r}"
        )
    shape = custom.input_shape[1:]
    if len(shape) > 1 and None in shape:
        raise CnnzooError(f"network must take inputs of one size; got input_shape {shape}")
    for path, call in walk(custom):
        half = getattr(call.layer, "compute_dtype", None) in ("float16", "bfloat16")
        if half and not nested(call.layer):  # A model computes nothing itself.
            got = f"{call.layer.compute_dtype} in layer {path!r}"
            raise CnnzooError(f"network must compute in float32; got {got}")
    last = output_call(custom).layer
    while nested(last):
        last = output_call(last).layer
    names = type(last).__name__, getattr(getattr(last, "activation", None), "__name__", "")
    squashing = {name.lower() for name in names} & {"softmax", "sigmoid"}
    if squashing:
        raise CnnzooError(
            "network must end in logits, since the loss takes their softmax: leave out the last "
            f"activation; got {squashing.pop()} in layer {last.name!r}"
        )


def _require_classes(network: keras.Model, dataset: Dataset) -> None:
    classes, shape = len(dataset.class_names), network.output_shape
    if len(shape) != 2 or shape[-1] != classes:
        raise CnnzooError(
            f"model must give [batch, {classes}] logits, one per class of {dataset.name}; "
            f"got {shape}"
        )


def _network(recipe: Recipe, pipeline: Pipeline, classes: int) -> keras.Model:
    return create_model(
        recipe.model,
        input_shape=pipeline.input_shape,
        num_classes=classes,
        **pipeline.options,
        **recipe.model_options,
    )


def defaults(precision: str = "float32") -> contextlib.AbstractContextManager[None]:
    """Build layers that compute in `precision` and keep float32 weights, with channels last.

    What the program has set of this stands again at the end.
    """
    policy = "float32" if precision == "float32" else f"mixed_{precision}"
    return keras_set_to(floatx="float32", image_data_format="channels_last", dtype_policy=policy)


def card_metadata(
    name: str, recipe: Recipe, dataset: Dataset, pipeline: Pipeline, served: keras.Model
) -> dict[str, Any]:
    """Return what the model card says of a run before it has figures."""
    metadata = {
        "name": name,
        "task": f"{dataset.kind.removesuffix('s')} classification",
        "dataset": recipe.dataset,
        "model": served.name,
        "class_names": list(dataset.class_names),
        "input": describe(dataset),
        "params": sum(math.prod(weight.shape) for weight in served.trainable_weights),
        "macs": _macs(served),
        **pipeline.metadata,
        "data_source": dataset.source,
        "data_sizes": dict(dataset.sizes),
        "data_license": dataset.license,
        "recipe": recipe.to_json(),
        "versions": versions(),
        "model_sha256": structure_digest(served),
    }
    return {**metadata, "limits": limits(metadata)}


def _macs(network: keras.Model) -> int | None:
    """Return the multiply-adds; None if a text's length or a custom layer leaves them open."""
    try:
        layers = layer_costs(network)
    except CnnzooError:
        return None
    return None if any(layer.remark for layer in layers) else sum(layer.macs for layer in layers)
