"""What in the input excites a unit, by a rectified way back through the network.

Source: Zeiler and Fergus 2013, https://arxiv.org/abs/1311.2901, section 2.1.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.inspection import arguments
from cnnzoo.inspection.continuous import continuous
from cnnzoo.inspection.passes import batched, run_to_logits
from cnnzoo.inspection.rectifiers import DECONVOLVED, GUIDED, rectified


def deconvolve(
    model: keras.Model, inputs: np.ndarray, layer: str, unit: int, *, guided: bool = False
) -> np.ndarray:
    """Return what in the inputs leads to the unit's greatest activation, of the inputs' shape.

    That activation alone is sent back: through transposed convolutions, to where maxima were
    pooled from, and through ReLUs, which pass on what is positive on this way.

    Args:
        model: A built Functional or Sequential model.
        inputs: Images or sounds, as the model takes them.
        layer: Name of a layer, or path in nested models: "inner/conv1".
        unit: A channel of the layer.
        guided: Whether a ReLU also stops what it stopped on the way forth.

    Raises:
        CnnzooError: The inputs, layer or unit do not fit the model, or it takes integers.
    """
    call = arguments.layer(model, layer)
    unit = arguments.unit(call, unit)
    batch = continuous(model, inputs)

    def back(values: tf.Tensor) -> tf.Tensor:
        with rectified(GUIDED if guided else DECONVOLVED):
            maps = run_to_logits(model, values, [call.layer]).values[0][..., unit]
        activations = tf.reshape(maps, [tf.shape(maps)[0], -1])
        greatest = tf.argmax(activations, axis=1)
        signal = tf.one_hot(greatest, tf.shape(activations)[1]) * activations
        return tf.gradients(activations, values, signal)[0]

    return batched(back)(batch)
