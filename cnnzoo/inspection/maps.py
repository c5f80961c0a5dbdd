"""What a layer gives for a batch: its feature maps."""

from __future__ import annotations

import keras
import numpy as np

from cnnzoo.inspection import arguments
from cnnzoo.inspection.passes import batched, run


def feature_maps(model: keras.Model, inputs: np.ndarray, layer: str) -> np.ndarray:
    """Return the outputs of `layer`, `[batch, *sides, units]`, of a shared layer at its last call.

    Args:
        model: A built Functional or Sequential model.
        inputs: What it takes: images, sounds or tokens, `[batch, ...]`.
        layer: Name of a layer, or path in nested models: "inner/conv1".

    Raises:
        CnnzooError: The model is of another kind or has no such layer, or the inputs do not fit.
    """
    found = arguments.layer(model, layer).layer
    batch = arguments.inputs(model, inputs)
    return batched(lambda values: run(model, values, [found]).values[0])(batch)
