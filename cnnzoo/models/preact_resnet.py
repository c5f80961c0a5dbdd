"""Residual networks with pre-activation for 32x32 images: PreAct ResNet-20 to ResNet-1001.

Source: He, Zhang, Ren and Sun 2016, Identity mappings in deep residual networks, section 4 and
appendix, https://arxiv.org/abs/1603.05027; code: https://github.com/KaimingHe/resnet-1k-layers

Departures: depths 20 to 56 are not in the paper. As in the paper's code, bottleneck units stride in
their first 1x1 convolution, and projections (a 1x1 convolution only) start after the unit's first
activation. Basic units change size by the option A of 2015, without weights; it starts after the
activation too, which the paper says only of projections. He initialization is by fan-in, of the
dense layer too; the code's is by fan-out, and uniform in the dense layer. Not stated in the paper:
normalization with momentum 0.9 and epsilon 1e-5 (Torch's).
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo import layers
from cnnzoo.layers import blocks
from cnnzoo.lazy import keras

FILTERS = (16, 32, 64)


class Variant(NamedTuple):
    """One row of the table."""

    bottleneck: bool  # Three convolutions per unit instead of two.
    units: int  # Residual units per stage; the depth is 6 * units + 2, or 9 * units + 2.
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
    for stage, strides, place in blocks.units([row.units] * 3):
        convolutions = (blocks.bottleneck if row.bottleneck else blocks.basic)(
            FILTERS[stage], strides
        )
        active, residual = blocks.preactivated_branch(maps, convolutions, place, 3 * row.units)
        filters = convolutions[-1].filters
        if place == "stage1_unit1" or strides > 1:
            # The first unit's activation comes before the paths part (appendix).
            maps = _shortcut(active, filters, strides, place, row.bottleneck)
        maps = blocks.add(maps, residual, place)
    maps = blocks.relu(blocks.norm(maps, "final_bn"), "final_relu")
    return keras.Model(images, blocks.classify(maps, num_classes), name=name)


def _shortcut(
    active: keras.KerasTensor, filters: int, strides: int, place: str, bottleneck: bool
) -> keras.KerasTensor:
    if active.shape[-1] == filters:
        return active
    if bottleneck:
        return blocks.convolve(active, filters, 1, strides, name=f"{place}_shortcut_conv")
    return layers.ZeroPadShortcut(filters, strides, name=f"{place}_shortcut")(active)


VARIANTS = {
    "preact_resnet20": Variant(False, units=3, params=269_722, macs=40_551_040),
    "preact_resnet32": Variant(False, units=5, params=464_154, macs=68_862_592),
    "preact_resnet44": Variant(False, units=7, params=658_586, macs=97_174_144),
    "preact_resnet56": Variant(False, units=9, params=853_018, macs=125_485_696),
    "preact_resnet110": Variant(False, units=18, params=1_727_962, macs=252_887_680),
    "preact_resnet164": Variant(True, units=18, params=1_703_258, macs=244_500_992),
    "preact_resnet1001": Variant(True, units=111, params=10_327_706, macs=1_487_849_984),
}
