"""draft"""
from __future__ import annotations
import os
from collections.abc import Callable
from typing import Any
import keras
import tensorflow as tf

WHAT = os.environ.get("FAST", "bn,opt").split(",")

def fast(network):
    if "bn" in WHAT:
        for layer in network._flatten_layers():
            if type(layer) is keras.layers.BatchNormalization:
                layer.call = _fused(layer)

def _fused(layer):
    stock = layer.call
    def call(inputs, training=None, mask=None):
        if not (training and layer.trainable) or mask is not None:
            return stock(inputs, training=training, mask=mask)
        maps = tf.cast(inputs, tf.float32)
        shape = tf.shape(maps)
        channels = inputs.shape[-1]
        flat = maps if len(inputs.shape) == 4 else tf.reshape(maps, [-1, 1, 1, channels])
        gamma = layer.gamma.value if layer.scale else tf.ones([channels])
        beta = layer.beta.value if layer.center else tf.zeros([channels])
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=flat, scale=gamma, offset=beta, mean=tf.constant([], tf.float32), variance=tf.constant([], tf.float32), epsilon=layer.epsilon, is_training=True)
        count = tf.cast(tf.size(flat) // channels, tf.float32)
        variance *= tf.maximum(count - 1, 1) / count
        for moving, new in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + new * (1 - layer.momentum))
        outputs = tf.reshape(outputs, shape) if flat is not maps else outputs
        return tf.cast(outputs, layer.compute_dtype)
    return call

def fast_optimizer(made):
    if "opt" not in WHAT: return made
    one = getattr(made, "inner_optimizer", made)
    if isinstance(one, keras.optimizers.SGD) and one.momentum:
        def step(gradient, variable, learning_rate):
            tf.raw_ops.ResourceApplyKerasMomentum(var=variable.handle, accum=one.momentums[one._get_variable_index(variable)].value.handle,
              lr=tf.cast(learning_rate, tf.float32), grad=tf.convert_to_tensor(gradient), momentum=one.momentum, use_nesterov=one.nesterov)
        one.update_step = step
    elif isinstance(one, keras.optimizers.Adam):
        def step(gradient, variable, learning_rate):
            i = one._get_variable_index(variable)
            count = tf.cast(one.iterations + 1, tf.float32)
            tf.raw_ops.ResourceApplyAdam(var=variable.handle, m=one._momentums[i].value.handle, v=one._velocities[i].value.handle,
              beta1_power=tf.pow(one.beta_1, count), beta2_power=tf.pow(one.beta_2, count), lr=tf.cast(learning_rate, tf.float32),
              beta1=one.beta_1, beta2=one.beta_2, epsilon=one.epsilon, grad=tf.convert_to_tensor(gradient))
        one.update_step = step
    return made
