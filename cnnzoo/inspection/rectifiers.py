"""Other ways back through ReLUs than their derivative.

Sources: deconvolution, Zeiler and Fergus 2013, https://arxiv.org/abs/1311.2901, section 2.1;
guided backpropagation, Springenberg et al. 2014, https://arxiv.org/abs/1412.6806, section 3.4;
redirection, Olah, Mordvintsev and Schubert 2017, Feature visualization,
https://doi.org/10.23915/distill.00007
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf

DECONVOLVED = "CnnzooDeconvolvedRelu"
GUIDED = "CnnzooGuidedRelu"
REDIRECTED = "CnnzooRedirectedRelu"


def rectified(way: str) -> AbstractContextManager[Any]:
    """Return a context in which ReLUs that are traced, in whatever layer, have this `way` back."""
    return tf.compat.v1.get_default_graph().gradient_override_map({"Relu": way})


@tf.RegisterGradient(DECONVOLVED)
def _deconvolved(_: Any, signal: tf.Tensor) -> tf.Tensor:
    """Pass on what is positive on the way back."""
    return tf.nn.relu(signal)


@tf.RegisterGradient(GUIDED)
def _guided(relu: Any, signal: tf.Tensor) -> tf.Tensor:
    """Pass on what is positive on both ways."""
    return tf.where(relu.outputs[0] > 0, tf.nn.relu(signal), 0)


@tf.RegisterGradient(REDIRECTED)
def _redirected(relu: Any, signal: tf.Tensor) -> tf.Tensor:
    """Pass on the derivative or, where it is zero all over an example, what would wake units."""
    awake = relu.outputs[0] > 0
    derivative = tf.where(awake, signal, 0)
    axes = list(range(1, len(signal.shape)))
    blocked = tf.reduce_all(derivative == 0, axis=axes, keepdims=True)
    return tf.where(blocked & (signal > 0), signal, derivative)
