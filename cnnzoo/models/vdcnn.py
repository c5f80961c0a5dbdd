"""Very deep convolutional networks over the characters of a text: 9, 17 and 29 convolutions.

Source: Conneau, Schwenk, Barrault and LeCun 2017, Very Deep Convolutional Networks for Text
Classification, sections 3 and 4.2, figures 1 and 2, table 2, https://arxiv.org/abs/1606.01781

Departures: padding counts nowhere, neither in convolutions and pooling nor in the statistics of
batch normalization, where the paper pads each text to 1024 characters with a vector of its own;
k-max pooling fills up with zeros where a text is too short. What the paper leaves open: batch
normalization has Torch's momentum and epsilon; convolutions before it have no bias; vectors and
dense weights start as in Torch, all biases at zero; the `shortcut` is added before a block's last
ReLU, through a 1x1 convolution without bias where the widths differ. The convolutions of table 2
have 1.6, 3.7 and 4.0 million weights; the paper counts 2.2, 4.3 and 4.6 and does not say of what.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo import layers
from cnnzoo.errors import CnnzooError
from cnnzoo.lazy import keras

DIMENSION = 16  # Of a character's vector.
FILTERS = (64, 128, 256, 512)  # A stage.
KEPT = 8  # Values that k-max pooling keeps of each channel.
UNITS = 2048  # Of each hidden dense layer.


class Variant(NamedTuple):
    """One row of the table."""

    blocks: tuple[int, int, int, int]  # Of two convolutions, per stage.
    params: int  # Trainable, for 4 classes and the default vocabulary, without shortcuts.
    macs: int  # For 1024 characters.
    input_shape: tuple[int | None] = (1024,)
    smallest: int = 57  # Three poolings leave the 8 steps that k-max pooling keeps.
    num_classes: int = 4  # Of AG's News, the first data set of table 3.


VARIANTS = {
    "vdcnn9": Variant((1, 1, 1, 1), params=14_176_148, macs=305_143_808),
    "vdcnn17": Variant((2, 2, 2, 2), params=16_268_948, macs=682_631_168),
    "vdcnn29": Variant((5, 5, 2, 2), params=16_639_892, macs=909_123_584),
}


def build(
    variant: str,
    *,
    input_shape: tuple[int | None],
    num_classes: int,
    name: str,
    vocabulary_size: int = 69,
    shortcut: bool = False,
) -> keras.Model:
    """Build `variant`, from tokens int32 `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        input_shape: `(length,)`, or `(None,)` for texts of any length.
        vocabulary_size: Number of tokens with padding (0) and unknown (1); by default these two,
            the space and the 66 characters of section 4.2.
        shortcut: Whether each block adds its input; the paper's best network, of 29 convolutions,
            does without.

    Raises:
        CnnzooError: `shortcut` is neither True nor False.
    """
    if not isinstance(shortcut, bool):
        raise CnnzooError(f"shortcut must be True or False; got {shortcut!r}")
    tokens = keras.Input(input_shape, dtype="int32", name="tokens")
    embedding = keras.layers.Embedding(
        vocabulary_size,
        DIMENSION,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0),
        mask_zero=True,
        name="embedding",
    )
    steps = _convolution(FILTERS[0], 3, "conv1", use_bias=True)(embedding(tokens))
    for stage, (filters, blocks) in enumerate(
        zip(FILTERS, VARIANTS[variant].blocks, strict=True), start=1
    ):
        if stage > 1:
            steps = layers.MaskedMaxPooling1D(3, strides=2, name=f"pool{stage - 1}")(steps)
        for unit in range(1, blocks + 1):
            steps = _block(steps, filters, shortcut, f"stage{stage}_unit{unit}")
    units = layers.KMaxPooling1D(KEPT, name="kmax_pool")(steps)
    units = keras.layers.Flatten(name="flatten")(units)
    for place in (1, 2):
        units = _dense(UNITS, f"dense{place}", activation="relu")(units)
    return layers.TextModel(tokens, _dense(num_classes, "logits")(units), name=name)


def _block(steps: keras.KerasTensor, filters: int, shortcut: bool, place: str) -> keras.KerasTensor:
    """Two convolutions, each with batch normalization and ReLU; figure 2."""
    entered = steps
    for half in (1, 2):
        steps = _convolution(filters, 3, f"{place}_conv{half}")(steps)
        steps = keras.layers.BatchNormalization(
            momentum=0.9, epsilon=1e-5, name=f"{place}_bn{half}"
        )(steps)
        if shortcut and half == 2:
            if entered.shape[-1] != filters:
                entered = _convolution(filters, 1, f"{place}_shortcut")(entered)
            steps = keras.layers.Add(name=f"{place}_add")([steps, entered])
        steps = keras.layers.ReLU(name=f"{place}_relu{half}")(steps)
    return steps


def _convolution(
    filters: int, kernel: int, name: str, use_bias: bool = False
) -> keras.layers.Layer:
    he = keras.initializers.VarianceScaling(2.0, "fan_in", "untruncated_normal")
    return layers.MaskedConv1D(filters, kernel, use_bias=use_bias, kernel_initializer=he, name=name)


def _dense(units: int, name: str, activation: str | None = None) -> keras.layers.Dense:
    torch = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
    return keras.layers.Dense(units, activation, kernel_initializer=torch, name=name)
