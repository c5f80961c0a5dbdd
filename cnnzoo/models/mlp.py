"""A multilayer perceptron: the network without convolutions, to compare the others with.

Source: Chollet 2015, Keras's example mnist_mlp.py, which has 98.40% on MNIST after 20 epochs,
https://github.com/keras-team/keras/blob/2.6.0/examples/mnist_mlp.py

Departures: logits instead of a softmax; images come as they are and are flattened inside.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table."""

    units: tuple[int, ...]  # Of each hidden layer.
    input_shape: tuple[int, int, int]
    smallest: int
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int
    num_classes: int = 10


VARIANTS = {
    "mlp": Variant((512, 512), input_shape=(28, 28, 1), smallest=1, params=669_706, macs=668_672),
}


def build(
    variant: str,
    *,
    input_shape: tuple[int, int, int],
    num_classes: int,
    name: str,
    dropout: float = 0.2,
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        dropout: Fraction of the units of each hidden layer that a training step drops.
    """
    images = keras.Input(input_shape, name="images")
    units = keras.layers.Flatten(name="flatten")(images)
    for place, width in enumerate(VARIANTS[variant].units, start=1):
        units = keras.layers.Dense(width, activation="relu", name=f"dense{place}")(units)
        units = keras.layers.Dropout(dropout, name=f"dropout{place}")(units)
    logits = keras.layers.Dense(num_classes, name="logits")(units)
    return keras.Model(images, logits, name=name)
