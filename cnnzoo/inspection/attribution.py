"""All attribution methods by name, for images and sounds, and for tokens.

Sources: those of the functions that are called; guided Grad-CAM, the product of guided
backpropagation and Grad-CAM, Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391, section 3.2
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from cnnzoo import registry
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import checks, gradients, word_attribution
from cnnzoo.inspection.activations import batched, slope
from cnnzoo.inspection.cams import grad_cam, grad_cam_plus_plus
from cnnzoo.inspection.gradients import integrated_gradients, saliency
from cnnzoo.inspection.graph import holds_tokens
from cnnzoo.inspection.occlusion_maps import occlusion

_STEPS, _COPIES, _NOISE = 16, 16, 0.1

# From a network, inputs and a class each to heat, of the inputs' shape or without channels.
Method = Callable[[keras.Model, np.ndarray, np.ndarray], np.ndarray]


def _smooth(model: keras.Model, inputs: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return saliency(model, inputs, classes, copies=_COPIES, noise=_NOISE)


def _integrated(model: keras.Model, inputs: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return integrated_gradients(model, inputs, classes, steps=_STEPS, most_steps=_STEPS)


def _deconvolved(model: keras.Model, inputs: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return _back(model, inputs, classes, gradients.DECONVOLVED)


def _guided(model: keras.Model, inputs: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return _back(model, inputs, classes, gradients.GUIDED)


def _back(model: keras.Model, inputs: np.ndarray, classes: np.ndarray, way: str) -> np.ndarray:
    """Return the gradient of the classes' logits through ReLUs that have this `way` back."""

    def back(values: tf.Tensor, of_values: tf.Tensor) -> tf.Tensor:
        with gradients.rectified(way):
            return slope(model, values, of_values).gradients[0]

    return batched(back)(checks.continuous(model, inputs), classes)


def _guided_grad_cam(model: keras.Model, inputs: np.ndarray, classes: np.ndarray) -> np.ndarray:
    heat = grad_cam(model, inputs, classes)
    return _guided(model, inputs, classes) * heat[..., np.newaxis]


def _integrated_words(model: keras.Model, tokens: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return word_attribution.integrated(model, tokens, classes, (_STEPS,))


CAMS: dict[str, Method] = {"grad_cam": grad_cam, "grad_cam_plus_plus": grad_cam_plus_plus}
OF_VALUES: dict[str, Method] = {
    "saliency": saliency,
    "smoothgrad": _smooth,
    "integrated_gradients": _integrated,
    **CAMS,
    "occlusion": occlusion,
    "deconvolution": _deconvolved,
    "guided_backpropagation": _guided,
    "guided_grad_cam": _guided_grad_cam,
}
OF_TOKENS: dict[str, Method] = {
    **word_attribution.METHODS,
    "integrated_gradients": _integrated_words,
    **CAMS,
}


def methods(model: keras.Model) -> dict[str, Method]:
    """Return the methods for what `model` takes."""
    return OF_TOKENS if holds_tokens(checks.taken(model)) else OF_VALUES


def method_of(model: keras.Model, name: str) -> Method:
    """Return the method of this `name` for what `model` takes.

    Raises:
        CnnzooError: It is unknown, or for inputs of another kind.
    """
    known, all_names = methods(model), {**OF_VALUES, **OF_TOKENS}
    if name in known:
        return known[name]
    if name not in all_names:
        raise CnnzooError(registry.unknown("method", name, known))
    kind = "tokens" if known is OF_TOKENS else "images or sounds"
    raise CnnzooError(
        f"method must be for {kind}, which {model.name} takes: {', '.join(known)}; got {name!r}"
    )
