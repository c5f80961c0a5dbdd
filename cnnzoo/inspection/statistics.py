"""Activations and gradients of each layer of a model, and the distribution of its weights.

Gradients that shrink from layer to layer on their way back are those that Glorot and Bengio 2010,
https://proceedings.mlr.press/v9/glorot10a.html, section 4.2, describe.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.inspection import checks
from cnnzoo.inspection.activations import run_to_logits
from cnnzoo.inspection.graph import Call, walk


class LayerStatistics(NamedTuple):
    """What one layer gave, of a shared layer at its last call; norms are Euclidean.

    What is of a kernel is None where the layer has none, and what is of a gradient where there were
    no labels, or the loss does not depend on the layer.
    """

    name: str  # Path in nested models: "inner/conv1".
    kind: str
    mean: float  # Of all outputs.
    std: float
    zeros: float  # Share of the outputs that are 0.
    units: int  # Channels, or outputs of a dense layer.
    dead: int  # Units that are 0 for all inputs, at all positions.
    output_gradient: float | None  # Norm of the gradient of the mean loss by all outputs.
    kernel_norm: float | None  # Of all weights of two axes or more together.
    kernel_gradient: float | None  # Norm of the gradient of the mean loss by them.
    gradient_ratio: float | None  # Of the last to the one before.


def layer_statistics(
    model: keras.Model, inputs: Any, labels: Any = None, *, training: bool = False
) -> list[LayerStatistics]:
    """Return a row for each layer, those of nested models among them, from input to output.

    All outputs of all layers are held at once: some hundred examples are enough.

    Args:
        model: A built Functional or Sequential model, to logits or scores if there are labels.
        inputs: What it takes, `[batch, ...]`.
        labels: Whole numbers `[batch]`, from which the loss is the cross-entropy.
        training: Whether layers do as in training: batch normalization takes the statistics of
            `inputs`, dropout drops. This is for a fresh network, whose moving statistics are of
            no inputs. The model stays as it was.

    Raises:
        CnnzooError: The model is of another kind, or inputs or labels do not fit it.
    """
    batch = checks.inputs(model, inputs)
    found = {path: call for path, call in walk(model) if _is_row(call)}
    layers = [call.layer for call in found.values()]
    kernels = [_kernels(layer) for layer in layers]
    classes = None if labels is None else checks.classes(model, labels, len(batch), "labels")
    with _unchanged(model) if training else contextlib.nullcontext():
        outputs, backwards = _passes(model, batch, classes, layers, kernels, training)
    return [
        _row(path, *parts)
        for path, *parts in zip(found, layers, outputs, kernels, *backwards, strict=True)
    ]


def _is_row(call: Call) -> bool:
    """Return whether it gives numbers, and is no nested model, which has rows of its own."""
    output = call.outputs[0]
    nested = isinstance(call.layer, keras.Model)
    return not nested and len(call.outputs) == 1 and "float" in str(output.dtype)


def _kernels(layer: Any) -> list[tf.Variable]:
    weights = getattr(layer, "weights", [])
    return [one.value for one in weights if len(one.shape) > 1 and "float" in str(one.dtype)]


@contextlib.contextmanager
def _unchanged(model: keras.Model) -> Iterator[None]:
    """Give back what training moves without an optimizer: statistics and random states."""
    before = [(one, one.numpy()) for one in model.non_trainable_variables]
    try:
        yield
    finally:
        for variable, value in before:
            variable.assign(value)


def _passes(
    model: keras.Model,
    batch: np.ndarray,
    labels: np.ndarray | None,
    layers: list[Any],
    kernels: list[list[tf.Variable]],
    training: bool,
) -> tuple[list[tf.Tensor], tuple[list[Any], list[list[Any]]]]:
    """Return the outputs of layers, and the gradients of the loss by outputs and by kernels."""
    inputs = tf.constant(batch)
    if labels is None:
        none = [None] * len(kernels), [[None] * len(of_layer) for of_layer in kernels]
        return run_to_logits(model, inputs, layers, training).values, none
    with tf.GradientTape() as tape:
        tape.watch([inputs, *tf.nest.flatten(kernels)])  # Frozen ones too.
        logits, outputs = run_to_logits(model, inputs, layers, training)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_mean(tf.cast(loss, tf.float32))
    return outputs, tape.gradient(loss, (outputs, kernels))


def _row(
    path: str,
    layer: Any,
    output: tf.Tensor,
    kernels: list[tf.Variable],
    output_gradient: Any,
    kernel_gradients: list[Any],
) -> LayerStatistics:
    values = output.numpy().astype(np.float64)
    units = values.shape[-1]
    norm, gradient = _norm(kernels), _norm(kernel_gradients)
    return LayerStatistics(
        name=path,
        kind=type(layer).__name__,
        mean=float(values.mean()),
        std=float(values.std()),
        zeros=float(np.mean(values == 0)),
        units=units,
        dead=int(np.sum(~values.reshape(-1, units).any(axis=0))),
        output_gradient=_norm([output_gradient]),
        kernel_norm=norm,
        kernel_gradient=gradient,
        gradient_ratio=gradient / norm if norm and gradient is not None else None,
    )


def _norm(tensors: Sequence[Any]) -> float | None:
    """Return the norm of all `tensors` together, None if any is missing or none is given."""
    if not tensors or any(tensor is None for tensor in tensors):
        return None
    arrays = [tf.convert_to_tensor(tensor).numpy().astype(np.float64) for tensor in tensors]
    return float(np.sqrt(sum(np.sum(array**2) for array in arrays)))


class WeightHistogram(NamedTuple):
    """How often weights of one kernel are in bins of equal width."""

    name: str  # Path of the layer, and of several kernels of one layer the kernel's own name.
    counts: np.ndarray  # Weights per bin, int64 `[bins]`.
    edges: np.ndarray  # Of the bins, `[bins + 1]`, from the least weight to the greatest.
    mean: float
    std: float
    not_finite: int  # Weights that are infinite or no number; the other figures leave them out.


def weight_histograms(model: keras.Model, bins: int = 50) -> list[WeightHistogram]:
    """Return a histogram of each kernel, all weights of two axes or more, from input to output.

    Args:
        model: A built Functional or Sequential model.
        bins: Of each.

    Raises:
        CnnzooError: The model is of another kind, or `bins` is below 1.
    """
    bins = checks.count("bins", bins)
    found = {}
    for path, call in walk(model):
        if isinstance(call.layer, keras.Model):
            continue
        kernels = _kernels(call.layer)
        for kernel in kernels:
            own = kernel.name.rpartition("/")[2].partition(":")[0]
            name = f"{path}/{own}" if len(kernels) > 1 else path
            found[name] = _histogram(name, kernel.numpy().astype(np.float64), bins)
    return list(found.values())


def _histogram(name: str, weights: np.ndarray, bins: int) -> WeightHistogram:
    finite = weights[np.isfinite(weights)]
    counts, edges = np.histogram(finite, bins)
    mean, std = (finite.mean(), finite.std()) if finite.size else (np.nan, np.nan)
    return WeightHistogram(name, counts, edges, float(mean), float(std), weights.size - finite.size)
