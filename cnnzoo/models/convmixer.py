"""ConvMixer-256/8 for 32x32 images: patches, then depthwise and pointwise convolutions by turns.

Source: Trockman and Kolter 2022, Patches are all you need?, sections 2 and 3.2,
https://arxiv.org/abs/2201.09792; code: https://github.com/locuslab/convmixer-cifar10

Departures: Glorot initialization and zero biases instead of PyTorch's defaults.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.layers import blocks
from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table."""

    width: int  # Maps of every layer.
    depth: int
    kernel_size: int  # Of the depthwise convolutions.
    patch_size: int
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 2  # Rows and columns of one patch.
    num_classes: int = 10


VARIANTS = {"convmixer_256_8": Variant(256, 8, 5, 2, params=594_186, macs=148_113_920)}


def build(
    variant: str, *, input_shape: tuple[int, int, int], num_classes: int, name: str
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`."""
    row = VARIANTS[variant]
    images = keras.Input(input_shape, name="images")
    patches = keras.layers.Conv2D(row.width, row.patch_size, row.patch_size, name="patches")
    maps = _activate(patches(images), "patches")
    for unit in range(1, row.depth + 1):
        place = f"unit{unit}"
        depthwise = keras.layers.DepthwiseConv2D(
            row.kernel_size, padding="same", name=f"{place}_depthwise"
        )
        mixed = _activate(depthwise(maps), f"{place}_depthwise")
        maps = blocks.add(maps, mixed, place)
        pointwise = keras.layers.Conv2D(row.width, 1, name=f"{place}_pointwise")
        maps = _activate(pointwise(maps), f"{place}_pointwise")
    values = keras.layers.GlobalAveragePooling2D(name="pool")(maps)
    return keras.Model(images, keras.layers.Dense(num_classes, name="logits")(values), name=name)


def _activate(maps: keras.KerasTensor, place: str) -> keras.KerasTensor:
    maps = keras.layers.Activation("gelu", name=f"{place}_gelu")(maps)
    return blocks.norm(maps, f"{place}_bn")
