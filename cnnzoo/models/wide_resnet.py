"""Wide residual networks for 32x32 images: WRN-16-4 to WRN-28-10.

Source: Zagoruyko and Komodakis 2016, Wide residual networks, sections 2 and 3,
https://arxiv.org/abs/1605.07146; code: https://github.com/szagoruyko/wide-residual-networks

Departures: the scales of the normalization start at 1, where the released code draws them from
[0, 1). As in that code, units that change size share their first activation with a projection (1x1
convolution alone); He initialization is by fan-in, of the dense layer too, as in its PyTorch
version. Not stated in the paper: normalization with momentum 0.9 and epsilon 1e-5 (Torch's).
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.layers import blocks
from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table."""

    units: int  # Residual units per stage; the depth is 6 * units + 4.
    width: int  # Filters of the stages are 16, 32 and 64 times this.
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 1  # Rows and columns; convolutions are padded, and the pooling is global.
    num_classes: int = 10


def build(
    variant: str,
    *,
    input_shape: tuple[int, int, int],
    num_classes: int,
    name: str,
    dropout: float = 0.0,
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        dropout: Share of values dropped between the two convolutions of each unit; the paper has
            0.3 on CIFAR.
    """
    row = VARIANTS[variant]
    images = keras.Input(input_shape, name="images")
    maps = blocks.convolve(images, 16, 3, 1, name="stem_conv")
    for stage, strides, place in blocks.units([row.units] * 3):
        filters = (16, 32, 64)[stage] * row.width
        active, residual = blocks.preactivated_branch(
            maps, blocks.basic(filters, strides), place, 3 * row.units, dropout
        )
        if maps.shape[-1] != filters:
            maps = blocks.convolve(active, filters, 1, strides, name=f"{place}_shortcut_conv")
        maps = blocks.add(maps, residual, place)
    maps = blocks.relu(blocks.norm(maps, "final_bn"), "final_relu")
    return keras.Model(images, blocks.classify(maps, num_classes), name=name)


VARIANTS = {
    "wrn16_4": Variant(units=2, width=4, params=2_748_890, macs=392_612_352),
    "wrn40_2": Variant(units=6, width=2, params=2_243_546, macs=327_599_360),
    "wrn40_4": Variant(units=6, width=4, params=8_949_210, macs=1_298_582_016),
    "wrn16_8": Variant(units=2, width=8, params=10_961_370, macs=1_548_145_664),
    "wrn28_10": Variant(units=4, width=10, params=36_479_194, macs=5_243_328_768),
}
