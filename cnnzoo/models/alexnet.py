"""AlexNet: the two towers that won ImageNet in 2012, and the single tower of 2014.

Source: alexnet_2012: Krizhevsky, Sutskever and Hinton 2012, ImageNet classification with deep
convolutional neural networks, sections 3 to 5, https://doi.org/10.1145/3065386. alexnet:
Krizhevsky 2014, One weird trick for parallelizing convolutional neural networks,
https://arxiv.org/abs/1404.5997, with the sizes of https://github.com/pytorch/vision.

Departures: alexnet_2012: images of 227x227, since the paper's 224x224 do not give its 55x55 maps;
each tower is normalized by itself, as the paper's towers share maps in conv3 and the dense layers
alone. alexnet: no response normalization and two pixels of padding, as in torchvision, but without
its adaptive pooling to 6x6, which changes nothing at 224x224; dropout after each hidden layer and
initial weights as in 2012.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo import layers
from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table."""

    towers: int  # Which split the filters evenly.
    filters: tuple[int, int, int, int, int]  # Of conv1 to conv5, over all towers.
    normalized: bool  # Local response normalization after conv1 and conv2.
    padding: int  # Pixels on each side of the images.
    input_shape: tuple[int, int, int]
    smallest: int  # Rows and columns that leave the last pooling one window.
    params: int  # Trainable, for this input shape and 1000 classes.
    macs: int
    num_classes: int = 1000


VARIANTS = {
    "alexnet_2012": Variant(
        towers=2,
        filters=(96, 256, 384, 384, 256),
        normalized=True,
        padding=0,
        input_shape=(227, 227, 3),
        smallest=67,
        params=60_965_224,
        macs=724_406_816,
    ),
    "alexnet": Variant(
        towers=1,
        filters=(64, 192, 384, 256, 256),
        normalized=False,
        padding=2,
        input_shape=(224, 224, 3),
        smallest=63,
        params=61_100_840,
        macs=714_188_480,
    ),
}

KERNELS = (11, 5, 3, 3, 3)


def build(
    variant: str,
    *,
    input_shape: tuple[int, int, int],
    num_classes: int,
    name: str,
    dropout: float = 0.5,
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        dropout: Fraction of the units of each hidden dense layer that a training step drops.
    """
    images = keras.Input(input_shape, name="images")
    units = keras.layers.Flatten(name="flatten")(_maps(VARIANTS[variant], images))
    for place in (1, 2):
        dense = keras.layers.Dense(4096, activation="relu", name=f"dense{place}", **_start(1.0))
        units = keras.layers.Dropout(dropout, name=f"dropout{place}")(dense(units))
    logits = keras.layers.Dense(num_classes, name="logits", **_start(0.0))(units)
    return keras.Model(images, logits, name=name)


def _maps(row: Variant, images: keras.KerasTensor) -> keras.KerasTensor:
    if row.padding:
        images = keras.layers.ZeroPadding2D(row.padding, name="padding")(images)
    prefixes = [f"tower{tower}_" for tower in range(1, row.towers + 1)] if row.towers > 1 else [""]
    towers = [images] * row.towers
    for place in range(1, 6):
        if place == 3:  # The one convolution that sees the maps of all towers.
            towers = [_join(towers, "join2")] * row.towers
        towers = [
            _stage(row, place, maps, prefix) for maps, prefix in zip(towers, prefixes, strict=True)
        ]
    return _join(towers, "join5")


def _join(towers: list[keras.KerasTensor], name: str) -> keras.KerasTensor:
    return keras.layers.Concatenate(name=name)(towers) if len(towers) > 1 else towers[0]


def _stage(row: Variant, place: int, maps: keras.KerasTensor, prefix: str) -> keras.KerasTensor:
    """A convolution, and what follows it in its tower."""
    maps = keras.layers.Conv2D(
        row.filters[place - 1] // row.towers,
        KERNELS[place - 1],
        strides=4 if place == 1 else 1,
        padding="valid" if place == 1 else "same",
        activation="relu",
        name=f"{prefix}conv{place}",
        **_start(1.0 if place in (2, 4, 5) else 0.0),
    )(maps)
    if row.normalized and place in (1, 2):
        maps = layers.LocalResponseNormalization(name=f"{prefix}norm{place}")(maps)
    if place in (1, 2, 5):
        maps = keras.layers.MaxPooling2D(3, strides=2, name=f"{prefix}pool{place}")(maps)
    return maps


def _start(bias: float) -> dict[str, keras.initializers.Initializer]:
    """Initial weights of section 5; biases of 1 give the ReLUs that follow positive inputs."""
    return {
        "kernel_initializer": keras.initializers.RandomNormal(stddev=0.01),
        "bias_initializer": keras.initializers.Constant(bias),
    }
