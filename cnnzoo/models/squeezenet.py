"""SqueezeNet 1.1 for ImageNet: AlexNet's accuracy with a fiftieth of its parameters.

Source: Iandola et al. 2016, SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB
model size, section 3 and table 1, https://arxiv.org/abs/1602.07360; version 1.1: the authors' code,
https://github.com/forresti/SqueezeNet

Departures: none known. Initial weights are the authors': uniform with variance 1 / fan-in ("xavier"
in Caffe), but normal with standard deviation 0.01 in the last convolution. Windows at the right and
the bottom of a pooling may be smaller, as in Caffe.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.layers import blocks
from cnnzoo.lazy import keras

# Filters of the squeezing 1x1 convolution of each fire module, and of each of its two expanding
# ones; a pooling precedes each tuple.
STAGES = (
    ((16, 64), (16, 64)),
    ((32, 128), (32, 128)),
    ((48, 192), (48, 192), (64, 256), (64, 256)),
)


class Variant(NamedTuple):
    """One row of the table."""

    params: int  # Trainable, for this input shape and 1000 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int, int] = (224, 224, 3)
    smallest: int = 17  # Rows and columns that leave the last pooling two.
    num_classes: int = 1000


VARIANTS = {"squeezenet_1_1": Variant(params=1_235_496, macs=349_151_936)}


def build(
    variant: str,
    *,
    input_shape: tuple[int, int, int],
    num_classes: int,
    name: str,
    dropout: float = 0.5,
) -> keras.Model:
    """Build SqueezeNet 1.1, from images `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        dropout: Fraction of the maps that a training step drops before the last convolution.
    """
    images = keras.Input(input_shape, name="images")
    maps = _convolution(images, 64, 3, "conv1", strides=2, padding="valid")
    module = 2  # The authors count on from conv1.
    for stage, modules in enumerate(STAGES, 1):
        maps = _pooling(maps, f"pool{stage}")
        for squeezed, expanded in modules:
            maps = _fire(maps, squeezed, expanded, f"fire{module}")
            module += 1
    maps = keras.layers.Dropout(dropout, name="dropout")(maps)
    start = keras.initializers.RandomNormal(stddev=0.01)
    last = keras.layers.Conv2D(num_classes, 1, kernel_initializer=start, name="logits")
    maps = blocks.relu(last(maps), "relu10")
    means = keras.layers.GlobalAveragePooling2D(name="global_pool")(maps)
    return keras.Model(images, means, name=name)


def _fire(maps: keras.KerasTensor, squeezed: int, expanded: int, place: str) -> keras.KerasTensor:
    """Return both expanding convolutions, side by side, of the squeezed `maps`."""
    maps = _convolution(maps, squeezed, 1, f"{place}_squeeze")
    both = [_convolution(maps, expanded, size, f"{place}_expand{size}") for size in (1, 3)]
    return keras.layers.Concatenate(name=f"{place}_concat")(both)


def _convolution(
    maps: keras.KerasTensor,
    filters: int,
    kernel_size: int,
    name: str,
    strides: int = 1,
    padding: str = "same",
) -> keras.KerasTensor:
    convolution = keras.layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding,
        activation="relu",
        kernel_initializer="lecun_uniform",
        name=name,
    )
    return convolution(maps)


def _pooling(maps: keras.KerasTensor, name: str) -> keras.KerasTensor:
    # After ReLU, a border of zeros never exceeds what it surrounds: the smaller windows of Caffe.
    behind = [(0, int(side is not None and side % 2 == 0)) for side in maps.shape[1:3]]
    maps = keras.layers.ZeroPadding2D(behind, name=f"{name}_pad")(maps)
    return keras.layers.MaxPooling2D(3, 2, name=name)(maps)
