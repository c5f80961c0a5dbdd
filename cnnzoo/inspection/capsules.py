"""What the dimensions of a class capsule represent: pictures that the decoder draws of it.

Source: Sabour, Frosst and Hinton 2017, https://arxiv.org/abs/1710.09829, section 5.1 and figure 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import checks
from cnnzoo.inspection.activations import batched
from cnnzoo.inspection.graph import Call, calls, graph
from cnnzoo.layers import LongestCapsule, ReconstructionLoss

PERTURBATIONS = np.arange(-5, 6) / 20  # From -0.25 to 0.25 by 0.05, as in figure 4.


def capsule_reconstructions(
    model: keras.Model, images: Any, class_id: int | Sequence[int] | None = None
) -> np.ndarray:
    """Return what the decoder draws of a class capsule, one dimension changed at a time.

    Float32 `[images, dimensions, 11, height, width, channels]`, from 0 to 1. The changes are those
    of `PERTURBATIONS`, so that place 5 is the reconstruction of the image itself.

    Args:
        model: A capsule network with a decoder.
        images: What the network takes, `[images, height, width, channels]`.
        class_id: A class for all images, or one each; by default that of the longest capsule.

    Raises:
        CnnzooError: The model has no capsules or no decoder, or takes no such images or classes.
    """
    longest, loss = (_call(model, kind) for kind in (LongestCapsule, ReconstructionLoss))
    capsules_of = keras.Model(graph(model).inputs[0], longest.inputs[0])
    decoder = keras.Model(longest.outputs[0], loss.inputs[1])
    capsules = batched(capsules_of)(checks.inputs(model, images))
    winners = np.linalg.norm(capsules, axis=-1).argmax(axis=-1)
    chosen = winners if class_id is None else class_id
    classes = checks.classes(model, chosen, len(capsules))
    drawn = [
        np.asarray(decoder(_changed(one, place), training=False))
        for one, place in zip(capsules, classes, strict=True)
    ]
    steps = (capsules.shape[-1], len(PERTURBATIONS))
    return np.stack([pictures.reshape(*steps, *pictures.shape[1:]) for pictures in drawn])


def _changed(capsules: np.ndarray, class_id: int) -> np.ndarray:
    """Return `[dimensions * 11, classes, dimensions]`: one capsule, changed, among zeros."""
    dimensions = capsules.shape[-1]
    changes = np.eye(dimensions)[:, None] * PERTURBATIONS[:, None]
    among = np.zeros((dimensions * len(PERTURBATIONS), *capsules.shape), "float32")
    among[:, class_id] = (capsules[class_id] + changes).reshape(-1, dimensions)
    return among


def _call(model: keras.Model, kind: type) -> Call:
    """Return the call of the layer of a `kind`."""
    for call in calls(model):
        if isinstance(call.layer, kind):
            return call
    raise CnnzooError(f"model must be a capsule network with a decoder; {model.name} is not")
