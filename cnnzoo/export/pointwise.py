"""Networks whose dense layers are convolutions of a map of one pixel, which is the same sum.

LiteRT and TensorFlow Lite Micro round a convolution in int8 alike, but some fully connected sums of
vectors differently.
"""

from __future__ import annotations

from typing import Any

import keras

from cnnzoo.inspection.graph import graph


def pointwise(model: keras.Model) -> keras.Model:
    """Return a copy of `model` with a 1x1 convolution for each dense layer over vectors.

    Args:
        model: A built Functional or Sequential model; nested models are copied alike.
    """

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, keras.Model):
            return pointwise(layer)
        if not _over_vectors(layer):
            return layer.from_config(layer.get_config())
        return keras.layers.Conv2D(
            layer.units, 1, use_bias=layer.use_bias, activation=layer.activation, name=layer.name
        )

    def call(layer: keras.layers.Layer, *args: Any, **kwargs: Any) -> Any:
        if not _over_vectors(model.get_layer(layer.name)):
            return layer(*args, **kwargs)
        (vector,) = args
        pixel = keras.layers.Reshape((1, 1, vector.shape[-1]))(vector)
        return keras.layers.Reshape((layer.filters,))(layer(pixel))

    plain = keras.Model(graph(model).input, graph(model).output, name=model.name)
    copy = keras.models.clone_model(plain, clone_function=clone, call_function=call)
    for layer in model.layers:
        if layer.weights and not isinstance(layer, keras.Model):
            kernel, *others = layer.get_weights()
            kernel = kernel[None, None] if _over_vectors(layer) else kernel
            copy.get_layer(layer.name).set_weights([kernel, *others])
    return copy


def _over_vectors(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.Dense) and len(layer.input.shape) == 2
