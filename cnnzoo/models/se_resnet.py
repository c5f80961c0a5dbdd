"""Squeeze-and-excitation residual networks for 32x32 images: SE-ResNet-20 and SE-ResNet-56.

Source: Hu, Shen, Albanie, Sun and Wu 2017, Squeeze-and-excitation networks, section 3,
https://arxiv.org/abs/1709.01507, on the networks of He, Zhang, Ren and Sun 2015, Deep
residual learning for image recognition, section 4.2, https://arxiv.org/abs/1512.03385

Departures: shortcuts are of option B (1x1 convolution and normalization), where the paper's
networks for CIFAR do not say. Normalization has momentum 0.9 and epsilon 1e-5, and He
initialization is by fan-in, of the gates and the dense layer too.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.layers import blocks
from cnnzoo.lazy import keras

FILTERS = (16, 32, 64)
REDUCTION = 16  # Maps per hidden unit of a gate.


class Variant(NamedTuple):
    """One row of the table."""

    units: int  # Residual units per stage; the depth is 6 * units + 2, without the gates.
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 1  # Rows and columns; convolutions are padded, and the pooling is global.
    num_classes: int = 10


VARIANTS = {
    "se_resnet20": Variant(units=3, params=274_847, macs=40_815_200),
    "se_resnet56": Variant(units=9, params=862_889, macs=125_753_888),
}


def build(
    variant: str, *, input_shape: tuple[int, int, int], num_classes: int, name: str
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`."""
    units = VARIANTS[variant].units
    images = keras.Input(input_shape, name="images")
    maps = blocks.convolve(images, FILTERS[0], 3, 1, name="stem_conv")
    maps = blocks.relu(blocks.norm(maps, "stem_bn"), "stem_relu")
    for stage, strides, place in blocks.units([units] * len(FILTERS)):
        filters = FILTERS[stage]
        shortcut = blocks.projection(maps, filters, strides, place) if strides > 1 else maps
        convolutions = blocks.basic(filters, strides)
        maps = blocks.residual_unit(maps, convolutions, shortcut, place, 3 * units, gate=_gated)
    return keras.Model(images, blocks.classify(maps, num_classes), name=name)


def _gated(maps: keras.KerasTensor, place: str) -> keras.KerasTensor:
    """Return each of `maps` times a factor between 0 and 1 that follows from the means of all."""
    filters = maps.shape[-1]
    means = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{place}_squeeze")(maps)
    hidden = keras.layers.Dense(
        filters // REDUCTION,
        activation="relu",
        kernel_initializer=blocks.he(),
        name=f"{place}_gate1",
    )
    gates = keras.layers.Dense(
        filters, activation="sigmoid", kernel_initializer=blocks.he(), name=f"{place}_gate2"
    )
    return keras.layers.Multiply(name=f"{place}_scale")([maps, gates(hidden(means))])
