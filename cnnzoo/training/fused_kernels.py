"""Training with TensorFlow's fused kernels, where Keras computes in many small steps.

Batch normalization is one kernel instead of two passes for the moments and further ones for the
rest, and the update of a weight by SGD with momentum or by Adam is one pass over the memory.
While training, layers and optimizer are of subclasses, which Keras saves as their parents; weights
are and stay Keras's own.

Departure from Keras: Adam adds up the gradients of a word that stands several times in a batch
before it squares them, as Kingma and Ba 2014, https://arxiv.org/abs/1412.6980, do; Keras 3 on
TensorFlow squares each.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from cnnzoo.keras_internals import adam_moments, becoming, flatten_layers, variable_index


@contextlib.contextmanager
def fused(model: keras.Model) -> Iterator[None]:
    """Let `model`, which is compiled and has not been trained yet, train with fused kernels."""
    scaled = model.optimizer
    optimizer = getattr(scaled, "inner_optimizer", scaled)  # That of LossScaleOptimizer.
    with contextlib.ExitStack() as stack:
        for layer in flatten_layers(model):
            if type(layer) is keras.layers.BatchNormalization:
                stack.enter_context(becoming(layer, _Normalization))
        for kind, mixin in _UPDATES.items():
            if type(optimizer).update_step is kind.update_step:  # A subclass may have its own.
                stack.enter_context(becoming(optimizer, mixin))
        yield


class _Normalization:
    """A mixin of `BatchNormalization` that uses the fused kernel where there is one."""

    def call(self: Any, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        last = self.axis in (-1, len(inputs.shape) - 1)
        special = self.renorm or self.synchronized or mask is not None
        if not (training and self.trainable and last) or special or inputs.dtype == tf.float64:
            return super().call(inputs, training=training, mask=mask)  # type: ignore[misc]
        return _normalized(self, inputs)


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


class _Momentum:
    """A mixin of `SGD` that updates by momentum in one kernel."""

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if not self.momentum:
            return super().update_step(gradient, variable, learning_rate)  # type: ignore[misc]
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=self.momentums[variable_index(self, variable)].value.handle,
            lr=tf.cast(learning_rate, variable.dtype),
            grad=tf.cast(tf.convert_to_tensor(gradient), variable.dtype),
            momentum=tf.cast(self.momentum, variable.dtype),
            use_nesterov=self.nesterov,
        )
        return None


class _Adam:
    """A mixin of `Adam` that updates in one kernel."""

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if self.amsgrad:
            return super().update_step(gradient, variable, learning_rate)  # type: ignore[misc]
        first, second = adam_moments(self, variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        betas = [tf.cast(beta, variable.dtype) for beta in (self.beta_1, self.beta_2)]
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=first.value.handle,
            v=second.value.handle,
            beta1_power=tf.pow(betas[0], step),
            beta2_power=tf.pow(betas[1], step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=betas[0],
            beta2=betas[1],
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(tf.convert_to_tensor(gradient), variable.dtype),
        )
        return None


_UPDATES: dict[Any, type] = {keras.optimizers.SGD: _Momentum, keras.optimizers.Adam: _Adam}
