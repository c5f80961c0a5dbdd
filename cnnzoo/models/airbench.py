"""The networks of airbench, made to reach 93% and 94% on CIFAR-10 in seconds.

Source: Jordan 2024, 94% on CIFAR-10 in 3.29 seconds on a single GPU, section 3 and appendix A,
https://arxiv.org/abs/2404.00498; code: https://github.com/KellerJordan/cifar10-airbench

Departures: the last pooling takes the maximum of each map over all of it, which is the code's
window of 3x3 for images of 25 to 32 rows and columns; its factor of 1/9 stands before the dense
layer, which changes neither logits nor gradients. The whitening filters start as an orthogonal
matrix and its negative until `get_layer("whiten").adapt` takes them from training images. The
recipe freezes their bias after three epochs; the network does not.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo import layers
from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table."""

    filters: tuple[int, int, int]  # Of both convolutions of each block.
    params: int  # Trainable, for this input shape and 10 classes: without 288 whitening weights.
    macs: int
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 9  # Rows and columns: patches of 2x2, and three poolings that halve them.
    num_classes: int = 10


VARIANTS = {
    "airbench93": Variant((64, 128, 128), params=568_728, macs=54_223_904),
    "airbench94": Variant((64, 256, 256), params=1_971_352, macs=118_147_360),
}


def build(
    variant: str, *, input_shape: tuple[int, int, int], num_classes: int, name: str
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`."""
    images = keras.Input(input_shape, name="images")
    maps = layers.WhiteningConv2D(2, name="whiten")(images)
    maps = _gelu(maps, "whiten_gelu")
    for block, filters in enumerate(VARIANTS[variant].filters, 1):
        maps = _convolution(maps, filters, f"block{block}_conv1")
        maps = keras.layers.MaxPooling2D(name=f"block{block}_pool")(maps)
        maps = _gelu(_norm(maps, f"block{block}_bn1"), f"block{block}_gelu1")
        maps = _convolution(maps, filters, f"block{block}_conv2")
        maps = _gelu(_norm(maps, f"block{block}_bn2"), f"block{block}_gelu2")
    values = keras.layers.GlobalMaxPooling2D(name="pool")(maps)
    values = keras.layers.Rescaling(1 / 9, name="scale")(values)
    uniform = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")  # PyTorch's default.
    dense = keras.layers.Dense(
        num_classes, use_bias=False, kernel_initializer=uniform, name="logits"
    )
    return keras.Model(images, dense(values), name=name)


def _convolution(maps: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    convolution = keras.layers.Conv2D(
        filters, 3, padding="same", use_bias=False, kernel_initializer=layers.Dirac(), name=name
    )
    return convolution(maps)


def _norm(maps: keras.KerasTensor, name: str) -> keras.KerasTensor:
    normalization = keras.layers.BatchNormalization(
        momentum=0.6, epsilon=1e-12, scale=False, name=name
    )
    return normalization(maps)


def _gelu(maps: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.Activation("gelu", name=name)(maps)
