"""Radial basis function output with fixed codes.

Source: LeCun et al. 1998, https://doi.org/10.1109/5.726791, equation 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from cnnzoo.layers.base import BaseLayer


@keras.saving.register_keras_serializable("cnnzoo")
class RBF(BaseLayer):
    """Negative squared distance to each class's code: the greatest output is the nearest code.

    `[batch, components]` to `[batch, classes]`. The codes are fixed, as in the paper.

    Args:
        codes: `[classes, components]`, one code per class.
    """

    def __init__(self, codes: Sequence[Sequence[float]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.codes = [[float(component) for component in code] for code in codes]

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return minus the squared distances, summed without loss of small differences."""
        codes = ops.convert_to_tensor(self.codes, dtype=inputs.dtype)
        return -ops.sum(ops.square(inputs[:, None, :] - codes[None]), axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `(batch, classes)`."""
        return (input_shape[0], len(self.codes))

    def multiply_adds(self, output_shape: tuple[int, ...]) -> int:
        """Return the squares of a component's difference, for one example."""
        return len(self.codes) * len(self.codes[0])
