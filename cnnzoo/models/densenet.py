"""Densely connected networks for 32x32 images: DenseNet-40 and DenseNet-BC-100, growth rate 12.

Source: Huang, Liu, van der Maaten and Weinberger 2017, Densely connected convolutional networks,
section 3, https://arxiv.org/abs/1608.06993; code: https://github.com/liuzhuang13/DenseNet

Departures: He initialization is by fan-in, of the dense layer too; the code's is by fan-out.
Normalization has momentum 0.9 and epsilon 1e-5 (Torch's), as in the code.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.layers import blocks
from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table."""

    bottleneck: bool  # DenseNet-BC: a 1x1 convolution before each 3x3, transitions halve the maps.
    layers: int  # Of each of the three blocks.
    growth: int  # Maps that a layer adds.
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 4  # Rows and columns; two poolings halve them.
    num_classes: int = 10


VARIANTS = {
    "densenet_40_12": Variant(False, layers=12, growth=12, params=1_019_722, macs=264_812_928),
    "densenet_bc_100_12": Variant(True, layers=16, growth=12, params=769_162, macs=287_929_692),
}


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
        dropout: Share of values dropped after each convolution but the first; the paper has 0.2
            where images are not augmented.
    """
    row = VARIANTS[variant]
    images = keras.Input(input_shape, name="images")
    first = 2 * row.growth if row.bottleneck else 16
    maps = blocks.convolve(images, first, 3, 1, name="stem_conv")
    for block in (1, 2, 3):
        for layer in range(1, row.layers + 1):
            place = f"block{block}_layer{layer}"
            added = maps
            if row.bottleneck:
                added = _convolution(added, 4 * row.growth, 1, f"{place}_bottleneck", dropout)
            added = _convolution(added, row.growth, 3, place, dropout)
            maps = keras.layers.Concatenate(name=f"{place}_concat")([maps, added])
        if block < 3:
            filters = maps.shape[-1] // (2 if row.bottleneck else 1)
            maps = _convolution(maps, filters, 1, f"transition{block}", dropout)
            maps = keras.layers.AveragePooling2D(2, name=f"transition{block}_pool")(maps)
    maps = blocks.relu(blocks.norm(maps, "final_bn"), "final_relu")
    return keras.Model(images, blocks.classify(maps, num_classes), name=name)


def _convolution(
    maps: keras.KerasTensor, filters: int, kernel_size: int, place: str, dropout: float
) -> keras.KerasTensor:
    """Return normalization, ReLU and convolution of `maps`."""
    maps = blocks.relu(blocks.norm(maps, f"{place}_bn"), f"{place}_relu")
    maps = blocks.convolve(maps, filters, kernel_size, 1, name=f"{place}_conv")
    return keras.layers.Dropout(dropout, name=f"{place}_dropout")(maps) if dropout else maps
