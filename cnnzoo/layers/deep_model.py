"""A model of more layers in a row than Keras can walk through by itself."""

from __future__ import annotations

import sys
from typing import Any

import keras

_FRAMES = 4_000  # Two per residual unit of ResNet-1202, and as many again for what calls it.


@keras.saving.register_keras_serializable("cnnzoo")
class DeepModel(keras.Model):
    """A functional model of up to a thousand residual units.

    Keras walks back from outputs to inputs by recursion whenever it makes a model: when one is
    built, cloned or loaded. Python's limit of 1,000 frames is lifted for just that long.
    """

    # Keras clones and loads by its own class what has other arguments.
    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, _FRAMES))
        try:
            super().__init__(inputs, outputs, name=name, **kwargs)
        finally:
            sys.setrecursionlimit(limit)
