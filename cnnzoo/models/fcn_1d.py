"""A fully convolutional network for series of measurements, the strong baseline of 2017.

Source: Wang, Yan and Oates 2017, Time series classification from scratch with deep neural
networks, section II.B, https://arxiv.org/abs/1611.06455; code:
https://github.com/cauchyturing/UCR_Time_Series_Classification_Deep_Learning_Baseline

Departures: none known. Convolutions have biases, as in the code, though normalization follows;
initialization and the constants of normalization are Keras's, as there. The paper's networks take
series of any length and number of classes; 128 steps and 10 classes are this project's default.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.lazy import keras

CONVOLUTIONS = ((128, 8), (256, 5), (128, 3))  # Filters, and steps that a kernel sees.


class Variant(NamedTuple):
    """One row of the table."""

    params: int  # Trainable, for this input shape and 10 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int] = (128, 1)  # Steps and channels.
    smallest: int = 1  # Steps; convolutions are padded, and the pooling is global.
    num_classes: int = 10


VARIANTS = {"fcn_1d": Variant(params=265_994, macs=33_686_784)}


def build(
    variant: str, *, input_shape: tuple[int, int], num_classes: int, name: str
) -> keras.Model:
    """Build the network, from series `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        input_shape: Steps and channels.
    """
    maps = series = keras.Input(input_shape, name="series")
    for place, (filters, length) in enumerate(CONVOLUTIONS, 1):
        maps = keras.layers.Conv1D(filters, length, padding="same", name=f"conv{place}")(maps)
        maps = keras.layers.BatchNormalization(name=f"conv{place}_bn")(maps)
        maps = keras.layers.ReLU(name=f"conv{place}_relu")(maps)
    values = keras.layers.GlobalAveragePooling1D(name="pool")(maps)
    return keras.Model(series, keras.layers.Dense(num_classes, name="logits")(values), name=name)
