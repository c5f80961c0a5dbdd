"""Test-time augmentation inside a model: several views of each image, one answer.

Source: Krizhevsky et al. 2012, section 4.1, who average over crops and mirrored crops; mirrored and
shifted by a pixel as in Jordan 2024, https://arxiv.org/abs/2404.00498, section 3.5.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from cnnzoo.config.recipe import VIEWS
from cnnzoo.layers.base import BaseLayer

# Rows and columns by which an image is shifted -> weight of its two views, as it is and mirrored.
SHIFTS: dict[str, dict[int, float]] = {"flip": {0: 1.0}, "flip_shift": {0: 0.5, -1: 0.25, 1: 0.25}}


@keras.saving.register_keras_serializable("cnnzoo")
class Views(BaseLayer):
    """Each image and its mirror image, and perhaps both of shifted ones, one after the other.

    `[batch, height, width, channels]` to `[batch * views, height, width, channels]`.

    Args:
        kind: "flip": two views; "flip_shift": also those of the image shifted by one pixel up and
            left, and down and right, its border mirrored; six views.
    """

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def call(self, inputs: Any) -> Any:
        """Return the views."""
        height, width, channels = inputs.shape[1:]
        shifts = SHIFTS[self.kind]
        wide = inputs
        if len(shifts) > 1:
            wide = ops.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
        views = []
        for by in shifts:
            shifted = wide[:, 1 + by : 1 + by + height, 1 + by : 1 + by + width] if by else inputs
            views += [shifted, ops.flip(shifted, axis=2)]
        return ops.reshape(ops.stack(views, axis=1), (-1, height, width, channels))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the views."""
        batch, *image = input_shape
        return (batch and VIEWS[self.kind] * batch, *image)


@keras.saving.register_keras_serializable("cnnzoo")
class MeanOfViews(BaseLayer):
    """Softmax of the weighted mean of the logits of an image's views.

    `[batch * views, classes]` to `[batch, classes]`.

    Args:
        kind: As for `Views`.
    """

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def call(self, inputs: Any) -> Any:
        """Return the scores."""
        weights = [half for whole in SHIFTS[self.kind].values() for half in (whole / 2, whole / 2)]
        logits = ops.reshape(inputs, (-1, len(weights), inputs.shape[-1]))
        means = ops.sum(logits * ops.reshape(ops.cast(weights, logits.dtype), (1, -1, 1)), axis=1)
        return ops.softmax(means, axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the scores."""
        batch, classes = input_shape
        return (batch and batch // VIEWS[self.kind], classes)
