"""The losses that a recipe can name, all on logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from cnnzoo.layers import MarginLoss


def loss(
    name: str,
    label_smoothing: float,
    soft_labels: bool,
    class_weights: Sequence[float] | None = None,
) -> keras.losses.Loss:
    """Return the loss `name` on logits `[batch, classes]`.

    Args:
        name: One of recipe.LOSSES.
        label_smoothing: Share of each label that is spread evenly over the classes.
        soft_labels: Whether labels are float `[batch, classes]`, or else integers `[batch]`.
        class_weights: Factor of each class, by which the loss of an example is multiplied, as by
            Keras's `class_weight`; of mixed labels, the mean of their classes' by share.
    """
    if name == "cross_entropy" and not label_smoothing and not soft_labels and not class_weights:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return _OnShares(name, label_smoothing, class_weights)


class _OnShares(keras.losses.Loss):
    """A loss on labels as shares of the classes, to which integer labels are converted."""

    def __init__(
        self, name: str, label_smoothing: float, class_weights: Sequence[float] | None
    ) -> None:
        super().__init__(name=name)
        self.label_smoothing = label_smoothing
        self.class_weights = class_weights

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each example, `[batch]`."""
        classes = y_pred.shape[-1]
        if len(y_true.shape) == 1 or y_true.shape[-1] != classes:
            y_true = ops.one_hot(ops.cast(ops.reshape(y_true, (-1,)), "int32"), classes)
        y_true = ops.cast(y_true, y_pred.dtype)
        losses = self._unweighted(
            y_true * (1 - self.label_smoothing) + self.label_smoothing / classes, y_pred
        )
        if self.class_weights is None:
            return losses
        return losses * ops.matmul(y_true, ops.cast(self.class_weights, y_true.dtype))

    def _unweighted(self, y_true: Any, y_pred: Any) -> Any:
        if self.name == "margin":
            return MarginLoss().call(y_true, y_pred)
        return keras.losses.categorical_crossentropy(y_true, y_pred, from_logits=True)
