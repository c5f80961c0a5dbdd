"""The data of a run: its examples, and how they reach a network.

Images and sounds go through the same layers in training and in the artifact. Texts are cut into
tokens once before training, by the layer that does it in the artifact.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.cleaning import effects, suited
from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.datasets import DATASETS, Dataset, Examples
from cnnzoo.datasets.encoded import EncodedImages
from cnnzoo.errors import CnnzooError
from cnnzoo.models import MODELS
from cnnzoo.pipelines import images, sounds
from cnnzoo.pipelines.augmentation import Augmentation, as_augmentation
from cnnzoo.pipelines.augmentation.policies import leading_crop
from cnnzoo.pipelines.batches import steps_per_epoch, train_batches
from cnnzoo.pipelines.card_data import fingerprint
from cnnzoo.pipelines.left_out import without
from cnnzoo.pipelines.splits import Split, training_data
from cnnzoo.pipelines.text_batches import train_text_batches
from cnnzoo.pipelines.tokenizer import Tokenizer
from cnnzoo.pipelines.word_vectors import read_word_vectors
from cnnzoo.quiet import log
from cnnzoo.registry import unknown
from cnnzoo.training.distillation import Teacher, taught
from cnnzoo.training.run_folder import unnamed_config


class Pipeline(NamedTuple):
    """Batches of one data set, and what lies between its raw examples and the network."""

    layers: list[keras.layers.Layer]  # From raw input to the input of the network.
    in_training: bool  # Whether batches go through them too; those of texts are tokens already.
    input_shape: tuple[int | None, ...]  # Of the network.
    options: dict[str, Any]  # Of `create_model`.
    train: Callable[..., tf.data.Dataset]  # Batches without end, from `start_step`.
    soft_labels: bool  # Whether labels are float `[batch, classes]`, or else integers `[batch]`.
    class_weights: list[float] | None  # Factor of the loss of each class.
    metadata: dict[str, Any]  # For the model card.


class RunData(NamedTuple):
    """The data of a run."""

    pipeline: Pipeline
    validation: Examples  # Raw.
    batch_size: int
    steps: int  # Per epoch.
    class_counts: np.ndarray  # Training examples of each class, int `[classes]`.
    sample: Callable[[int], Any]  # Raw inputs of so many training examples, or of all.


class InputSpec(NamedTuple):
    """What a pipeline needs to know of a network."""

    input_shape: tuple[int, ...]
    smallest: int = 1  # Side of an image, samples of a sound or tokens of a text.
    exact: bool = False  # Whether images or sounds must be of `input_shape`.
    alphabet: str | None = None  # Of a network over characters that has its own.
    options: Collection[str] = ()  # That `create_model` takes for it.
    preprocessing: keras.layers.Layer | None = None  # That comes with its trained weights.


def input_spec(name: str) -> InputSpec:
    """Return what a pipeline needs to know of the zoo's network `name`."""
    family = MODELS[name]
    variant = family.VARIANTS[name]
    options = inspect.signature(family.build).parameters
    alphabet = getattr(family, "ALPHABET", None)
    return InputSpec(variant.input_shape, variant.smallest, alphabet=alphabet, options=options)


