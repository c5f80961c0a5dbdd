"""Passes of a batch through a model that return what some layers give; plain TensorFlow."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.inspection import checks
from cnnzoo.inspection.graph import nested, output_call

_BATCH = 128  # Examples that go through the network at once.
_SQUASHED = (keras.activations.softmax, keras.activations.sigmoid)


def feature_maps(model: keras.Model, inputs: np.ndarray, layer: str) -> np.ndarray:
    """Return the outputs of `layer`, `[batch, *sides, units]`, of a shared layer at its last call.

    Args:
        model: A built Functional or Sequential model.
        inputs: What it takes: images, sounds or tokens, `[batch, ...]`.
        layer: Name of a layer, or path in nested models: "inner/conv1".

    Raises:
        CnnzooError: The model is of another kind or has no such layer, or the inputs do not fit.
    """
    found = checks.layer(model, layer).layer
    batch = checks.inputs(model, inputs)
    return batched(lambda values: run(model, values, [found]).values[0])(batch)


class Pass(NamedTuple):
    """What a model made of a batch."""

    output: tf.Tensor
    values: list[tf.Tensor]  # What each of the layers gave; of a shared layer, at its last call.


def run(
    model: keras.Model, inputs: tf.Tensor, layers: Sequence[Any] = (), training: bool = False
) -> Pass:
    """Return the output of `model`, and what `layers` of it gave on the way."""
    values: dict[int, tf.Tensor] = {}
    with contextlib.ExitStack() as stack:
        for layer in layers:
            stack.enter_context(_noted(layer, values))
        output = model(inputs, training=training)
    return Pass(output, [values[id(layer)] for layer in layers])


def _noted(layer: Any, values: dict[int, tf.Tensor]) -> contextlib.AbstractContextManager[None]:
    def note(output: tf.Tensor) -> tf.Tensor:
        values[id(layer)] = output
        return output

    return passing_on(layer, note)


def passing_on(
    layer: Any, change: Callable[[tf.Tensor], tf.Tensor]
) -> contextlib.AbstractContextManager[None]:
    """Return a context in which `layer` gives what `change` makes of its output."""
    stock = layer.call
    return _having(layer, "call", lambda *args, **kwargs: change(stock(*args, **kwargs)))


@contextlib.contextmanager
def _having(layer: Any, name: str, value: Any) -> Iterator[None]:
    """Give `layer` another attribute for a while; a subclass would share what is noted here."""
    own = {name: vars(layer)[name]} if name in vars(layer) else {}
    setattr(layer, name, value)
    try:
        yield
    finally:
        delattr(layer, name)  # The class's comes into view again.
        for stock in own.values():
            setattr(layer, name, stock)


def run_to_logits(
    model: keras.Model, inputs: tf.Tensor, layers: Sequence[Any] = (), training: bool = False
) -> Pass:
    """Do as `run`, but leave out the softmax or sigmoid that `model` may end with."""
    with _without_squashing(model):
        return run(model, inputs, layers, training)


def _without_squashing(model: keras.Model) -> contextlib.AbstractContextManager[None]:
    last = output_call(model).layer
    if nested(last):
        return _without_squashing(last)
    if type(last).__name__ in {"Softmax", "Sigmoid"}:  # Layers, and operations of keras.ops.
        return _having(last, "call", lambda inputs, **_: inputs)
    if getattr(last, "activation", None) in _SQUASHED:
        return _having(last, "activation", keras.activations.linear)
    return contextlib.nullcontext()


class Slope(NamedTuple):
    """How the logits of some classes change with what layers give."""

    logits: tf.Tensor
    values: list[tf.Tensor]  # What each of the layers gave, or the inputs.
    gradients: list[tf.Tensor]  # By these values.


def slope(
    model: keras.Model,
    inputs: tf.Tensor,
    classes: tf.Tensor | None = None,
    layers: Sequence[Any] = (),
) -> Slope:
    """Return the gradients of the logits of `classes`; works only while a graph is traced.

    Args:
        model: To logits or scores.
        inputs: Its inputs.
        classes: One per example, int `[batch]`; by default each example's top class.
        layers: By whose outputs gradients are taken; by the inputs if empty.
    """
    logits, values = run_to_logits(model, inputs, layers)
    chosen = tf.argmax(logits, axis=-1) if classes is None else classes
    values = values or [inputs]
    of_classes = tf.gather(logits, chosen, batch_dims=1)
    gradients = tf.gradients(of_classes, values, unconnected_gradients="zero")
    return Slope(logits, values, [tf.convert_to_tensor(gradient) for gradient in gradients])


def batched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function`, compiled once, for NumPy arrays of any number of examples.

    Args:
        function: From tensors, one row per example, to a tensor or a structure of such tensors.
    """
    compiled = tf.function(function, autograph=False)

    def over(*arrays: np.ndarray) -> Any:
        specs = [tf.TensorSpec([None, *array.shape[1:]], array.dtype) for array in arrays]
        traced = compiled.get_concrete_function(*specs)  # Once; a short last batch fits as well.
        results = [
            traced(*(tf.constant(array[start : start + _BATCH]) for array in arrays))
            for start in range(0, len(arrays[0]), _BATCH)
        ]
        return tf.nest.map_structure(lambda *parts: np.concatenate(parts), *results)

    return over


def chosen_classes(model: keras.Model, inputs: np.ndarray, class_id: Any) -> np.ndarray:
    """Return the requested class of each example, or its top class, int32 `[batch]`."""
    if class_id is not None:
        return checks.classes(model, class_id, len(inputs))
    checks.class_count(model)
    logits = batched(lambda batch: run_to_logits(model, batch).output)(inputs)
    return logits.argmax(axis=-1).astype(np.int32)
