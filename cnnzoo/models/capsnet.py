"""CapsNet: capsules with dynamic routing, and a decoder that draws what the longest one says.

Source: Sabour, Frosst and Hinton 2017, Dynamic routing between capsules, section 4,
https://arxiv.org/abs/1710.09829

Departures: The logits are log(||s||^2) of a class capsule's total input s, so that their sigmoids
are the capsule's lengths ||v|| exactly; the paper's loss on them is `layers.MarginLoss`. The
decoder sees the longest capsule in training too, where the paper takes that of the true label,
which a network with images as its only input does not know. It draws each image stretched to 0 to
1, whatever the images were standardized with. Initialization, which the paper leaves open:
truncated normal with deviation 0.1 for the capsules' matrices, as in the authors' code; Glorot
and zero biases elsewhere. Class capsules have no bias, as in equation 2 and unlike the authors'
code.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from cnnzoo import layers
from cnnzoo.errors import CnnzooError
from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table."""

    decoder: bool
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int
    input_shape: tuple[int, int, int] = (28, 28, 1)
    smallest: int = 17  # Rows and columns that leave one to the second 9x9 convolution.
    num_classes: int = 10


VARIANTS = {
    "capsnet": Variant(decoder=True, params=8_215_568, macs=202_280_960),
    "capsnet_no_decoder": Variant(decoder=False, params=6_804_224, macs=200_871_936),
}


def build(
    variant: str,
    *,
    input_shape: tuple[int, int, int],
    num_classes: int,
    name: str,
    routings: int = 3,
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        routings: Rounds of routing by agreement.

    Raises:
        CnnzooError: `routings` is not a positive integer.
    """
    if isinstance(routings, bool) or not isinstance(routings, int) or routings < 1:
        raise CnnzooError(f"routings must be an integer of at least 1; got {routings!r}")
    images = keras.Input(input_shape, name="images")
    maps = keras.layers.Conv2D(256, 9, activation="relu", name="conv1")(images)
    maps = keras.layers.Conv2D(32 * 8, 9, strides=2, name="primary_capsules_conv")(maps)
    capsules = keras.layers.Reshape((-1, 8), name="primary_capsules_reshape")(maps)
    capsules = layers.Squash(name="primary_capsules")(capsules)
    capsules = layers.RoutedCapsules(num_classes, 16, routings, name="class_capsules")(capsules)
    logits = layers.CapsuleLogits(name="logits")(capsules)
    if VARIANTS[variant].decoder:
        reconstructions = _decoded(capsules, input_shape)
        # Logits pass through, so that the decoder is a part of the model.
        loss = layers.ReconstructionLoss(0.0005, name="reconstruction_loss")
        logits = loss([logits, reconstructions, images])
    return keras.Model(images, logits, name=name)


def _decoded(capsules: keras.KerasTensor, input_shape: tuple[int, int, int]) -> keras.KerasTensor:
    """Return the images that figure 2's decoder draws."""
    units = layers.LongestCapsule(name="longest_capsule")(capsules)
    units = keras.layers.Flatten(name="flatten")(units)
    units = keras.layers.Dense(512, activation="relu", name="decoder_dense1")(units)
    units = keras.layers.Dense(1024, activation="relu", name="decoder_dense2")(units)
    pixels = math.prod(input_shape)
    units = keras.layers.Dense(pixels, activation="sigmoid", name="decoder_dense3")(units)
    return keras.layers.Reshape(input_shape, name="reconstruction")(units)
