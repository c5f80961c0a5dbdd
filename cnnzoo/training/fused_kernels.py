"""Training with TensorFlow's fused kernels, where Keras computes in many small steps.

Batch normalization is one kernel instead of two passes for the moments and further ones for the
rest, and the update of a weight by SGD with momentum or by Adam is one pass over the memory.
Only what `fit` calls is replaced: layers, weights and optimizer are and stay Keras's own.

Departure from Keras: Adam adds up the gradients of a word that stands several times in a batch
before it squares them, as Kingma and Ba 2014, https://arxiv.org/abs/1412.6980, do; Keras 3 on
TensorFlow squares each.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf


@contextlib.contextmanager
def fused(model: keras.Model) -> Iterator[None]:
    """Let `model`, which is compiled and has not been trained yet, train with fused kernels."""
    scaled = model.optimizer
    optimizer = getattr(scaled, "inner_optimizer", scaled)  # That of LossScaleOptimizer.
    with contextlib.ExitStack() as stack:
        for layer in model._flatten_layers():
            if type(layer) is keras.layers.BatchNormalization:
                stack.enter_context(_replaced(layer, "call", _normalization(layer)))
        for kind, update in _UPDATES.items():
            if type(optimizer).update_step is kind.update_step:  # A subclass may have its own.
                step = update(optimizer)
                stack.enter_context(_replaced(optimizer, "update_step", step))
        yield


@contextlib.contextmanager
def _replaced(owner: Any, method: str, function: Callable[..., Any]) -> Iterator[None]:
    setattr(owner, method, function)
    try:
        yield
    finally:
        delattr(owner, method)  # The class's comes into view again.


def _normalization(layer: keras.layers.BatchNormalization) -> Callable[..., Any]:
    """Return the `call` of `layer` that takes the fused kernel where there is one for the case."""
    stock = layer.call

    def call(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        last = layer.axis in (-1, len(inputs.shape) - 1)
        special = layer.renorm or layer.synchronized or mask is not None
        if not (training and layer.trainable and last) or special or inputs.dtype == tf.float64:
            return stock(inputs, training=training, mask=mask)
        return _normalized(layer, inputs)

    return call


def _normalized(layer: keras.layers.BatchNormalization, inputs: Any) -> Any:
    """Return `inputs`, `[..., channels]`, normalized, and move the moving statistics of `layer`."""
    channels = inputs.shape[-1]
    maps = tf.cast(inputs, tf.float32)  # Keras computes float16 and bfloat16 in float32 too.
    maps = maps if len(inputs.shape) == 4 else tf.reshape(maps, [-1, 1, 1, channels])
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=maps,
        scale=layer.gamma.value if layer.scale else tf.ones([channels]),
        offset=layer.beta.value if layer.center else tf.zeros([channels]),
        mean=tf.zeros([0]),
        variance=tf.zeros([0]),
        epsilon=layer.epsilon,
        is_training=True,
    )
    count = tf.cast(tf.size(maps) // channels, tf.float32)
    variance *= tf.maximum(count - 1, 1) / count  # Of the sample, as Keras keeps it.
    for moving, new in (layer.moving_mean, mean), (layer.moving_variance, variance):
        moving.assign(moving * layer.momentum + new * (1.0 - layer.momentum))
    return tf.cast(tf.reshape(outputs, tf.shape(inputs)), layer.compute_dtype)


def _of_momentum(optimizer: keras.optimizers.SGD) -> Callable[..., None]:
    """Return the `update_step` of `optimizer` in one kernel, or Keras's where there is none."""
    if not optimizer.momentum:
        return optimizer.update_step

    def update_step(gradient: Any, variable: Any, learning_rate: Any) -> None:
        place = optimizer._get_variable_index(variable)
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=optimizer.momentums[place].value.handle,
            lr=tf.cast(learning_rate, variable.dtype),
            grad=tf.cast(tf.convert_to_tensor(gradient), variable.dtype),
            momentum=tf.cast(optimizer.momentum, variable.dtype),
            use_nesterov=optimizer.nesterov,
        )

    return update_step


def _of_adam(optimizer: keras.optimizers.Adam) -> Callable[..., None]:
    """Return the `update_step` of `optimizer` in one kernel, or Keras's where there is none."""
    if optimizer.amsgrad:
        return optimizer.update_step

    def update_step(gradient: Any, variable: Any, learning_rate: Any) -> None:
        place, step = optimizer._get_variable_index(variable), optimizer.iterations + 1
        betas = [tf.cast(beta, variable.dtype) for beta in (optimizer.beta_1, optimizer.beta_2)]
        powers = [tf.pow(beta, tf.cast(step, variable.dtype)) for beta in betas]
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=optimizer._momentums[place].value.handle,
            v=optimizer._velocities[place].value.handle,
            beta1_power=powers[0],
            beta2_power=powers[1],
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=betas[0],
            beta2=betas[1],
            epsilon=tf.cast(optimizer.epsilon, variable.dtype),
            grad=tf.cast(tf.convert_to_tensor(gradient), variable.dtype),
        )

    return update_step


_UPDATES: dict[Any, Callable[[Any], Callable[..., None]]] = {
    keras.optimizers.SGD: _of_momentum,
    keras.optimizers.Adam: _of_adam,
}
