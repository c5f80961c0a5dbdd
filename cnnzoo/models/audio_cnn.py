"""Very deep convolutional networks for raw waveforms: M3 to M34-res.

Source: Dai, Dai, Qu, Li and Das 2016, Very deep convolutional neural networks for raw waveforms,
table 1 and figure 1, https://arxiv.org/abs/1610.00087

Departures: Convolutions have no bias, and the second normalization of a residual unit no offset,
since the batch normalization that follows would cancel them. Batch normalization has Keras's
momentum and epsilon, and a dense layer gives the logits, where the paper leaves both open.
Padding is "same" everywhere, which gives the paper's lengths of 8000, 2000, 500, 125 and 32.
m34_res: where the width doubles, the shortcut holds its channels twice, which needs no weights; the
paper draws no such unit.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table; every convolution but the first has length 3."""

    first: int  # Filters of the first convolution: length 80, stride 4.
    stages: tuple[tuple[int, int], ...]  # (filters, layers); a pooling by 4 precedes each.
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int
    last_pooling: bool = False  # Whether a pooling follows the last stage too.
    residual: bool = False  # Layers are then residual units, of two convolutions each.
    smallest: int = 4**5  # Samples that fill the first stride and every pooling once.
    input_shape: tuple[int, int] = (32_000, 1)  # Four seconds at 8 kHz.
    num_classes: int = 10


VARIANTS = {
    "m3": Variant(256, ((256, 1),), 220_682, 557_058_560, last_pooling=True, smallest=4**3),
    "m5": Variant(128, ((128, 1), (256, 1), (512, 1)), 558_090, 278_533_120, last_pooling=True),
    "m11": Variant(64, ((64, 2), (128, 2), (256, 3), (512, 2)), 1_784_202, 226_169_856),
    "m18": Variant(64, ((64, 4), (128, 4), (256, 4), (512, 4)), 3_679_882, 399_381_504),
    "m34_res": Variant(
        48, ((48, 3), (96, 4), (192, 6), (384, 3)), 3_975_610, 454_180_608, residual=True
    ),
}


def build(
    variant: str, *, input_shape: tuple[int, int], num_classes: int, name: str
) -> keras.Model:
    """Build `variant`, from waveforms `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        input_shape: Samples and channels.
    """
    row = VARIANTS[variant]
    waveform = keras.Input(input_shape, name="waveform")
    maps = _convolution(waveform, row.first, 80, "conv1", strides=4)
    maps = keras.layers.ReLU(name="conv1_relu")(maps)
    layer = _residual_unit if row.residual else _plain_layer
    for stage, (filters, depth) in enumerate(row.stages, 1):
        maps = _pooling(maps, f"pool{stage}")
        for number in range(1, depth + 1):
            unit = "unit" if row.residual else "conv"
            maps = layer(maps, filters, f"stage{stage}_{unit}{number}")
    if row.last_pooling:
        maps = _pooling(maps, f"pool{len(row.stages) + 1}")
    features = keras.layers.GlobalAveragePooling1D(name="global_pool")(maps)
    logits = keras.layers.Dense(num_classes, name="logits")(features)
    return keras.Model(waveform, logits, name=name)


def _pooling(maps: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.MaxPooling1D(4, padding="same", name=name)(maps)


def _plain_layer(maps: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    return keras.layers.ReLU(name=f"{name}_relu")(_convolution(maps, filters, 3, name))


def _residual_unit(maps: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    """Return figure 1b: two convolutions and the shortcut, whose sum is normalized again."""
    shortcut = maps
    if maps.shape[-1] != filters:
        shortcut = keras.layers.Concatenate(name=f"{name}_shortcut")([maps, maps])
    maps = _plain_layer(maps, filters, f"{name}_conv1")
    maps = _convolution(maps, filters, 3, f"{name}_conv2", center=False)
    maps = keras.layers.Add(name=f"{name}_add")([maps, shortcut])
    maps = keras.layers.BatchNormalization(name=f"{name}_bn")(maps)
    return keras.layers.ReLU(name=f"{name}_relu")(maps)


def _convolution(
    maps: keras.KerasTensor,
    filters: int,
    length: int,
    name: str,
    strides: int = 1,
    center: bool = True,
) -> keras.KerasTensor:
    """Return the normalized convolution of `maps`, with Glorot's initialization (section 3)."""
    convolution = keras.layers.Conv1D(
        filters, length, strides=strides, padding="same", use_bias=False, name=name
    )
    normalization = keras.layers.BatchNormalization(center=center, name=f"{name}_bn")
    return normalization(convolution(maps))
