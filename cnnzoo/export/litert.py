"""Networks as LiteRT files.

One image through LeNet-5 takes LiteRT some fifty microseconds, where TensorFlow needs two
milliseconds to run the same graph.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from cnnzoo.pipelines.tokenizer import Tokenizer


def convert(model: keras.Model) -> bytes:
    """Return the LiteRT file, float32, of an artifact's model or, after a tokenizer, of the rest.

    Its input and output are those of the model; for texts the input is tokens, int32
    `[batch, length]`. Fold the model first: it answers faster.

    Raises:
        tf.errors.OpError, ValueError, RuntimeError: LiteRT lacks one of the operations.
    """
    function = tf.function(after_tokenizer(model), input_signature=[numeric_spec(model)])
    concrete = function.get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete], function).convert()


def tokenizer_of(model: keras.Model) -> Tokenizer | None:
    """Return the tokenizer of an artifact's model over texts, else None."""
    return next((layer for layer in model.layers if isinstance(layer, Tokenizer)), None)


def after_tokenizer(model: keras.Model) -> keras.Model:
    """Return the part of an artifact's model that computes with numbers alone."""
    tokenizer = tokenizer_of(model)
    return model if tokenizer is None else keras.Model(tokenizer.output, model.output)


def numeric_spec(model: keras.Model) -> tf.TensorSpec:
    """Return the input of `after_tokenizer(model)`."""
    tokenizer = tokenizer_of(model)
    tensor, name = (model.inputs[0], None) if tokenizer is None else (tokenizer.output, "tokens")
    return tf.TensorSpec(tensor.shape, tensor.dtype, name=name or tensor.name)
