"""Plain convolutional networks with three stages of maps, to start with.

Source: basic_cnn: Udacity 2018, Deep learning (PyTorch), cifar10_cnn_solution.ipynb, for CIFAR-10,
https://github.com/udacity/deep-learning-v2-pytorch. basic_cnn_small: this project's, after
Simonyan and Zisserman 2014, Very deep convolutional networks for large-scale image recognition,
https://arxiv.org/abs/1409.1556, for images of 28x28 such as Fashion-MNIST. It has under 100,000
parameters, since its maps go straight to the logits, without the hidden dense layer that holds 95%
of the other's parameters; two convolutions per stage make up for it, and with batch normalization
(https://arxiv.org/abs/1502.03167) a few epochs suffice. basic_cnn_8k and basic_cnn_20k: this
project's too, for digits on small devices, with fewer maps than their names have parameters. The
means of their last maps go to the logits (Lin, Chen and Yan 2013, Network in network,
https://arxiv.org/abs/1312.4400).

Departures: basic_cnn: Glorot initialization and zero biases instead of PyTorch's defaults.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table."""

    stages: tuple[tuple[int, ...], ...]  # Filters of the convolutions of each stage.
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int
    batch_norm: bool = False  # After each convolution, whose bias it replaces.
    hidden: int | None = None  # Units of a dense layer between the maps and the logits.
    means: bool = False  # Of the last maps, instead of their pooling and all of their values.
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 8  # Three poolings halve the rows and columns.
    num_classes: int = 10


_MEANS = functools.partial(
    Variant, batch_norm=True, means=True, input_shape=(28, 28, 1), smallest=4
)

VARIANTS = {
    "basic_cnn": Variant(((16,), (32,), (64,)), 541_094, 3_318_664, hidden=500),
    "basic_cnn_small": Variant(
        ((16, 16), (32, 32), (64, 64)),
        77_786,
        7_344_000,
        batch_norm=True,
        input_shape=(28, 28, 1),
    ),
    "basic_cnn_20k": _MEANS(((16, 16), (24, 24), (32,)), 18_554, 3_951_680),
    "basic_cnn_8k": _MEANS(((8, 8), (16, 16), (24,)), 7_954, 1_354_992),
}


def build(
    variant: str,
    *,
    input_shape: tuple[int, int, int],
    num_classes: int,
    name: str,
    dropout: float = 0.25,
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        dropout: Fraction of the inputs of each dense layer that a training step drops.
    """
    row = VARIANTS[variant]
    maps = images = keras.Input(input_shape, name="images")
    for stage in range(len(row.stages)):
        maps = _stage(row, stage, maps)
    if row.means:
        units = keras.layers.GlobalAveragePooling2D(name="pool")(maps)
    else:
        units = keras.layers.Flatten(name="flatten")(maps)
    units = keras.layers.Dropout(dropout, name="dropout1")(units)
    if row.hidden:
        units = keras.layers.Dense(row.hidden, activation="relu", name="dense")(units)
        units = keras.layers.Dropout(dropout, name="dropout2")(units)
    logits = keras.layers.Dense(num_classes, name="logits")(units)
    return keras.Model(images, logits, name=name)


def _stage(row: Variant, stage: int, maps: keras.KerasTensor) -> keras.KerasTensor:
    name = f"stage{stage + 1}"
    for place, filters in enumerate(row.stages[stage], 1):
        maps = keras.layers.Conv2D(
            filters, 3, padding="same", use_bias=not row.batch_norm, name=f"{name}_conv{place}"
        )(maps)
        if row.batch_norm:
            maps = keras.layers.BatchNormalization(
                momentum=0.9, epsilon=1e-5, name=f"{name}_bn{place}"
            )(maps)
        maps = keras.layers.ReLU(name=f"{name}_relu{place}")(maps)
    if row.means and stage == len(row.stages) - 1:
        return maps
    return keras.layers.MaxPooling2D(name=f"{name}_pool")(maps)