def run_data(
    recipe: Recipe,
    spec: InputSpec,
    dataset: Dataset,
    augmentation: Any = None,
    rows: slice = slice(None),
) -> RunData:
    """Return the data that `recipe` makes of `dataset` for a network.

    Args:
        recipe: Names augmentation or tokens, and their fields.
        spec: The network.
        dataset: What the examples are.
        augmentation: A layer, instead of the policy that the recipe names; else unused.
        rows: Of each batch, those that this machine reads.

    Raises:
        CnnzooError: The data cannot be read, the network does not take such examples, or a field of
            the recipe does not suit them.
    """
    how = Split(recipe.validation, recipe.folds, recipe.fold)
    given = augmentation if isinstance(augmentation, keras.layers.Layer) else None
    layer = as_augmentation(given or recipe.augmentation)
    crop, _ = leading_crop(layer)
    # A crop is taken from the picture as it is stored.
    examples, training, validation = training_data(dataset, how, encoded=crop is not None)
    if isinstance(validation.inputs, EncodedImages):
        validation = validation._replace(inputs=validation.inputs.in_memory())
    sha256 = {}
    if recipe.leave_out is not None:
        training, sha256["leave_out_sha256"] = without(
            recipe.leave_out, dataset, examples, training, recipe.folds is not None
        )
    steps = steps_per_epoch(len(training), recipe.batch_size)
    pipeline = _pipeline(recipe, spec, dataset, examples, training, layer)
    if pipeline.in_training:
        pipeline = pipeline._replace(train=functools.partial(pipeline.train, rows=rows))
    metadata = {**pipeline.metadata, **sha256, "data_sha256": fingerprint(dataset, examples)}
    if given is not None and layer is not None:
        metadata["augmentation"] = unnamed_config(layer)
    if recipe.teacher is not None:
        teacher = Teacher(recipe, dataset)
        train = taught(pipeline.train, teacher, examples, training, layer is not None)
        pipeline = pipeline._replace(train=train)
        metadata["teacher_sha256"] = teacher.sha256
    labels = np.asarray(examples.labels)[training]
    counts = np.bincount(labels, minlength=len(dataset.class_names))
    weights = _class_weights(recipe.class_weight, dataset.class_names, counts)
    pipeline = pipeline._replace(metadata=metadata, class_weights=weights)

    def sample(count: int) -> Any:
        places = np.linspace(0, len(training) - 1, min(count, len(training))).astype(int)
        return examples.inputs[training[places]]

    return RunData(pipeline, validation, recipe.batch_size, steps, counts, sample)


def _class_weights(
    value: str | Mapping[str, float] | None, names: Sequence[str], counts: np.ndarray
) -> list[float] | None:
    """Return the factor of the loss of each class, of which there are `counts` examples."""
    if value is None:
        return None
    if isinstance(value, str):
        return (counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))).tolist()
    for name in value:
        if name not in names:
            raise CnnzooError(unknown("class_weight: class", name, names))
    return [float(value.get(name, 1.0)) for name in names]


def _pipeline(
    recipe: Recipe,
    spec: InputSpec,
    dataset: Dataset,
    examples: Examples,
    training: np.ndarray,
    layer: Augmentation | None,
) -> Pipeline:
    """Return what `recipe` makes of the `training` indices among the `examples` of `dataset`."""
    rank = len(dataset.input_shape)
    if max(rank, 1) != len(spec.input_shape):
        raise CnnzooError(f"dataset must hold what the network takes; {dataset.name} does not")
    if rank != 3 and recipe.augmentation is not None:
        raise CnnzooError(
            f"augmentation must be none for {dataset.kind}; got {recipe.augmentation!r}"
        )
    if rank != 3 and recipe.views is not None:
        raise CnnzooError(f"views must be none for {dataset.kind}; got {recipe.views!r}")
    if rank == 0:
        return _text_pipeline(recipe, spec, dataset, examples, training)
    if recipe.tokens is not None:
        raise CnnzooError(f"tokens must be none for {dataset.kind}; got {recipe.tokens!r}")
    return _array_pipeline(recipe, spec, dataset, examples, training, layer)


def _array_pipeline(
    recipe: Recipe,
    spec: InputSpec,
    dataset: Dataset,
    examples: Examples,
    training: np.ndarray,
    layer: Augmentation | None,
) -> Pipeline:
    """Return the pipeline of images or sounds."""
    *sides, channels = dataset.input_shape
    shape = (*(max(side, spec.smallest) for side in sides), channels)
    if spec.exact:
        shape = spec.input_shape
    preprocessing = {"images": images, "sounds": sounds}[dataset.kind].preprocessing
    # Nothing is measured where the weights bring their own.
    normalization = "unit" if spec.preprocessing else recipe.normalization
    layers = preprocessing(dataset, examples.inputs, shape, normalization)
    if spec.preprocessing:
        layers[-1] = spec.preprocessing
    train = functools.partial(
        train_batches,
        examples,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        chosen=training,
        augmentation=layer,
        num_classes=len(dataset.class_names),
        balanced=recipe.sampling == "balanced",
    )
    soft_labels = layer is not None and layer.soft_labels
    return Pipeline(layers, True, shape, {}, train, soft_labels, None, {})


