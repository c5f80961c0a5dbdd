"""Plain convolutional networks with three stages of 16, 32 and 64 maps, to start with.

Source: basic_cnn: Udacity 2018, Deep learning (PyTorch), cifar10_cnn_solution.ipynb, for CIFAR-10,
https://github.com/udacity/deep-learning-v2-pytorch. basic_cnn_small: this project's, after
Simonyan and Zisserman 2014, Very deep convolutional networks for large-scale image recognition,
https://arxiv.org/abs/1409.1556, for images of 28x28 such as Fashion-MNIST. It has under 100,000
parameters, since its maps go straight to the logits, without the hidden dense layer that holds 95%
of the other's parameters; two convolutions per stage make up for it, and with batch normalization
(https://arxiv.org/abs/1502.03167) a few epochs suffice.

Departures: basic_cnn: Glorot initialization and zero biases instead of PyTorch's defaults.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table."""

    convolutions: int  # Of each stage.
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int
    batch_norm: bool = False  # After each convolution, whose bias it replaces.
    hidden: int | None = None  # Units of a dense layer between the maps and the logits.
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 8  # Three poolings halve the rows and columns.
    num_classes: int = 10


VARIANTS = {
    "basic_cnn": Variant(1, 541_094, 3_318_664, hidden=500),
    "basic_cnn_small": Variant(2, 77_786, 7_344_000, batch_norm=True, input_shape=(28, 28, 1)),
}

FILTERS = (16, 32, 64)  # Of the convolutions of each stage.


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
    for stage in range(1, len(FILTERS) + 1):
        maps = _stage(row, stage, maps)
    units = keras.layers.Flatten(name="flatten")(maps)
    units = keras.layers.Dropout(dropout, name="dropout1")(units)
    if row.hidden:
        units = keras.layers.Dense(row.hidden, activation="relu", name="dense")(units)
        units = keras.layers.Dropout(dropout, name="dropout2")(units)
    logits = keras.layers.Dense(num_classes, name="logits")(units)
    return keras.Model(images, logits, name=name)


def _stage(row: Variant, stage: int, maps: keras.KerasTensor) -> keras.KerasTensor:
    for place in range(1, row.convolutions + 1):
        maps = keras.layers.Conv2D(
            FILTERS[stage - 1],
            3,
            padding="same",
            use_bias=not row.batch_norm,
            name=f"stage{stage}_conv{place}",
        )(maps)
        if row.batch_norm:
            maps = keras.layers.BatchNormalization(
                momentum=0.9, epsilon=1e-5, name=f"stage{stage}_bn{place}"
            )(maps)
        maps = keras.layers.ReLU(name=f"stage{stage}_relu{place}")(maps)
    return keras.layers.MaxPooling2D(name=f"stage{stage}_pool")(maps)
