"""Six convolutions and three dense layers over the characters of a text.

Source: Zhang, Zhao and LeCun 2015, Character-level Convolutional Networks for Text Classification,
section 2, tables 1 and 2, https://arxiv.org/abs/1509.01626

Departures: none known in the network; biases are drawn like the weights, as in the authors' code,
https://github.com/zhangxiangxiao/Crepe. Reading a text backwards and in lower case, as the paper
does, is left to what makes the tokens.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo import layers
from cnnzoo.errors import CnnzooError
from cnnzoo.lazy import keras

# Section 2.2: character number i is token i + 2, after padding (0) and unknown (1), which are zeros
# to the network. The paper lists the hyphen twice; in its authors' code the later place is used.
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789" + "-,;.!?:'\"/\\|_@#$%^&*~`+-=<>()[]{}" + "\n"

STAGES = ((7, 3), (7, 3), (3, 1), (3, 1), (3, 1), (3, 3))  # Table 1: kernel and pooling.


class Variant(NamedTuple):
    """One row of the table."""

    filters: int  # Of each convolution.
    units: int  # Of each hidden dense layer.
    spread: float  # Standard deviation of the initial weights and biases.
    params: int  # Trainable, for 1014 characters and 4 classes.
    macs: int
    input_shape: tuple[int] = (1014,)
    smallest: int = 123
    num_classes: int = 4  # Of AG's News, the first data set of table 3.


VARIANTS = {
    "char_cnn_small": Variant(256, 1024, 0.05, params=11_339_780, macs=370_372_608),
    "char_cnn_large": Variant(1024, 2048, 0.02, params=95_940_612, macs=4_324_696_064),
}


def build(
    variant: str, *, input_shape: tuple[int], num_classes: int, name: str, dropout: float = 0.5
) -> keras.Model:
    """Build `variant`, from tokens int32 `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        input_shape: `(length,)`; shorter texts are padded to it.
        dropout: Fraction of the units of each hidden dense layer that a training step drops.

    Raises:
        CnnzooError: The length is not fixed.
    """
    if input_shape[0] is None:
        raise CnnzooError(f"input_shape must be a fixed length for {variant}; got {input_shape!r}")
    row = VARIANTS[variant]
    normal = keras.initializers.RandomNormal(stddev=row.spread)
    drawn = {"kernel_initializer": normal, "bias_initializer": normal}
    tokens = keras.Input(input_shape, dtype="int32", name="tokens")
    steps = layers.OneHot(len(ALPHABET), first=2, name="one_hot")(tokens)
    for place, (kernel, pool) in enumerate(STAGES, start=1):
        convolution = keras.layers.Conv1D(
            row.filters, kernel, activation="relu", **drawn, name=f"conv{place}"
        )
        steps = convolution(steps)
        if pool > 1:
            steps = keras.layers.MaxPooling1D(pool, name=f"pool{place}")(steps)
    units = keras.layers.Flatten(name="flatten")(steps)
    for place in (1, 2):
        dense = keras.layers.Dense(row.units, activation="relu", **drawn, name=f"dense{place}")
        units = keras.layers.Dropout(dropout, name=f"dropout{place}")(dense(units))
    logits = keras.layers.Dense(num_classes, **drawn, name="logits")(units)
    return layers.TextModel(tokens, logits, name=name)
