"""LeNet-5, as published in 1998 and as taught today.

Source: LeCun, Bottou, Bengio and Haffner 1998, Gradient-based learning applied to document
recognition, section II.B and appendix A, https://doi.org/10.1109/5.726791

Departures: lenet5_1998: the ten 7x12 target bitmaps of the RBF output are drawn anew in the style
of figure 3, and class counts other than 10 get random codes; logits are the negative squared
distances, so that cross-entropy is the paper's criterion without its rubbish class. lenet5: C3 sees
all maps of S2; 28x28 input with "same" padding first; ReLU, max pooling and a dense output with
Glorot initialization instead of scaled tanh, trainable subsampling and the RBF output.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from cnnzoo import layers
from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table."""

    network: Callable[..., keras.KerasTensor]
    input_shape: tuple[int, int, int]
    smallest: int  # Rows and columns that leave every layer at least one.
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int
    num_classes: int = 10


def build(
    variant: str, *, input_shape: tuple[int, int, int], num_classes: int, name: str
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`."""
    images = keras.Input(input_shape, name="images")
    logits = VARIANTS[variant].network(images, num_classes)
    return keras.Model(images, logits, name=name)


def _published(images: keras.KerasTensor, num_classes: int) -> keras.KerasTensor:
    """The paper's layers, under the paper's names; a 32x32 input leaves C5 one row and column."""
    maps = layers.ScaledTanh(name="c1_tanh")(_convolution(6, images, "c1")(images))
    maps = layers.Subsampling2D(2, initializer=_uniform(4), name="s2")(maps)
    maps = layers.ScaledTanh(name="s2_tanh")(maps)
    maps = layers.PartialConv2D(C3, 5, limit=2.4, name="c3")(maps)
    maps = layers.ScaledTanh(name="c3_tanh")(maps)
    maps = layers.Subsampling2D(2, initializer=_uniform(4), name="s4")(maps)
    maps = layers.ScaledTanh(name="s4_tanh")(maps)
    maps = layers.ScaledTanh(name="c5_tanh")(_convolution(120, maps, "c5")(maps))
    units = keras.layers.Flatten(name="flatten")(maps)
    fan_in = units.shape[-1]
    units = keras.layers.Dense(84, kernel_initializer=_uniform(fan_in), name="f6")(units)
    units = layers.ScaledTanh(name="f6_tanh")(units)
    codes = _bitmap_codes() if num_classes == 10 else _random_codes(num_classes)
    return layers.RBF(codes, name="output")(units)


def _convolution(filters: int, inputs: keras.KerasTensor, name: str) -> keras.layers.Layer:
    fan_in = 25 * inputs.shape[-1]
    return keras.layers.Conv2D(filters, 5, kernel_initializer=_uniform(fan_in), name=name)


def _uniform(fan_in: int) -> keras.initializers.Initializer:
    """The paper's initialization: uniform between -2.4 / fan-in and 2.4 / fan-in."""
    return keras.initializers.RandomUniform(-2.4 / fan_in, 2.4 / fan_in)


def _taught(images: keras.KerasTensor, num_classes: int) -> keras.KerasTensor:
    maps = keras.layers.Conv2D(6, 5, padding="same", activation="relu", name="conv1")(images)
    maps = keras.layers.MaxPooling2D(name="pool1")(maps)
    maps = keras.layers.Conv2D(16, 5, activation="relu", name="conv2")(maps)
    maps = keras.layers.MaxPooling2D(name="pool2")(maps)
    units = keras.layers.Flatten(name="flatten")(maps)
    units = keras.layers.Dense(120, activation="relu", name="dense1")(units)
    units = keras.layers.Dense(84, activation="relu", name="dense2")(units)
    return keras.layers.Dense(num_classes, name="logits")(units)


VARIANTS = {
    "lenet5_1998": Variant(
        _published, input_shape=(32, 32, 1), smallest=32, params=60_000, macs=328_096
    ),
    "lenet5": Variant(_taught, input_shape=(28, 28, 1), smallest=12, params=61_706, macs=416_520),
}

# Table I of the paper: the maps of S2 that each map of C3 sees.
C3 = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)

# Targets of the digits 0 to 9, from left to right: 12 rows of 7 pixels each.
BITMAPS = """
.#####. ...##.. .#####. #####.. .....## ####### ..####. ####### .#####. .#####.
##...## ..###.. ##...## ....##. ....### ##..... .##.... .....## ##...## ##...##
##...## .####.. .....## .....## ...#.## ##..... ##..... .....## ##...## ##...##
##...## ...##.. .....## .....## ..##.## ##..... ##..... ....##. ##...## ##...##
##...## ...##.. ....##. ....##. ..#..## #####.. ##..... ....##. .##.##. ##...##
##...## ...##.. ...##.. ..###.. .##..## ....##. #####.. ...##.. ..###.. .######
##...## ...##.. ..##... ....##. ##...## .....## ##..##. ...##.. .##.##. .....##
##...## ...##.. .##.... .....## ####### .....## ##...## ..##... ##...## .....##
##...## ...##.. ##..... .....## .....## .....## ##...## ..##... ##...## .....##
##...## ...##.. ##..... .....## .....## .....## ##...## .##.... ##...## ....##.
##...## ...##.. ##..... ....##. .....## ##..##. .##.##. .##.... ##...## ...##..
.#####. .#####. ####### #####.. .....## .####.. ..###.. .##.... .#####. ####...
"""


def _bitmap_codes() -> list[list[float]]:
    rows = [line.split() for line in BITMAPS.strip().splitlines()]
    digits = ["".join(row[digit] for row in rows) for digit in range(10)]
    return [[1.0 if pixel == "#" else -1.0 for pixel in digit] for digit in digits]


def _random_codes(num_classes: int) -> list[list[float]]:
    """Codes of -1 and +1 with equal probability, which the paper names as an alternative."""
    draw = random.Random(0)  # The codes are part of the network: the same in every process.
    return [[draw.choice((-1.0, 1.0)) for _ in range(84)] for _ in range(num_classes)]
