"""The squashing function of LeNet-5.

Source: LeCun et al. 1998, https://doi.org/10.1109/5.726791, appendix A.
"""

from __future__ import annotations

import keras
from keras import ops

AMPLITUDE = 1.7159  # With the slope, f(1) = 1 and f(-1) = -1.
SLOPE = 2 / 3


@keras.saving.register_keras_serializable("cnnzoo")
class ScaledTanh(keras.layers.Layer):
    """1.7159 tanh(2/3 x), element by element; any shape, floating."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return the squashed `inputs`."""
        return AMPLITUDE * ops.tanh(SLOPE * inputs)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `input_shape`."""
        return input_shape
