"""Distillation: a trained network, the teacher, whose scores are learned beside the labels.

Source: Hinton, Vinyals and Dean 2015, https://arxiv.org/abs/1503.02531, section 2: the scores of
both networks are softened by a temperature, and the gradients of that share of the loss, which are
smaller by its square, are multiplied by that.

Labels become float32 `[batch, 2 * classes]`: shares of the classes, then the teacher's softened
scores. Where nothing changes an example from epoch to epoch, the teacher scores it once before
training, otherwise in each batch; either way the scores depend on the example alone, so that runs
resume exactly.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from cnnzoo.config.recipe import Recipe
from cnnzoo.datasets import Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.export.artifact import load
from cnnzoo.pipelines.input_types import describe, raw_input
from cnnzoo.progress import tracked

_AT_ONCE = 500  # Examples.


class Teacher:
    """A trained network that scores raw examples of the classes of a data set.

    Args:
        recipe: Names it, and the temperature.
        dataset: What is to be learned.

    Raises:
        CnnzooError: There is no such network, or it takes other input or knows other classes.
    """

    def __init__(self, recipe: Recipe, dataset: Dataset) -> None:
        self.classifier = load(str(recipe.teacher))
        calibration = self.classifier.card.get("calibration", {})
        self._power = calibration.get("temperature", 1.0) / recipe.temperature
        raw, wanted = self.classifier.raw, raw_input(describe(dataset))
        if (raw.name, raw.shape) != (wanted.name, wanted.shape):
            raise CnnzooError(
                f"teacher must take {wanted.name} of shape {wanted.shape}; "
                f"{recipe.teacher} takes {raw.name} of shape {raw.shape}"
            )
        names = self.classifier.class_names
        if sorted(names) != sorted(dataset.class_names):
            raise CnnzooError(
                f"teacher must know the classes of {dataset.name}, which has "
                f"{len(dataset.class_names)}; {recipe.teacher} knows {len(names)} others"
            )
        self._columns = [names.index(name) for name in dataset.class_names]

    @functools.cached_property
    def sha256(self) -> str:
        """The SHA-256 of its weights."""
        found = hashlib.sha256()
        for weight in self.classifier.network.get_weights():
            found.update(np.ascontiguousarray(weight).tobytes())
        return found.hexdigest()

    def scores(self, inputs: Any) -> np.ndarray:
        """Return its softened scores of raw `inputs`, float32 `[examples, classes]`.

        They are those of its logits: what calibrates its answers is undone.
        """
        scores = self.classifier.scores(inputs)[:, self._columns].astype(np.float64)
        soft = np.maximum(scores, np.finfo(np.float32).tiny) ** self._power
        return (soft / soft.sum(axis=-1, keepdims=True)).astype(np.float32)

    def targets(self, examples: Examples, chosen: np.ndarray) -> np.ndarray:
        """Return labels and its scores, float32 `[examples, 2 * classes]`, 0 for those not chosen.

        Args:
            examples: Raw.
            chosen: Indices of those that are used.
        """
        classes = len(self._columns)
        found = np.zeros((len(examples.labels), 2 * classes), np.float32)
        found[chosen, np.asarray(examples.labels)[chosen]] = 1
        parts = [chosen[begin : begin + _AT_ONCE] for begin in range(0, len(chosen), _AT_ONCE)]
        for part in tracked(parts, parts.__len__, "teacher", f"parts of {_AT_ONCE} examples"):
            found[part, classes:] = self.scores(examples.inputs[part])
        return found

    def label(self, inputs: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return a batch of raw `inputs`, with labels and its scores of them."""
        classes = len(self._columns)
        scores = tf.numpy_function(self.scores, [inputs], tf.float32, stateful=False)
        scores = tf.ensure_shape(scores, [inputs.shape[0], classes])
        if labels.dtype.is_integer:
            labels = tf.one_hot(labels, classes)
        return inputs, tf.concat([labels, scores], axis=1)


def taught(
    train: Callable[..., tf.data.Dataset],
    teacher: Teacher,
    examples: Examples,
    chosen: np.ndarray,
    changing: bool,
) -> Callable[..., tf.data.Dataset]:
    """Return what makes the batches of `train` with the teacher's scores in their labels.

    Args:
        train: Makes batches with labels alone.
        teacher: Scores raw examples.
        examples: Raw.
        chosen: Indices of those that are trained on.
        changing: Whether an example is another in each epoch.
    """
    if not changing:
        return functools.partial(train, targets=teacher.targets(examples, chosen))
    return lambda **how: train(**how).map(teacher.label, num_parallel_calls=2).prefetch(4)


class TaughtLoss(keras.losses.Loss):
    """The loss of the labels and, by a share, that of the teacher's softened scores.

    Args:
        of_labels: Loss of labels as shares of the classes.
        weight: Share of the teacher.
        temperature: By which logits are divided for that share.
    """

    def __init__(self, of_labels: keras.losses.Loss, weight: float, temperature: float) -> None:
        super().__init__(name="taught")
        self.of_labels, self.weight, self.temperature = of_labels, weight, temperature

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each example, `[batch]`."""
        labels, soft = ops.split(ops.cast(y_true, y_pred.dtype), 2, axis=-1)
        learned = keras.losses.categorical_crossentropy(
            soft, y_pred / self.temperature, from_logits=True
        )
        known = self.of_labels.call(labels, y_pred)
        return (1 - self.weight) * known + self.weight * self.temperature**2 * learned


class TaughtAccuracy(keras.metrics.CategoricalAccuracy):
    """Accuracy by the labels, the first half of what the batches hold."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Count a batch."""
        return super().update_state(y_true[:, : y_pred.shape[-1]], y_pred, sample_weight)
