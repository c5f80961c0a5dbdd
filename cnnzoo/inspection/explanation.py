"""What the prediction of a network comes from, computed in its graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from cnnzoo.inspection.activations import slope
from cnnzoo.inspection.cams import heat_of_maps, mean_gradient, scaled
from cnnzoo.inspection.graph import graph, last_maps
from cnnzoo.inspection.tokens import embeddings
from cnnzoo.inspection.word_attribution import gradient_times_values

MAPS = 16  # Feature maps that are returned at most.

Explanation = dict[str, tf.Tensor]


def explainer(network: keras.Model) -> Callable[[tf.Tensor], Explanation]:
    """Return a function of what `network` takes, pure TensorFlow, that explains the top class.

    It gives `logits`; `heat`, float32 from 0 to 1, at the positions of the input: `[batch, height,
    width]`, `[batch, samples]` or, for tokens, `[batch, length]`; and, where there are convolutions
    over images or sounds, `feature_maps`: up to 16 of the last one's maps, after what activates
    them. Heat is Grad-CAM of these maps, and without such maps, or over tokens, the size of
    gradient times input, or embedding, summed over channels.

    Args:
        network: A built Functional or Sequential model to logits.

    Raises:
        CnnzooError: The model is of another kind.
    """
    first = graph(network).inputs[0]
    if "int" in first.dtype:
        layers = embeddings(network)
        return tf.function(lambda inputs: _by_gradient(network, layers, inputs))
    last = last_maps(network)
    if last is None:
        return tf.function(lambda inputs: _by_gradient(network, [], inputs))
    return tf.function(lambda inputs: _by_maps(network, last.layer, inputs))


def _by_maps(network: keras.Model, layer: Any, inputs: tf.Tensor) -> Explanation:
    """Explain by Grad-CAM of the maps that `layer` gives."""
    logits, (maps,), (gradient,) = slope(network, inputs, layers=[layer])
    return {
        "logits": logits,
        "feature_maps": maps[..., :MAPS],
        "heat": heat_of_maps(maps, gradient, inputs, mean_gradient),
    }


def _by_gradient(network: keras.Model, layers: list[Any], inputs: tf.Tensor) -> Explanation:
    """Explain by gradient times what `layers` give, or times the input if empty."""
    found = slope(network, inputs, layers=layers)
    return {"logits": found.logits, "heat": scaled(tf.abs(gradient_times_values(found)))}
