"""Augmentation that mixes two examples, labels too: mixup and cutmix.

Source: Zhang et al. 2017, https://arxiv.org/abs/1710.09412 (mixup); Yun et al. 2019,
https://arxiv.org/abs/1905.04899 (cutmix).
Departures: each example draws its own weight, where the papers' code draws one per batch; the
partner of an example is the next one of its (shuffled) batch, where they draw an order.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from cnnzoo.pipelines.augmentation.base import Augmentation, like, require
from cnnzoo.pipelines.augmentation.pixels import box_mask

_POINTS = 1024  # Of the table of quantiles, from 0 to 1/2.


class Mixing(Augmentation):
    """Base of the layers that mix; in a model they take and give `(images, labels)`.

    Args:
        alpha: Both parameters of the beta distribution of weights; 1 is uniform.

    Raises:
        CnnzooError: `alpha` is not above 0, or above 10, where the table would be too coarse.
    """

    soft_labels = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        number = isinstance(alpha, (int, float)) and not isinstance(alpha, bool)
        rule = "be a number above 0, at most 10"
        require("alpha", alpha, rule, number and 0 < alpha <= 10)
        self.alpha = alpha
        self._table = _beta_table(alpha)

    def transform(self, images: Any, noise: Any) -> Any:
        """Refuse images without labels.

        Raises:
            CnnzooError: Always.
        """
        require("images", "images alone", "come with labels where they are mixed", False)

    def weights(self, noise: Any) -> Any:
        """Return beta-distributed numbers, float32 `[batch]`, from uniform `noise` `[batch]`."""
        low = ops.minimum(noise, 1 - noise)
        place = low * (2 * _POINTS)
        before = ops.minimum(ops.floor(place), _POINTS - 1)
        table = ops.convert_to_tensor(self._table)
        first = ops.cast(before, "int32")
        start, end = ops.take(table, first), ops.take(table, first + 1)
        quantile = (start + (place - before) * (end - start)) ** (1 / min(self.alpha, 1))
        return ops.where(noise < 0.5, quantile, 1 - quantile)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {**super().get_config(), "alpha": self.alpha}


@keras.saving.register_keras_serializable("cnnzoo")
class MixUp(Mixing):
    """Blend each image, and its label, with the next of the batch; uint8 images are rounded."""

    noise_size = 1

    def mix(self, images: Any, labels: Any, noise: Any) -> tuple[Any, Any]:
        """Return blended `images` and `labels`."""
        shape, own = ops.shape(images), self.weights(noise[:, 0])[:, None]
        flat = ops.cast(ops.reshape(images, (shape[0], -1)), "float32")
        other = _partner(flat)
        blended = like(images, other + own * (flat - other))
        return ops.reshape(blended, shape), _mixed_labels(labels, own)


@keras.saving.register_keras_serializable("cnnzoo")
class CutMix(Mixing):
    """Paste a box of the next image of the batch into each image; labels mix by the box's area."""

    noise_size = 3

    def mix(self, images: Any, labels: Any, noise: Any) -> tuple[Any, Any]:
        """Return the pasted `images` and mixed `labels`."""
        _, height, width, _ = shape = ops.shape(images)
        part = ops.sqrt(1 - self.weights(noise[:, 0]))
        (top, bottom), (left, right) = (
            _span(noise[:, place], part, length) for place, length in ((1, height), (2, width))
        )
        box = box_mask(shape, top, bottom, left, right)
        flat = ops.reshape(images, ops.shape(box))
        pasted = ops.reshape(ops.where(box, _partner(flat), flat), shape)
        area = ops.cast((bottom - top) * (right - left), "float32")
        return pasted, _mixed_labels(labels, (1 - area * (1 / (height * width)))[:, None])


def _span(noise: Any, part: Any, length: int) -> tuple[Any, Any]:
    """Return begin and end, int32 `[batch]`, of `part` of `length` about a place, cut at both."""
    center = ops.cast(ops.floor(noise * length), "int32")
    size = ops.cast(ops.floor(part * length), "int32")
    begin = center - size // 2
    return ops.maximum(begin, 0), ops.minimum(begin + size, length)


def _partner(values: Any) -> Any:
    """Return the next example's of `values`; the last one has the first."""
    return ops.concatenate([values[1:], values[:1]])


def _mixed_labels(labels: Any, own: Any) -> Any:
    return own * labels + (1 - own) * _partner(labels)


def _beta_table(alpha: float) -> np.ndarray:
    """Return `x ** power` for the quantiles x of Beta(alpha, alpha) at 0 to 1/2, float32.

    In `u = x ** power` the density x^(alpha-1) (1-x)^(alpha-1) has no pole at 0.
    """
    power = min(alpha, 1)
    u = np.linspace(0, 0.5**power, 20 * _POINTS + 1)
    x = u ** (1 / power)
    density = x ** (alpha - power) * (1 - x) ** (alpha - 1)
    mass = np.concatenate([[0], np.cumsum(density[1:] + density[:-1])])
    wanted = np.linspace(0, mass[-1], _POINTS + 1)
    return np.interp(wanted, mass, u).astype(np.float32)
