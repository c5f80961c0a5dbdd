"""ResNet-9, the shallow residual network that won DAWNBench's CIFAR-10 training in 2018.

Source: Page 2018, How to train your ResNet 4: architecture,
https://myrtle.ai/learn/how-to-train-your-resnet-4-architecture/; code:
https://github.com/davidcpage/cifar10-fast, dawn.py

Departures: the last pooling takes the maximum of each map over all of it, which is the code's
window of 4x4 for 32x32 images; the code's factor of 0.125 stands before the dense layer, which
changes neither logits nor gradients.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.layers import blocks
from cnnzoo.lazy import keras

FILTERS = (128, 256, 512)  # Of the three stages, after a first convolution of 64.
RESIDUAL = (1, 3)  # Stages that end with a residual unit.


class Variant(NamedTuple):
    """One row of the table."""

    params: int  # Trainable, for this input shape and 10 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 8  # Rows and columns; three poolings halve them.
    num_classes: int = 10


VARIANTS = {"resnet9": Variant(params=6_573_120, macs=379_261_952)}


def build(
    variant: str, *, input_shape: tuple[int, int, int], num_classes: int, name: str
) -> keras.Model:
    """Build ResNet-9, from images `[batch, *input_shape]` to logits `[batch, num_classes]`."""
    images = keras.Input(input_shape, name="images")
    maps = _layer(images, 64, "stem", "")
    for stage, filters in enumerate(FILTERS, 1):
        maps = _layer(maps, filters, f"stage{stage}", "")
        maps = keras.layers.MaxPooling2D(name=f"stage{stage}_pool")(maps)
        if stage in RESIDUAL:
            residual = _layer(maps, filters, f"stage{stage}_unit1", "1")
            residual = _layer(residual, filters, f"stage{stage}_unit1", "2")
            maps = blocks.add(maps, residual, f"stage{stage}_unit1")
    values = keras.layers.GlobalMaxPooling2D(name="pool")(maps)
    values = keras.layers.Rescaling(0.125, name="scale")(values)
    dense = keras.layers.Dense(
        num_classes, use_bias=False, kernel_initializer=_uniform(), name="logits"
    )
    return keras.Model(images, dense(values), name=name)


def _layer(maps: keras.KerasTensor, filters: int, place: str, step: str) -> keras.KerasTensor:
    convolution = keras.layers.Conv2D(
        filters,
        3,
        padding="same",
        use_bias=False,
        kernel_initializer=_uniform(),
        name=f"{place}_conv{step}",
    )
    maps = blocks.norm(convolution(maps), f"{place}_bn{step}")
    return blocks.relu(maps, f"{place}_relu{step}")


def _uniform() -> keras.initializers.Initializer:
    """PyTorch's default, which the code keeps: within plus-minus 1 / sqrt(fan-in)."""
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
