"""ShuffleNetV2 for 32x32 images, at half and full width.

Source: Ma, Zhang, Zheng and Sun 2018, ShuffleNet V2: practical guidelines for efficient CNN
architecture design, section 3.3 and table 5, https://arxiv.org/abs/1807.11164; for 32x32 images as
in https://github.com/chenyaofo/pytorch-cifar-models

Departures: for 32x32 images, the first convolution does not stride and no pooling follows, so that
4x4 positions are left. Not stated in the paper: He initialization by fan-in, of the dense layer
too, and normalization with momentum 0.9 and epsilon 1e-5.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo import layers
from cnnzoo.layers import blocks
from cnnzoo.lazy import keras

UNITS = (4, 8, 4)  # Of the stages, each of which starts by halving the maps.


class Variant(NamedTuple):
    """One row of the table."""

    filters: tuple[int, int, int]  # Of the stages; 24 before and 1024 after them.
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 1  # Rows and columns; convolutions are padded, and the pooling is global.
    num_classes: int = 10


VARIANTS = {
    "shufflenet_v2_050": Variant((48, 96, 192), params=352_042, macs=10_902_016),
    "shufflenet_v2_100": Variant((116, 232, 464), params=1_263_854, macs=45_002_112),
}


def build(
    variant: str, *, input_shape: tuple[int, int, int], num_classes: int, name: str
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`."""
    images = keras.Input(input_shape, name="images")
    maps = _convolution(images, 24, 3, "stem_conv")
    for stage, (filters, units) in enumerate(zip(VARIANTS[variant].filters, UNITS, strict=True), 1):
        for unit in range(1, units + 1):
            maps = _unit(maps, filters // 2, 2 if unit == 1 else 1, f"stage{stage}_unit{unit}")
    maps = _convolution(maps, 1024, 1, "last_conv")
    return keras.Model(images, blocks.classify(maps, num_classes), name=name)


def _unit(maps: keras.KerasTensor, filters: int, strides: int, place: str) -> keras.KerasTensor:
    """Return figure 3c, or 3d where the unit strides: two branches, whose channels are shuffled."""
    if strides == 1:
        kept = layers.ChannelHalf(name=f"{place}_kept")(maps)
        maps = layers.ChannelHalf(second=True, name=f"{place}_half")(maps)
    else:
        kept = _depthwise(maps, strides, f"{place}_left_depthwise")
        kept = _convolution(kept, filters, 1, f"{place}_left_conv")
    maps = _convolution(maps, filters, 1, f"{place}_conv1")
    maps = _depthwise(maps, strides, f"{place}_depthwise")
    maps = _convolution(maps, filters, 1, f"{place}_conv2")
    joined = keras.layers.Concatenate(name=f"{place}_concat")([kept, maps])
    return layers.ChannelShuffle(name=f"{place}_shuffle")(joined)


def _depthwise(maps: keras.KerasTensor, strides: int, name: str) -> keras.KerasTensor:
    return blocks.norm(blocks.depthwise(maps, 3, strides, name=name), f"{name}_bn")


def _convolution(
    maps: keras.KerasTensor, filters: int, kernel_size: int, name: str
) -> keras.KerasTensor:
    maps = blocks.convolve(maps, filters, kernel_size, 1, name=name)
    return blocks.relu(blocks.norm(maps, f"{name}_bn"), f"{name}_relu")
