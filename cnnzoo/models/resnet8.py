"""ResNet-8, the image classification network of the MLPerf Tiny benchmark, in two widths.

Source: Banbury et al. 2021, MLPerf Tiny benchmark, https://arxiv.org/abs/2106.07597;
reference code: https://github.com/mlcommons/tiny, benchmark/training/image_classification
(resnet8_large: version 1.4)

Departures: the mean of each map over all of it, where the reference code pools squares as long as
the shorter side, which is the same for square images; logits instead of softmax; the L2 penalty of
the convolutions belongs to the recipe.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from cnnzoo.layers import blocks
from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table."""

    filters: int  # Of the first stage; the next two double them. One residual unit each.
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 1  # Rows and columns; convolutions are padded, and the pooling is global.
    num_classes: int = 10


def build(
    variant: str, *, input_shape: tuple[int, int, int], num_classes: int, name: str
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`."""
    first = VARIANTS[variant].filters
    images = keras.Input(input_shape, name="images")
    maps = _convolution(first, 3, "stem_conv")(images)
    maps = blocks.relu(keras.layers.BatchNormalization(name="stem_bn")(maps), "stem_relu")
    for stage, strides, place in blocks.units([1] * 3):
        maps = _unit(maps, first * 2**stage, strides, place)
    values = keras.layers.GlobalAveragePooling2D(name="pool")(maps)
    logits = keras.layers.Dense(num_classes, kernel_initializer="he_normal", name="logits")(values)
    return keras.Model(images, logits, name=name)


def _unit(maps: keras.KerasTensor, filters: int, strides: int, place: str) -> keras.KerasTensor:
    branch = _convolution(filters, 3, f"{place}_conv1", strides=strides)(maps)
    branch = keras.layers.BatchNormalization(name=f"{place}_bn1")(branch)
    branch = blocks.relu(branch, f"{place}_relu1")
    branch = _convolution(filters, 3, f"{place}_conv2")(branch)
    branch = keras.layers.BatchNormalization(name=f"{place}_bn2")(branch)
    if strides > 1:
        maps = _convolution(filters, 1, f"{place}_shortcut_conv", strides=strides)(maps)
    return blocks.relu(blocks.add(maps, branch, place), f"{place}_relu2")


def _convolution(filters: int, kernel_size: int, name: str, **arguments: Any) -> keras.layers.Layer:
    """The reference code's: biases, though normalization follows most, and "same" padding."""
    return keras.layers.Conv2D(
        filters, kernel_size, padding="same", kernel_initializer="he_normal", name=name, **arguments
    )


VARIANTS = {
    "resnet8": Variant(16, params=78_186, macs=12_501_632),
    "resnet8_large": Variant(26, params=204_526, macs=32_562_192),
}
