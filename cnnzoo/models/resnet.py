"""Residual networks for ImageNet: ResNet-18 to ResNet-152.

Source: He, Zhang, Ren and Sun 2015, Deep residual learning for image recognition, table 1,
https://arxiv.org/abs/1512.03385

Departures: bottleneck units stride in their 3x3 convolution ("v1.5", as torchvision's do), the
paper's in their first 1x1 convolution: build with stride_at="conv1" for these. All shortcuts are
the paper's option B (projection where the size changes), which it has in ResNet-50 to 152 and
compares with option A in ResNet-34. Not stated in the paper: normalization with momentum 0.9 and
epsilon 1e-5, and He initialization by fan-in of the dense layer too.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.errors import CnnzooError
from cnnzoo.layers import blocks
from cnnzoo.lazy import keras

FILTERS = (64, 128, 256, 512)


class Variant(NamedTuple):
    """One row of the table."""

    bottleneck: bool  # Three convolutions per unit instead of two.
    units: tuple[int, int, int, int]  # Residual units of each stage.
    params: int  # Trainable, for this input shape and 1000 classes.
    macs: int  # Multiply-adds, for the same and stride_at="conv2".
    input_shape: tuple[int, int, int] = (224, 224, 3)
    smallest: int = 1  # Rows and columns; all windows are padded, and the last pooling is global.
    num_classes: int = 1000


def build(
    variant: str,
    *,
    input_shape: tuple[int, int, int],
    num_classes: int,
    name: str,
    stride_at: str = "conv2",
) -> keras.Model:
    """Build `variant`, from images `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        stride_at: The convolution of a bottleneck unit that strides, "conv1" or "conv2"; basic
            units (resnet18, resnet34) always stride in conv1.

    Raises:
        CnnzooError: `stride_at` is neither.
    """
    if not isinstance(stride_at, str) or stride_at not in ("conv1", "conv2"):
        raise CnnzooError(f"stride_at must be 'conv1' or 'conv2'; got {stride_at!r}")
    row = VARIANTS[variant]
    images = keras.Input(input_shape, name="images")
    maps = _stem(images)
    for stage, strides, place in blocks.units(row.units):
        convolutions = blocks.basic(FILTERS[stage], strides)
        if row.bottleneck:
            convolutions = blocks.bottleneck(FILTERS[stage], strides, stride_at)
        filters, shortcut = convolutions[-1].filters, maps
        if maps.shape[-1] != filters:
            shortcut = blocks.projection(maps, filters, strides, place)
        maps = blocks.residual_unit(maps, convolutions, shortcut, place, sum(row.units))
    return keras.Model(images, blocks.classify(maps, num_classes), name=name)


def _stem(images: keras.KerasTensor) -> keras.KerasTensor:
    maps = blocks.convolve(images, 64, 7, 2, name="stem_conv")
    maps = blocks.relu(blocks.norm(maps, "stem_bn"), "stem_relu")
    # After ReLU, a border of zeros never exceeds what it surrounds: the same as minus infinity.
    maps = keras.layers.ZeroPadding2D(1, name="stem_pool_pad")(maps)
    return keras.layers.MaxPooling2D(3, 2, name="stem_pool")(maps)


VARIANTS = {
    "resnet18": Variant(False, units=(2, 2, 2, 2), params=11_689_512, macs=1_814_073_344),
    "resnet34": Variant(False, units=(3, 4, 6, 3), params=21_797_672, macs=3_663_761_408),
    "resnet50": Variant(True, units=(3, 4, 6, 3), params=25_557_032, macs=4_089_184_256),
    "resnet101": Variant(True, units=(3, 4, 23, 3), params=44_549_160, macs=7_801_405_440),
    "resnet152": Variant(True, units=(3, 8, 36, 3), params=60_192_808, macs=11_513_626_624),
}

# Variant -> its name in keras.applications, and the options that those weights are for.
IMAGENET = {
    "resnet50": ("ResNet50", {"stride_at": "conv1"}),
    "resnet101": ("ResNet101", {"stride_at": "conv1"}),
    "resnet152": ("ResNet152", {"stride_at": "conv1"}),
}