def _text_pipeline(
    recipe: Recipe,
    spec: InputSpec,
    dataset: Dataset,
    examples: Examples,
    training: np.ndarray,
) -> Pipeline:
    """Return the pipeline of texts; vocabulary and lengths are those of the training part only."""
    how = recipe.tokens
    if how is None:
        raise CnnzooError("tokens must say how texts turn into tokens; got none")
    if spec.alphabet is not None and how.alphabet != spec.alphabet:
        raise CnnzooError(
            f"tokens.alphabet must be that of {recipe.model}, {spec.alphabet!r}; "
            f"got {how.alphabet!r}"
        )
    tokenizer = spec.preprocessing
    if tokenizer is None:
        texts, labels = examples.inputs[training], examples.labels[training]
        tokenizer = _fitted(how, spec, dataset, texts, labels)
    options, metadata = _of_vocabulary(recipe, spec, tokenizer)
    if tokenizer.cleaning != how.cleaning:
        metadata["cleaning"] = tokenizer.cleaning
    tokens = tokenizer.ragged(examples.inputs)
    train = functools.partial(
        train_text_batches,
        tokens,
        examples.labels,
        tokenizer=tokenizer,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        chosen=training,
        window=how.window,
        balanced=recipe.sampling == "balanced",
    )
    length = tokenizer.length if tokenizer.shortest == tokenizer.length else None
    return Pipeline([tokenizer], False, (length,), options, train, False, None, metadata)


def _fitted(
    how: Tokens, spec: InputSpec, dataset: Dataset, texts: np.ndarray, labels: np.ndarray
) -> Tokenizer:
    cleaning = how.cleaning
    if dataset.name not in DATASETS:
        cleaning = _cleaning(how, dataset.name, texts, labels)
    return Tokenizer.fit(
        texts,
        level=how.level,
        cleaning=cleaning,
        alphabet=how.alphabet,
        max_tokens=how.max_tokens,
        min_count=how.min_count,
        length=how.length,
        shortest=None if how.shortest is None else max(how.shortest, spec.smallest),
        padding=how.padding,
        truncation=how.truncation,
        backwards=how.backwards,
        name="tokens",
    )


def _cleaning(how: Tokens, name: str, texts: np.ndarray, labels: np.ndarray) -> str:
    """Return the cleaning of custom texts, and report what it is and what it erases.

    Raises:
        CnnzooError: It leaves nothing of all texts.
    """
    strings = texts.tolist()
    cleaning = how.cleaning
    if how.level == "word" and how.fallback and not suited(strings, cleaning):
        cleaning = how.fallback
        log(f"cleaning  {cleaning!r}, where {how.cleaning!r} would erase letters of {name}")
    emptied, merged = effects(strings, labels.tolist(), cleaning, how.alphabet)
    if emptied == len(strings):
        what = "the model's alphabet" if how.alphabet else f"the cleaning {cleaning!r}"
        raise CnnzooError(f"{name} must hold characters that {what} keeps; got none")
    if emptied or merged:
        log(
            f"cleaning  of {len(strings):,} training texts, {cleaning!r} leaves nothing of "
            f"{emptied:,} and makes {merged:,} equal to one of another class"
        )
    return cleaning


def _of_vocabulary(
    recipe: Recipe, spec: InputSpec, tokenizer: Tokenizer
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of the network that follow from the vocabulary, and metadata of it."""
    metadata: dict[str, Any] = {"vocabulary_size": tokenizer.vocabulary_size}
    options = dict(metadata) if "vocabulary_size" in spec.options else {}
    path = recipe.tokens.vectors if recipe.tokens else None
    if path is not None:
        if spec.preprocessing:
            raise CnnzooError(f"tokens.vectors must be none with weights; got {path!r}")
        if "embeddings" not in spec.options:
            raise CnnzooError(f"tokens.vectors must be none for {recipe.model}; got {path!r}")
        vectors = read_word_vectors(path, tokenizer.vocabulary, seed=recipe.seed)
        options["embeddings"] = vectors.matrix
        metadata["vocabulary_coverage"] = round(vectors.vocabulary_coverage, 4)
    return options, metadata
