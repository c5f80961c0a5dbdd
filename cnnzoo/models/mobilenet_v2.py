"""MobileNetV2 for 32x32 images, at half and full width.

Source: Sandler, Howard, Zhu, Zhmoginov and Chen 2018, MobileNetV2: inverted residuals and linear
bottlenecks, section 3 and table 2, https://arxiv.org/abs/1801.04381; for 32x32 images as in
https://github.com/chenyaofo/pytorch-cifar-models

Departures: for 32x32 images, the first convolution and the stage of 24 maps do not stride, so that
4x4 positions are left. Not stated in the paper: He initialization by fan-in, normalization with
momentum 0.9 and epsilon 1e-5, and dropout of 0.2 before the dense layer (torchvision's).
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.layers import blocks
from cnnzoo.lazy import keras

# (expansion, filters, units, strides of the first unit): table 2, but for the stride of 24 maps.
STAGES = (
    *((1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)
LAST = 1280  # Filters before the pooling, at any width up to 1.


class Variant(NamedTuple):
    """One row of the table."""

    width: float  # Share of the paper's filters.
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 1  # Rows and columns; convolutions are padded, and the pooling is global.
    num_classes: int = 10


VARIANTS = {
    "mobilenet_v2_050": Variant(0.5, params=700_490, macs=27_969_024),
    "mobilenet_v2_100": Variant(1.0, params=2_236_682, macs=87_976_448),
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
        dropout: Fraction of the features that a training step drops before the dense layer.
    """
    width = VARIANTS[variant].width
    images = keras.Input(input_shape, name="images")
    maps = blocks.convolve(images, _multiple_of_8(32 * width), 3, 1, name="stem_conv")
    maps = _relu6(blocks.norm(maps, "stem_bn"), "stem_relu")
    total = sum(units for _, _, units, _ in STAGES)
    for stage, (expansion, filters, units, strides) in enumerate(STAGES, 1):
        for unit in range(1, units + 1):
            place = f"stage{stage}_unit{unit}"
            step = strides if unit == 1 else 1
            maps = _unit(maps, expansion, _multiple_of_8(filters * width), step, place, total)
    maps = blocks.convolve(maps, LAST, 1, 1, name="last_conv")
    maps = _relu6(blocks.norm(maps, "last_bn"), "last_relu")
    values = keras.layers.GlobalAveragePooling2D(name="pool")(maps)
    values = keras.layers.Dropout(dropout, name="dropout")(values)
    start = keras.initializers.RandomNormal(stddev=0.01)
    dense = keras.layers.Dense(num_classes, kernel_initializer=start, name="logits")
    return keras.Model(images, dense(values), name=name)


def _unit(
    maps: keras.KerasTensor, expansion: int, filters: int, strides: int, place: str, total: int
) -> keras.KerasTensor:
    """Return an inverted residual unit (figure 3b), which widens, filters and narrows `maps`."""
    residual, seen = maps, maps.shape[-1]
    if expansion > 1:
        residual = blocks.convolve(residual, expansion * seen, 1, 1, name=f"{place}_expand")
        residual = _relu6(blocks.norm(residual, f"{place}_expand_bn"), f"{place}_expand_relu")
    residual = blocks.depthwise(residual, 3, strides, name=f"{place}_depthwise")
    residual = _relu6(blocks.norm(residual, f"{place}_depthwise_bn"), f"{place}_depthwise_relu")
    residual = blocks.convolve(residual, filters, 1, 1, name=f"{place}_project")
    if strides > 1 or seen != filters:
        return blocks.norm(residual, f"{place}_project_bn")
    residual = blocks.norm(residual, f"{place}_project_bn", variance=total)
    return blocks.add(maps, residual, place)


def _multiple_of_8(filters: float) -> int:
    """Return the nearest multiple of 8, but at least 8 and 90% of `filters`, as in all codes."""
    nearest = max(8, int(filters + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * filters else nearest + 8


def _relu6(maps: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.ReLU(6, name=name)(maps)
