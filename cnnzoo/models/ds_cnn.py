"""DS-CNN, depthwise separable convolutions for keyword spotting, of the MLPerf Tiny benchmark.

Source: Zhang, Suda, Lai and Chandra 2017, Hello edge: keyword spotting on microcontrollers,
section 4, https://arxiv.org/abs/1711.07128; Banbury et al. 2021, MLPerf Tiny benchmark,
https://arxiv.org/abs/2106.07597; reference code: https://github.com/mlcommons/tiny,
benchmark/training/keyword_spotting

Departures: logits instead of softmax; the L2 penalty of the convolutions belongs to the recipe.
Sizes are those of the reference code, with its biases before normalization; the mean of each map is
over all of it, as in the paper and in the benchmark's version 0.1.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.layers import blocks
from cnnzoo.lazy import keras

FILTERS = 64
UNITS = 4


class Variant(NamedTuple):
    """One row of the table."""

    params: int  # Trainable, for this input shape and 12 classes.
    macs: int  # Multiply-adds, for the same.
    # Frames of 40 ms every 20 ms, in one second; coefficients (MFCC); one channel.
    input_shape: tuple[int, int, int] = (49, 10, 1)
    smallest: int = 1  # Frames and coefficients; convolutions are padded, the pooling is global.
    num_classes: int = 12  # Ten words, silence and unknown.


VARIANTS = {"ds_cnn": Variant(params=23_756, macs=2_656_768)}


def build(
    variant: str, *, input_shape: tuple[int, int, int], num_classes: int, name: str
) -> keras.Model:
    """Build DS-CNN, from spectra `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        input_shape: Frames, coefficients and channels.
    """
    spectra = keras.Input(input_shape, name="spectra")
    stem = keras.layers.Conv2D(FILTERS, (10, 4), 2, "same", name="stem_conv")
    maps = _activate(stem(spectra), "stem")
    maps = keras.layers.Dropout(0.2, name="stem_dropout")(maps)
    for unit in range(1, UNITS + 1):
        depthwise = keras.layers.DepthwiseConv2D(3, padding="same", name=f"unit{unit}_depthwise")
        maps = _activate(depthwise(maps), f"unit{unit}_depthwise")
        pointwise = keras.layers.Conv2D(FILTERS, 1, name=f"unit{unit}_pointwise")
        maps = _activate(pointwise(maps), f"unit{unit}_pointwise")
    maps = keras.layers.Dropout(0.4, name="dropout")(maps)
    values = keras.layers.GlobalAveragePooling2D(name="pool")(maps)
    return keras.Model(spectra, keras.layers.Dense(num_classes, name="logits")(values), name=name)


def _activate(maps: keras.KerasTensor, place: str) -> keras.KerasTensor:
    maps = keras.layers.BatchNormalization(name=f"{place}_bn")(maps)
    return blocks.relu(maps, f"{place}_relu")
