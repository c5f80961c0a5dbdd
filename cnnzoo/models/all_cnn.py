"""All-CNN-C, a network of convolutions alone, two of which stride where others pool.

Source: Springenberg, Dosovitskiy, Brox and Riedmiller 2015, Striving for simplicity: the all
convolutional net, tables 1 and 2, https://arxiv.org/abs/1412.6806

Departures: none known. Left open in the paper: He initialization by fan-in, but small weights and
biases of 1 for the maps of the classes, so that their ReLU silences no class from the start.
Padding follows from the 6x6 positions at the end: the last 3x3 convolution has none, the others
keep the sides.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.layers import blocks
from cnnzoo.lazy import keras

# (filters, kernel, strides); the last gives the classes.
CONVOLUTIONS = (
    *((96, 3, 1), (96, 3, 1), (96, 3, 2), (192, 3, 1), (192, 3, 1), (192, 3, 2)),
    *((192, 3, 1), (192, 1, 1), (None, 1, 1)),
)


class Variant(NamedTuple):
    """One row of the table."""

    params: int  # Trainable, for this input shape and 10 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 9  # Rows and columns that leave 3 for the convolution without padding.
    num_classes: int = 10


VARIANTS = {"all_cnn_c": Variant(params=1_369_738, macs=270_798_336)}


def build(
    variant: str,
    *,
    input_shape: tuple[int, int, int],
    num_classes: int,
    name: str,
    dropout: float = 0.5,
) -> keras.Model:
    """Build the network, from images `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        dropout: Fraction of the maps that a training step drops after each strided convolution; of
            the images, it drops 0.4 times as much (the paper has 0.5 and 0.2).
    """
    images = keras.Input(input_shape, name="images")
    maps = keras.layers.Dropout(0.4 * dropout, name="dropout1")(images)
    for place, (filters, kernel_size, strides) in enumerate(CONVOLUTIONS, 1):
        padding = "valid" if strides > 1 or place == 7 else "same"
        if strides > 1:
            maps = keras.layers.ZeroPadding2D(1, name=f"conv{place}_pad")(maps)
        convolution = keras.layers.Conv2D(
            filters or num_classes,
            kernel_size,
            strides,
            padding,
            name=f"conv{place}" if filters else "logits",
            **blocks.start_of_maps(classes=filters is None),
        )
        maps = blocks.relu(convolution(maps), f"relu{place}")
        if strides > 1:
            maps = keras.layers.Dropout(dropout, name=f"dropout{place // 3 + 1}")(maps)
    means = keras.layers.GlobalAveragePooling2D(name="pool")(maps)
    return keras.Model(images, means, name=name)
