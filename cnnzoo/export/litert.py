"""Networks as LiteRT files: float32, float16 weights, or int8, in part or as a whole.

One image through LeNet-5 takes LiteRT some fifty microseconds, where TensorFlow needs two
milliseconds to run the same graph.

Source: Jacob et al. 2018, https://arxiv.org/abs/1712.05877, with a scale for each channel of a
kernel, as in Krishnamoorthi 2018, https://arxiv.org/abs/1806.08342.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils

from cnnzoo.export.assembly import Parts, named, parts_of
from cnnzoo.export.pointwise import pointwise
from cnnzoo.export.rounding import range_of_logits, ranges_of, rounded
from cnnzoo.export.rounding_layers import on_grid
from cnnzoo.inspection.graph import calls
from cnnzoo.pipelines.tokenizer import Tokenizer
from cnnzoo.quiet import silent_stderr

_AT_ONCE = 20  # Examples, whose maps are all in memory.


def convert(model: keras.Model) -> bytes:
    """Return the LiteRT file, float32, of an artifact's model or, after a tokenizer, of the rest.

    Its input and outputs are those of the model; for texts the input is tokens, int32
    `[batch, length]`. Fold the model first: it is faster.

    Raises:
        tf.errors.OpError, ValueError, RuntimeError: LiteRT has no equivalent of an operation.
    """
    return _converted(_converter(after_tokenizer(model), numeric_spec(model)))


def tokenizer_of(model: keras.Model) -> Tokenizer | None:
    """Return the tokenizer of an artifact's model over texts, else None."""
    return next((layer for layer in model.layers if isinstance(layer, Tokenizer)), None)


def after_tokenizer(model: keras.Model) -> keras.Model:
    """Return the part of an artifact's model that computes only with numbers."""
    tokens = _tokens(model)
    return model if tokens is None else keras.Model(tokens, model.output)


def numeric_spec(model: keras.Model) -> tf.TensorSpec:
    """Return the input of `after_tokenizer(model)`."""
    tokens = _tokens(model)
    tensor, name = (model.inputs[0], None) if tokens is None else (tokens, "tokens")
    return tf.TensorSpec(tensor.shape, tensor.dtype, name=name or tensor.name)


def _tokens(model: keras.Model) -> keras.KerasTensor | None:
    """Return what the tokenizer gives in this model; it may be a part of others too."""
    return next(
        (call.outputs[0] for call in calls(model) if isinstance(call.layer, Tokenizer)), None
    )


def float16(model: keras.Model) -> bytes:
    """Return the LiteRT file whose weights are float16; it computes in float32.

    Raises:
        tf.errors.OpError, ValueError, RuntimeError: LiteRT has no equivalent of an operation.
    """
    converter = _converter(after_tokenizer(model), numeric_spec(model))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return _converted(converter)


def int8(model: keras.Model, examples: np.ndarray) -> bytes:
    """Return the LiteRT file that computes in int8, with float32 scores.

    It takes uint8 images, int16 sounds or int32 tokens, as the float32 file does. All but the
    network, from its input to its logits, is computed in floats, as are operations that LiteRT has
    only for floats.

    Args:
        model: An artifact's model, folded.
        examples: Raw batch of training examples, by which the ranges of all activations are chosen.

    Raises:
        tf.errors.OpError, ValueError, RuntimeError: LiteRT has no equivalent of an operation.
    """
    parts = parts_of(model)
    ranges = ranges_of(parts.network, network_inputs(parts, examples))
    with rounded(parts.network, ranges, kernels=False):  # The converter rounds them alike.
        converter = _converter(after_tokenizer(model), numeric_spec(model))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        return _converted(converter)


def network_inputs(parts: Parts, examples: np.ndarray) -> Iterator[Any]:
    """Yield batches of what the network takes, of raw `examples`; a text is a batch of its own."""
    for begin in range(0, len(examples), _AT_ONCE):
        values: Any = examples[begin : begin + _AT_ONCE]
        if isinstance(parts.preprocessing[0], Tokenizer):
            for text in values:
                yield np.array(parts.preprocessing[0].tokenize([text]), np.int32)
        else:
            for layer in parts.preprocessing:
                values = layer(values)
            yield values


def whole_int8(model: keras.Model, examples: np.ndarray) -> bytes:
    """Return the LiteRT file that takes and gives int8 and computes in nothing else.

    It takes one image or sound at a time, whose pixels or samples are quantized as its input says,
    and gives the scores alone: familiarity needs floats.

    Args:
        model: An artifact's model over images or sounds, folded.
        examples: Raw batch of training examples, by which the ranges of all activations are chosen.

    Raises:
        tf.errors.OpError, ValueError, RuntimeError: LiteRT has no equivalent in int8.
    """
    raw, parts = model.inputs[0], parts_of(model)
    if parts.views is not None:
        raise RuntimeError("it averages over views of each image")
    network = pointwise(parts.network)
    ranges = ranges_of(network, network_inputs(parts, examples))
    limits = np.iinfo(raw.dtype)

    def scores(values: Any) -> dict[str, Any]:
        values = on_grid(values, (limits.min, limits.max))
        for layer in parts.preprocessing:
            scaling = isinstance(layer, keras.layers.Rescaling)
            if not scaling or (layer.scale, layer.offset) != (1, 0):
                values = _scaled(layer, values) if scaling else layer(values)
        logits = network(values, training=False) * (1 / parts.temperature)
        lowest, highest = range_of_logits(network, ranges)
        logits = on_grid(logits, (lowest / parts.temperature, highest / parts.temperature))
        return {"scores": tf.nn.softmax(logits)}

    with rounded(network, ranges, kernels=False, logits=False):
        spec = tf.TensorSpec((1, *raw.shape[1:]), tf.float32, name=raw.name)
        converter = _converter(scores, spec)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        content = _converted(converter)
    tensors = Interpreter(model_content=content).get_tensor_details()
    if any(one["dtype"] is np.float32 for one in tensors):
        raise RuntimeError("LiteRT has some of its operations only for floats")
    return _without_names(content)


def _without_names(content: bytes) -> bytes:
    """Return a file without the names of its tensors, which weigh much in a small network."""
    found = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    flatbuffer_utils.strip_strings(found)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(found))


def _scaled(layer: Any, values: Any) -> Any:
    """Return `values`, `[batch, *sides, channels]`, scaled by one operation, which rounds once."""
    by, plus = (
        np.broadcast_to(np.float32(one), values.shape[-1:]) for one in (layer.scale, layer.offset)
    )
    maps = values if len(values.shape) == 4 else values[:, None]
    kernel = by[None, None, :, None]
    maps = tf.nn.depthwise_conv2d(maps, kernel, strides=(1, 1, 1, 1), padding="VALID") + plus
    return maps if len(values.shape) == 4 else maps[:, 0]


def _converted(converter: Any) -> bytes:
    with silent_stderr():  # It writes much that nobody can act on.
        return bytes(converter.convert())


def _converter(function: Callable[[Any], Any], spec: tf.TensorSpec) -> Any:
    """Return the converter of `function`, which gets the signature `serving_default`."""
    traced = tf.function(
        lambda inputs: named(function(inputs)), input_signature=[spec], autograph=False
    )
    concrete = traced.get_concrete_function()
    owner = tf.Module()
    owner.weights = concrete.variables  # What a file with signatures is made of must hold them.
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete], owner)
