"""How the examples of a data set reach a network: in training, and from raw input in the artifact.

Images and sounds go through the same layers in both. Texts are cut into tokens once before
training, by the layer that does it in the artifact.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.config.recipe import Recipe
from cnnzoo.datasets import Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.models import MODELS
from cnnzoo.pipelines import images, sounds
from cnnzoo.pipelines.augmentation import policy
from cnnzoo.pipelines.batches import train_batches
from cnnzoo.pipelines.text_batches import train_text_batches
from cnnzoo.pipelines.tokenizer import Tokenizer
from cnnzoo.pipelines.word_vectors import read_word_vectors


class Feed(NamedTuple):
    """Batches of one data set, and what lies between its raw examples and the network."""

    layers: list[keras.layers.Layer]  # From raw input to what the network takes.
    fitted: list[keras.layers.Layer]  # Those of them that run in training: all, or none for texts.
    input_shape: tuple[int | None, ...]  # Of the network.
    options: dict[str, Any]  # Of `create_model`.
    train: Callable[..., tf.data.Dataset]  # Batches without end, from `start_step`.
    soft_labels: (
        bool  # Whether their labels are float `[batch, classes]`, or else integers `[batch]`.
    )
    metadata: dict[str, Any]  # For the model card.


class InputSpec(NamedTuple):
    """What a feed needs to know of a network."""

    input_shape: tuple[int, ...]
    smallest: int = 1  # Side of an image, samples of a sound or tokens of a text.
    exact: bool = False  # Whether it takes images or sounds of `input_shape` alone.
    alphabet: str | None = None  # Of a network over characters that has its own.
    options: Collection[str] = ()  # That `create_model` takes for it.


def input_spec(name: str) -> InputSpec:
    """Return what a feed needs to know of the zoo's network `name`."""
    family = MODELS[name]
    variant = family.VARIANTS[name]
    options = inspect.signature(family.build).parameters
    alphabet = getattr(family, "ALPHABET", None)
    return InputSpec(variant.input_shape, variant.smallest, alphabet=alphabet, options=options)


def feed(
    recipe: Recipe, spec: InputSpec, dataset: Dataset, examples: Examples, training: np.ndarray
) -> Feed:
    """Return what `recipe` makes of the training split of `dataset`.

    Args:
        recipe: Names augmentation or tokens, and their fields.
        spec: The network that will be fed.
        dataset: Where the examples come from.
        examples: Its training split.
        training: Indices of the examples to train on.

    Raises:
        CnnzooError: The network does not take such examples, or a field of the recipe does not suit
            them.
    """
    rank = len(dataset.input_shape)
    if max(rank, 1) != len(spec.input_shape):
        raise CnnzooError(f"dataset must hold what the network takes; {dataset.name} does not")
    if rank != 3 and recipe.augmentation is not None:
        raise CnnzooError(
            f"augmentation must be none for {dataset.kind}; got {recipe.augmentation!r}"
        )
    if rank == 0:
        return _text_feed(recipe, spec, examples, training)
    if recipe.tokens is not None:
        raise CnnzooError(f"tokens must be none for {dataset.kind}; got {recipe.tokens!r}")
    return _array_feed(recipe, spec, dataset, examples, training)


def _array_feed(
    recipe: Recipe,
    spec: InputSpec,
    dataset: Dataset,
    examples: Examples,
    training: np.ndarray,
) -> Feed:
    """Return the feed of images or sounds."""
    *sides, channels = dataset.input_shape
    shape = (*(max(side, spec.smallest) for side in sides), channels)
    if spec.exact:
        shape = spec.input_shape
    augmentation = policy(recipe.augmentation) if recipe.augmentation else None
    preprocessing = {"images": images, "sounds": sounds}[dataset.kind].preprocessing
    layers = preprocessing(dataset, examples.inputs, shape, recipe.normalization)
    train = functools.partial(
        train_batches,
        examples,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        chosen=training,
        augmentation=augmentation,
        num_classes=len(dataset.class_names),
    )
    soft_labels = augmentation is not None and augmentation.soft_labels
    return Feed(layers, layers, shape, {}, train, soft_labels, {})


def _text_feed(recipe: Recipe, spec: InputSpec, examples: Examples, training: np.ndarray) -> Feed:
    """Return the feed of texts; vocabulary and lengths are those of the training part alone."""
    how = recipe.tokens
    if how is None:
        raise CnnzooError("tokens must say how texts turn into tokens; got none")
    if spec.alphabet is not None and how.alphabet != spec.alphabet:
        raise CnnzooError(
            f"tokens.alphabet must be that of {recipe.model}, {spec.alphabet!r}; "
            f"got {how.alphabet!r}"
        )
    tokenizer = Tokenizer.fit(
        examples.inputs[training],
        level=how.level,
        cleaning=how.cleaning,
        alphabet=how.alphabet,
        max_tokens=how.max_tokens,
        min_count=how.min_count,
        length=how.length,
        percentile=how.percentile,
        shortest=None if how.shortest is None else max(how.shortest, spec.smallest),
        padding=how.padding,
        truncation=how.truncation,
        backwards=how.backwards,
        name="tokens",
    )
    options, metadata = _of_vocabulary(recipe, spec, tokenizer)
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
    )
    length = tokenizer.length if tokenizer.shortest == tokenizer.length else None
    return Feed([tokenizer], [], (length,), options, train, False, metadata)


def _of_vocabulary(
    recipe: Recipe, spec: InputSpec, tokenizer: Tokenizer
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of the network that follow from the vocabulary, and what to say of it."""
    metadata: dict[str, Any] = {"vocabulary_size": tokenizer.vocabulary_size}
    options = dict(metadata) if "vocabulary_size" in spec.options else {}
    path = recipe.tokens.vectors if recipe.tokens else None
    if path is not None:
        if "embeddings" not in spec.options:
            raise CnnzooError(f"tokens.vectors must be none for {recipe.model}; got {path!r}")
        vectors = read_word_vectors(path, tokenizer.vocabulary, seed=recipe.seed)
        options["embeddings"] = vectors.matrix
        metadata["vocabulary_coverage"] = round(vectors.vocabulary_coverage, 4)
    return options, metadata
