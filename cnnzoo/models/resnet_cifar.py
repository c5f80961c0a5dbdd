"""Residual networks for 32x32 images: ResNet-20 to ResNet-1202.

Source: He, Zhang, Ren and Sun 2015, Deep residual learning for image recognition, section 4.2,
https://arxiv.org/abs/1512.03385

Departures: names that end in _b have shortcuts of option B (1x1 convolution and normalization),
which the paper uses only on ImageNet; the others are the paper's option A, with the channels of
zeros after the others. Not stated in the paper: normalization with momentum 0.9 and epsilon 1e-5,
and He initialization by fan-in of the dense layer too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cnnzoo import layers
from cnnzoo.layers import blocks
from cnnzoo.lazy import keras

FILTERS = (16, 32, 64)


class Variant(NamedTuple):
    """One row of the table."""

    shortcut: Callable[..., keras.KerasTensor]  # Where the number of filters doubles.
    units: int  # Residual units per stage; the depth is 6 * units + 2.
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 1  # Rows and columns; convolutions are padded, and the pooling is global.
    num_classes: int = 10


def build(
    variant: str, *, input_shape: tuple[int, int, int], num_classes: int, name: str
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`."""
    row = VARIANTS[variant]
    images = keras.Input(input_shape, name="images")
    maps = blocks.convolve(images, FILTERS[0], 3, 1, name="stem_conv")
    maps = blocks.relu(blocks.norm(maps, "stem_bn"), "stem_relu")
    for stage, strides, place in blocks.units([row.units] * 3):
        filters = FILTERS[stage]
        shortcut = row.shortcut(maps, filters, strides, place) if strides > 1 else maps
        convolutions = blocks.basic(filters, strides)
        maps = blocks.residual_unit(maps, convolutions, shortcut, place, 3 * row.units)
    model = layers.DeepModel if row.units > 100 else keras.Model
    return model(images, blocks.classify(maps, num_classes), name=name)


def _zero_padded(
    maps: keras.KerasTensor, filters: int, strides: int, place: str
) -> keras.KerasTensor:
    return layers.ZeroPadShortcut(filters, strides, name=f"{place}_shortcut")(maps)


VARIANTS = {
    "resnet20": Variant(_zero_padded, units=3, params=269_722, macs=40_551_040),
    "resnet32": Variant(_zero_padded, units=5, params=464_154, macs=68_862_592),
    "resnet44": Variant(_zero_padded, units=7, params=658_586, macs=97_174_144),
    "resnet56": Variant(_zero_padded, units=9, params=853_018, macs=125_485_696),
    "resnet110": Variant(_zero_padded, units=18, params=1_727_962, macs=252_887_680),
    "resnet1202": Variant(_zero_padded, units=200, params=19_421_274, macs=2_829_238_912),
    "resnet20_b": Variant(blocks.projection, units=3, params=272_474, macs=40_813_184),
    "resnet32_b": Variant(blocks.projection, units=5, params=466_906, macs=69_124_736),
    "resnet44_b": Variant(blocks.projection, units=7, params=661_338, macs=97_436_288),
    "resnet56_b": Variant(blocks.projection, units=9, params=855_770, macs=125_747_840),
    "resnet110_b": Variant(blocks.projection, units=18, params=1_730_714, macs=253_149_824),
}
