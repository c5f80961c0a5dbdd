"""VGG: stages of 3x3 convolutions between poolings, for ImageNet and for 32x32 images.

Source: Simonyan and Zisserman 2014, Very deep convolutional networks for large-scale image
recognition, table 1 (A, B, C, D, E: vgg11, vgg13, vgg16_c, vgg16, vgg19),
https://arxiv.org/abs/1409.1556. _bn: batch normalization before each ReLU of a convolution, Ioffe
and Szegedy 2015, Batch normalization: accelerating deep network training by reducing internal
covariate shift, https://arxiv.org/abs/1502.03167, as in https://github.com/pytorch/vision.

Departures: Glorot initialization and zero biases for all of them, which the paper's section 3.1
found to serve as well, instead of weights of A from a normal distribution and the deeper networks'
from a trained A. _bn: not in the paper; convolutions keep their biases, as in torchvision. _small:
not in the paper; for 32x32 images, which the stages reduce to one row and column, with one dense
layer instead of three, and with dropout before it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from cnnzoo.lazy import keras


class Variant(NamedTuple):
    """One row of the table."""

    convolutions: tuple[int, int, int, int, int]  # Of each stage.
    params: int  # Trainable, for this input shape and number of classes.
    macs: int
    pointwise: bool = False  # The third convolution of a stage is 1x1, as in configuration C.
    batch_norm: bool = False
    hidden: tuple[int, ...] = (4096, 4096)  # Units of the dense layers before the logits.
    input_shape: tuple[int, int, int] = (224, 224, 3)
    smallest: int = 32  # Five poolings halve the rows and columns.
    num_classes: int = 1000


A = (1, 1, 2, 2, 2)
B = (2, 2, 2, 2, 2)
C = D = (2, 2, 3, 3, 3)
E = (2, 2, 4, 4, 4)
_SMALL: dict[str, Any] = {
    "batch_norm": True,
    "hidden": (),
    "input_shape": (32, 32, 3),
    "num_classes": 10,
}

VARIANTS = {
    "vgg11": Variant(A, 132_863_336, 7_609_090_048),
    "vgg13": Variant(B, 133_047_848, 11_308_466_176),
    "vgg16_c": Variant(C, 133_638_952, 11_770_888_192, pointwise=True),
    "vgg16": Variant(D, 138_357_544, 15_470_264_320),
    "vgg19": Variant(E, 143_667_240, 19_632_062_464),
    "vgg11_bn": Variant(A, 132_868_840, 7_609_090_048, batch_norm=True),
    "vgg13_bn": Variant(B, 133_053_736, 11_308_466_176, batch_norm=True),
    "vgg16_c_bn": Variant(C, 133_647_400, 11_770_888_192, pointwise=True, batch_norm=True),
    "vgg16_bn": Variant(D, 138_365_992, 15_470_264_320, batch_norm=True),
    "vgg19_bn": Variant(E, 143_678_248, 19_632_062_464, batch_norm=True),
    "vgg11_bn_small": Variant(A, 9_231_114, 152_769_536, **_SMALL),
    "vgg13_bn_small": Variant(B, 9_416_010, 228_267_008, **_SMALL),
    "vgg16_bn_small": Variant(D, 14_728_266, 313_201_664, **_SMALL),
    "vgg19_bn_small": Variant(E, 20_040_522, 398_136_320, **_SMALL),
}

FILTERS = (64, 128, 256, 512, 512)  # Of each stage.


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
        dropout: Fraction that a training step drops of the units of each hidden dense layer, or,
            without such layers, of what the logits see.
    """
    row = VARIANTS[variant]
    maps = images = keras.Input(input_shape, name="images")
    for stage in range(1, 6):
        maps = _stage(row, stage, maps)
    units = keras.layers.Flatten(name="flatten")(maps)
    for place, width in enumerate(row.hidden, start=1):
        units = keras.layers.Dense(width, activation="relu", name=f"dense{place}")(units)
        units = keras.layers.Dropout(dropout, name=f"dropout{place}")(units)
    if not row.hidden:
        units = keras.layers.Dropout(dropout, name="dropout")(units)
    logits = keras.layers.Dense(num_classes, name="logits")(units)
    return keras.Model(images, logits, name=name)


def _stage(row: Variant, stage: int, maps: keras.KerasTensor) -> keras.KerasTensor:
    for place in range(1, row.convolutions[stage - 1] + 1):
        size = 1 if row.pointwise and place == 3 else 3
        maps = keras.layers.Conv2D(
            FILTERS[stage - 1], size, padding="same", name=f"stage{stage}_conv{place}"
        )(maps)
        if row.batch_norm:
            maps = keras.layers.BatchNormalization(
                momentum=0.9, epsilon=1e-5, name=f"stage{stage}_bn{place}"
            )(maps)
        maps = keras.layers.ReLU(name=f"stage{stage}_relu{place}")(maps)
    return keras.layers.MaxPooling2D(name=f"stage{stage}_pool")(maps)


# Variant -> its name in keras.applications, and the options that those weights are for.
IMAGENET: dict[str, tuple[str, dict[str, str]]] = {"vgg16": ("VGG16", {}), "vgg19": ("VGG19", {})}
