"""One-hot vectors of tokens, some of which are all zeros."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from cnnzoo.layers.base import BaseLayer


@keras.saving.register_keras_serializable("cnnzoo")
class OneHot(BaseLayer):
    """A single one among zeros for each token; only zeros for a token without a component.

    `[batch, steps]` integers to `[batch, steps, depth]`.

    Args:
        depth: Components of a vector, one for each token from `first` on.
        first: The token of the first component.
    """

    def __init__(self, depth: int, first: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.depth = depth
        self.first = first

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return the vectors of `inputs`."""
        # Not ops.one_hot, which refuses tokens without a place on one backend.
        places = ops.arange(self.first, self.first + self.depth, dtype="int32")
        hits = ops.equal(ops.expand_dims(ops.cast(inputs, "int32"), -1), places)
        return ops.cast(hits, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `(batch, steps, depth)`."""
        return (*input_shape, self.depth)
