"""Capsules: groups of units whose length says how likely a thing is, and whose direction how it is.

Source: Sabour, Frosst and Hinton 2017, Dynamic routing between capsules,
https://arxiv.org/abs/1710.09829, sections 2 to 4.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from cnnzoo.layers.base import BaseLayer

EPSILON = 1e-12  # Added to squared lengths, whose root has no gradient at zero.


def squash(vectors: keras.KerasTensor) -> keras.KerasTensor:
    """Return `vectors`, `[..., dimension]`, with lengths n turned into n^2 / (1 + n^2)."""
    squared = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    return vectors * (ops.sqrt(squared + EPSILON) / (1 + squared))


def _lengths(capsules: keras.KerasTensor) -> keras.KerasTensor:
    return ops.sqrt(ops.sum(ops.square(capsules), axis=-1) + EPSILON)


class _Float32Layer(BaseLayer):
    """Computes in float32 whatever the policy, for the sake of squares and of many summands."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})


@keras.saving.register_keras_serializable("cnnzoo")
class Squash(_Float32Layer):
    """Equation 1 of the paper along the last axis: short vectors go to 0, long ones to length 1."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return the squashed `inputs`."""
        return squash(inputs)


@keras.saving.register_keras_serializable("cnnzoo")
class RoutedCapsules(_Float32Layer):
    """Capsules that see all capsules below, weighed by routing by agreement (procedure 1).

    `[batch, inputs, components]` to squashed `[batch, capsules, dimension]`. Routing logits start
    at zero for each example, and gradients flow through all rounds, as in the authors' code.

    Args:
        capsules: Number of capsules.
        dimension: Components of each.
        routings: Rounds of routing, at least 1; one round weighs all inputs alike.
    """

    def __init__(self, capsules: int, dimension: int, routings: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.capsules = capsules
        self.dimension = dimension
        self.routings = routings

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Create a matrix for each pair of an input and a capsule."""
        _, inputs, components = input_shape
        self.kernel = self.add_weight(
            shape=(inputs, self.capsules, components, self.dimension),
            initializer=keras.initializers.TruncatedNormal(stddev=0.1),
            name="kernel",
        )

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return the squashed capsules."""
        predictions = ops.einsum("bid,icde->bcie", inputs, self.kernel)
        logits = ops.zeros_like(predictions[..., 0])
        for _ in range(self.routings - 1):
            capsules = self._capsules(logits, predictions)
            logits = logits + ops.einsum("bcie,bce->bci", predictions, capsules)
        return self._capsules(logits, predictions)

    def _capsules(
        self, logits: keras.KerasTensor, predictions: keras.KerasTensor
    ) -> keras.KerasTensor:
        coupling = ops.softmax(logits, axis=1)  # Each input shares itself out among the capsules.
        return squash(ops.einsum("bci,bcie->bce", coupling, predictions))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `(batch, capsules, dimension)`."""
        return (input_shape[0], self.capsules, self.dimension)

    def multiply_adds(self, output_shape: tuple[int, ...]) -> int:
        """Return those of the predictions; routing multiplies activations, not weights."""
        return math.prod(self.kernel.shape)


@keras.saving.register_keras_serializable("cnnzoo")
class CapsuleLogits(_Float32Layer):
    """Logits whose sigmoids are the lengths of squashed capsules.

    `[batch, capsules, dimension]` to `[batch, capsules]`. The logit log(l / (1 - l)) of a
    length l is log(n^2), where n is the capsule's length before it was squashed.
    """

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return the logits of the capsules' lengths."""
        lengths = _lengths(inputs)
        return ops.log(lengths) - ops.log(ops.maximum(1 - lengths, 1e-7))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `(batch, capsules)`."""
        return input_shape[:2]


@keras.saving.register_keras_serializable("cnnzoo")
class LongestCapsule(_Float32Layer):
    """The longest capsule in its place among zeros; `[batch, capsules, dimension]`, unchanged."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return `inputs` with all but the longest capsule set to zero."""
        longest = ops.argmax(_lengths(inputs), axis=-1)
        return inputs * ops.one_hot(longest, inputs.shape[1], dtype=inputs.dtype)[..., None]


@keras.saving.register_keras_serializable("cnnzoo")
class ReconstructionLoss(_Float32Layer):
    """Passes logits on and, in training, adds the loss of the reconstructed images.

    Takes logits `[batch, classes]`, reconstructions in 0 to 1 and images, both
    `[batch, height, width, channels]`; returns the logits. The loss is the squared error summed
    over an image, times `scale`, averaged over the batch. Its target is the image with each channel
    stretched to 0 to 1, which undoes any standardization: black is 0 and the brightest pixel 1.

    Args:
        scale: Weight of the loss.
    """

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(
        self, inputs: list[keras.KerasTensor], training: bool | None = None
    ) -> keras.KerasTensor:
        """Return the first of `inputs`."""
        logits, reconstructions, images = inputs
        if training:
            darkest = ops.min(images, axis=(1, 2), keepdims=True)
            range_ = ops.max(images, axis=(1, 2), keepdims=True) - darkest
            targets = (images - darkest) / ops.maximum(range_, EPSILON)
            errors = ops.sum(ops.square(reconstructions - targets), axis=(1, 2, 3))
            self.add_loss(self.scale * ops.mean(errors))
        return logits

    def compute_output_shape(
        self, input_shape: list[tuple[int | None, ...]]
    ) -> tuple[int | None, ...]:
        """Return the shape of the logits."""
        return input_shape[0]


@keras.saving.register_keras_serializable("cnnzoo")
class MarginLoss(keras.losses.Loss):
    """Equation 4 of the paper, from labels and logits `[batch, classes]`.

    Labels are integers `[batch]`, or shares of the classes, float `[batch, classes]`. With l the
    sigmoid of a logit, the labeled class costs max(0, 0.9 - l)^2 and each other one
    0.5 max(0, l - 0.1)^2.
    """

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Return the loss of each example, `[batch]`."""
        if y_true.shape == y_pred.shape:
            present = ops.cast(y_true, y_pred.dtype)
        else:
            labels = ops.cast(ops.reshape(y_true, (-1,)), "int32")
            present = ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)
        lengths = ops.sigmoid(y_pred)
        missing = ops.square(ops.relu(0.9 - lengths))
        mistaken = 0.5 * ops.square(ops.relu(lengths - 0.1))
        return ops.sum(present * missing + (1 - present) * mistaken, axis=-1)
