"""What the functions of inspection for text models share."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import checks
from cnnzoo.inspection.graph import calls, graph

PADDING = 0  # The token that fills up short texts, in the zoo as in Keras's masks.


def embeddings(model: keras.Model) -> list[Any]:
    """Return the layers that turn tokens into vectors: several if side by side.

    Raises:
        CnnzooError: The model is neither Functional nor Sequential, or not yet built.
    """
    taken = graph(model).inputs[0]
    return [
        call.layer
        for call in calls(model)
        if call.inputs[0] is taken and len(taken.shape) == 2 and len(call.outputs[0].shape) == 3
    ]


def checked(model: keras.Model, given: Any) -> np.ndarray:
    """Return `given` as tokens, int32 `[texts, length]`, that `model` has vectors for.

    Raises:
        CnnzooError: The model is not over texts, or `given` is something else.
    """
    layers = embeddings(model)
    if not layers:
        raise CnnzooError(
            f"model must turn tokens [texts, length] into vectors; {model.name} takes "
            f"{list(graph(model).inputs[0].shape[1:])} and has no embedding"
        )
    tokens = checks.inputs(model, given)
    end = min(getattr(layer, "input_dim", np.inf) for layer in layers)
    for token in (tokens.min(), tokens.max()):
        if not 0 <= token < end:
            raise CnnzooError(f"tokens must be 0 to {end - 1} for {model.name}; got {token}")
    return tokens.astype("int32")
