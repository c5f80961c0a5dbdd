"""C3D: 3x3x3 convolutions over clips of 16 frames.

Source: Tran, Bourdev, Fergus, Torresani and Paluri 2015, Learning spatiotemporal features with 3D
convolutional networks, section 3 and figure 3, https://arxiv.org/abs/1412.0767; initialization
from the authors' configuration, https://github.com/facebookarchive/C3D (Caffe).

Departures: none known. A pooling whose windows do not divide the rows or columns keeps the rest as
a smaller window, as Caffe does: pool5 turns 7x7 into 4x4, which gives fc6 its 8192 inputs.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table."""

    stages: tuple[tuple[int, ...], ...]  # Filters of each convolution; a pooling ends a stage.
    units: int  # Of each of the two dense layers before the logits.
    params: int  # Trainable, for this input shape and number of classes.
    macs: int
    input_shape: tuple[int, int, int, int] = (16, 112, 112, 3)  # Frames, rows, columns, channels.
    smallest: int = 16  # Frames that fill every pooling once; rows and columns alike.
    num_classes: int = 487  # Of Sports-1M.


VARIANTS = {
    "c3d": Variant(
        stages=((64,), (128,), (256, 256), (512, 512), (512, 512)),
        units=4096,
        params=79_991_015,
        macs=38_548_959_232,
    ),
}


def build(
    variant: str,
    *,
    input_shape: tuple[int, int, int, int],
    num_classes: int,
    name: str,
    dropout: float = 0.5,
) -> keras.Model:
    """Build `variant`, from clips `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        input_shape: Frames, height, width and channels.
        dropout: Fraction of the units of fc6 and fc7 that a training step drops.
    """
    row = VARIANTS[variant]
    maps = clips = keras.Input(input_shape, name="clips")
    for stage, filters in enumerate(row.stages, 1):
        start = _start(0.01, bias=min(stage - 1, 1))
        for letter, count in zip("ab", filters, strict=False):
            convolution = keras.layers.Conv3D(
                count, 3, padding="same", activation="relu", name=f"conv{stage}{letter}", **start
            )
            maps = convolution(maps)
        # The first pooling keeps all frames, so as not to merge motion early.
        window = (1 if stage == 1 else 2, 2, 2)
        # In float32 under any policy: TensorFlow has no float16 kernel for it on the CPU.
        pooling = keras.layers.MaxPooling3D(
            window, padding="same", dtype="float32", name=f"pool{stage}"
        )
        maps = pooling(maps)
    units = keras.layers.Flatten(name="flatten")(maps)
    for place in ("fc6", "fc7"):
        dense = keras.layers.Dense(row.units, "relu", name=place, **_start(0.005, bias=1))
        units = keras.layers.Dropout(dropout, name=f"{place}_dropout")(dense(units))
    logits = keras.layers.Dense(num_classes, name="logits", **_start(0.01, bias=0))(units)
    return keras.Model(clips, logits, name=name)


def _start(stddev: float, bias: int) -> dict[str, keras.initializers.Initializer]:
    return {
        "kernel_initializer": keras.initializers.RandomNormal(stddev=stddev),
        "bias_initializer": keras.initializers.Constant(bias),
    }
