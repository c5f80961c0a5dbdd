"""How familiar an example is: whether a network met the like of it in training.

The means of a network's maps are near those of a class of the training data for an example of their
kind, and far from all of them for one of another: by a squared Mahalanobis distance from the
nearest class, after Lee et al. 2018, https://arxiv.org/abs/1807.03888, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from cnnzoo.config.recipe import VIEWS
from cnnzoo.layers.base import BaseLayer


@keras.saving.register_keras_serializable("cnnzoo")
class KnownWords(BaseLayer):
    """The share of a text's tokens that are in the vocabulary, float32 `[batch, 1]`; 0 of none.

    From tokens, int `[batch, length]`: 0 is padding, 1 what the vocabulary lacks.
    """

    def call(self, tokens: Any) -> Any:
        """Return the shares."""
        count = ops.sum(ops.cast(tokens > 0, "float32"), axis=-1, keepdims=True)
        known = ops.sum(ops.cast(tokens > 1, "float32"), axis=-1, keepdims=True)
        return known / ops.maximum(count, 1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the shares."""
        return (input_shape[0], 1)

    def compute_output_spec(self, tokens: Any) -> keras.KerasTensor:
        """Return shape and type of the shares."""
        return keras.KerasTensor(self.compute_output_shape(tokens.shape), "float32")


@keras.saving.register_keras_serializable("cnnzoo")
class Summary(BaseLayer):
    """What a network makes of an example, as one vector, float32 `[batch, features]`.

    From a list of maps `[batch, *sides, channels]`, which are averaged over their positions, and of
    vectors `[batch, units]`. Of each value the square root is taken, with its sign, which evens out
    the spread of small and of large ones.

    Args:
        views: Of each image, over which the vectors are averaged; see `Views`.
    """

    def __init__(self, views: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.views = views

    def call(self, inputs: Sequence[Any]) -> Any:
        """Return the vectors."""
        vectors = [self._of_one(one) for one in inputs]
        return ops.concatenate(vectors, axis=-1) if len(vectors) > 1 else vectors[0]

    def _of_one(self, values: Any) -> Any:
        found = ops.mean(values, axis=tuple(range(1, len(values.shape) - 1)))
        if self.views is not None:
            found = ops.mean(ops.reshape(found, (-1, VIEWS[self.views], found.shape[-1])), axis=1)
        return ops.sign(found) * ops.sqrt(ops.abs(found))

    def compute_output_shape(self, input_shape: Sequence[Any]) -> tuple[int | None, ...]:
        """Return the shape of the vectors."""
        batch = input_shape[0][0]
        if self.views is not None:
            batch = batch and batch // VIEWS[self.views]
        return (batch, sum(shape[-1] for shape in input_shape))


@keras.saving.register_keras_serializable("cnnzoo")
class Familiarity(BaseLayer):
    """How familiar summaries are, from 0 to 1: `[batch, features]` to float32 `[batch]`.

    The logistic function of `offset` less the squared distance from the nearest of the `centers`,
    after `directions`, a linear map, have made it the Euclidean one.

    Args:
        size: Number of directions.
        classes: Number of centers.
    """

    def __init__(self, size: int, classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size, self.classes = size, classes

    def build(self, input_shape: Any) -> None:
        """Make the weights; `set` gives them their values."""
        add = self.add_weight
        self.directions = add((input_shape[-1], self.size), name="directions", trainable=False)
        self.shift = add((self.size,), name="shift", trainable=False)
        self.centers = add((self.size, self.classes), name="centers", trainable=False)
        self.offsets = add((self.classes,), name="offsets", trainable=False)

    def set(self, directions: np.ndarray, centers: np.ndarray, offset: float) -> None:
        """Take directions `[features, size]`, centers `[classes, features]`, and the offset."""
        middle = centers.mean(axis=0)  # From which distances are measured without cancellation.
        spread = (centers - middle) @ directions
        of_classes = offset - np.square(spread).sum(axis=1)
        self.set_weights([directions, -middle @ directions, 2 * spread.T, of_classes])

    def call(self, inputs: Any) -> Any:
        """Return the familiarity."""
        found = ops.matmul(inputs, self.directions) + self.shift
        nearest = ops.max(ops.matmul(found, self.centers) + self.offsets, axis=-1)
        return ops.sigmoid(nearest - ops.sum(found * found, axis=-1))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the familiarity."""
        return input_shape[:1]
