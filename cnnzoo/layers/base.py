"""What the layers share."""

from __future__ import annotations

import inspect
from typing import Any

import keras


class BaseLayer(keras.layers.Layer):
    """A layer that keeps each argument of its constructor in an attribute of the same name.

    Unless it says otherwise, its output has the shape of its input.
    """

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        of_keras = inspect.signature(keras.layers.Layer.__init__).parameters
        own = [n for n in inspect.signature(type(self).__init__).parameters if n not in of_keras]
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}
