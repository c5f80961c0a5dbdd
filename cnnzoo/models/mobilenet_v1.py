"""MobileNet of a quarter of the width, MLPerf Tiny's network for visual wake words.

Source: Howard et al. 2017, MobileNets: efficient convolutional neural networks for mobile vision
applications, table 1, https://arxiv.org/abs/1704.04861; Banbury et al. 2021, MLPerf Tiny benchmark,
https://arxiv.org/abs/2106.07597; reference code: https://github.com/mlcommons/tiny,
benchmark/training/visual_wake_words

Departures: convolutions have no biases, as in the paper; those of the reference code do, 2,736 in
all, though normalization follows and cancels them. As there, ReLU has no upper limit and padding is
"same", which at even sides starts on the second pixel. Logits instead of softmax; the L2 penalty of
the convolutions belongs to the recipe.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.layers import blocks
from cnnzoo.lazy import keras

# (filters, strides) of the depthwise separable convolutions at full width.
UNITS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)),
)


class Variant(NamedTuple):
    """One row of the table."""

    width: float  # Share of the paper's filters.
    params: int  # Trainable, for this input shape and 2 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int, int] = (96, 96, 3)
    smallest: int = 1  # Rows and columns; convolutions are padded, and the pooling is global.
    num_classes: int = 2


VARIANTS = {"mobilenet_v1_025": Variant(0.25, params=213_586, macs=7_489_664)}


def build(
    variant: str, *, input_shape: tuple[int, int, int], num_classes: int, name: str
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`."""
    width = VARIANTS[variant].width
    images = keras.Input(input_shape, name="images")
    maps = _convolution(images, int(32 * width), 3, 2, "stem")
    for unit, (filters, strides) in enumerate(UNITS, 1):
        place = f"unit{unit}_depthwise"
        depthwise = keras.layers.DepthwiseConv2D(
            3, strides, "same", use_bias=False, depthwise_initializer="he_normal", name=place
        )
        maps = _activate(depthwise(maps), place)
        maps = _convolution(maps, int(filters * width), 1, 1, f"unit{unit}_pointwise")
    values = keras.layers.GlobalAveragePooling2D(name="pool")(maps)
    return keras.Model(images, keras.layers.Dense(num_classes, name="logits")(values), name=name)


def _convolution(
    maps: keras.KerasTensor, filters: int, kernel_size: int, strides: int, name: str
) -> keras.KerasTensor:
    convolution = keras.layers.Conv2D(
        filters,
        kernel_size,
        strides,
        "same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )
    return _activate(convolution(maps), name)


def _activate(maps: keras.KerasTensor, place: str) -> keras.KerasTensor:
    maps = keras.layers.BatchNormalization(name=f"{place}_bn")(maps)
    return blocks.relu(maps, f"{place}_relu")
