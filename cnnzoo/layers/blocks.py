"""Parts of residual and other networks: functions that add layers to a Functional graph.

Source: He et al. 2015, https://arxiv.org/abs/1512.03385; He et al. 2016,
https://arxiv.org/abs/1603.05027
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from cnnzoo.lazy import keras


class Convolution(NamedTuple):
    """One convolution of a residual unit."""

    filters: int
    kernel_size: int
    strides: int = 1


def basic(filters: int, strides: int) -> list[Convolution]:
    """Return the two convolutions of a basic unit."""
    return [Convolution(filters, 3, strides), Convolution(filters, 3)]


def bottleneck(filters: int, strides: int, stride_at: str = "conv1") -> list[Convolution]:
    """Return the three convolutions of a bottleneck unit, which ends with `4 * filters` maps.

    Args:
        filters: Filters of the 3x3 convolution.
        stride_at: The convolution that strides: "conv1", which is 1x1, or "conv2", which is 3x3.
    """
    first, second = (strides, 1) if stride_at == "conv1" else (1, strides)
    return [
        Convolution(filters, 1, first),
        Convolution(filters, 3, second),
        Convolution(4 * filters, 1),
    ]


def units(counts: Sequence[int]) -> Iterator[tuple[int, int, str]]:
    """Yield stage (from 0), strides and place of each unit, where stages have `counts` of them.

    The first unit of every stage but the first halves the maps.
    """
    for stage, count in enumerate(counts):
        for unit in range(count):
            strides = 2 if stage > 0 and unit == 0 else 1
            yield stage, strides, f"stage{stage + 1}_unit{unit + 1}"


def residual_unit(
    maps: keras.KerasTensor,
    convolutions: Sequence[Convolution],
    shortcut: keras.KerasTensor,
    place: str,
    total_units: int,
    gate: Callable[[keras.KerasTensor, str], keras.KerasTensor] | None = None,
) -> keras.KerasTensor:
    """Return maps `[batch, height, width, channels]` after a unit of 2015, which ends in ReLU.

    Args:
        maps: What the first of the `convolutions` sees.
        shortcut: What is added to the last one's maps.
        place: Start of the layers' names.
        total_units: Units of the network; see `norm`.
        gate: What the residual goes through before the sum; takes it and the `place`.
    """
    for step, convolution in enumerate(convolutions, 1):
        maps = convolve(maps, *convolution, name=f"{place}_conv{step}")
        if step < len(convolutions):
            maps = relu(norm(maps, f"{place}_bn{step}"), f"{place}_relu{step}")
        else:
            maps = norm(maps, f"{place}_bn{step}", variance=total_units)
    if gate is not None:
        maps = gate(maps, place)
    return relu(add(shortcut, maps, place), f"{place}_relu{len(convolutions)}")


def preactivated_branch(
    maps: keras.KerasTensor,
    convolutions: Sequence[Convolution],
    place: str,
    total_units: int,
    dropout: float = 0.0,
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the activated input and the residual of a unit of 2016.

    Args:
        maps: `[batch, height, width, channels]`.
        convolutions: Normalization and ReLU precede each.
        place: Start of the layers' names.
        total_units: Units of the network; see `norm`.
        dropout: Share of values dropped before the last convolution.
    """
    active = relu(norm(maps, f"{place}_bn1"), f"{place}_relu1")
    maps = convolve(active, *convolutions[0], name=f"{place}_conv1")
    for step, convolution in enumerate(convolutions[1:], 2):
        last = step == len(convolutions)
        maps = norm(maps, f"{place}_bn{step}", variance=total_units if last else 1)
        maps = relu(maps, f"{place}_relu{step}")
        if last and dropout:
            maps = keras.layers.Dropout(dropout, name=f"{place}_dropout")(maps)
        maps = convolve(maps, *convolution, name=f"{place}_conv{step}")
    return active, maps


def add(shortcut: keras.KerasTensor, residual: keras.KerasTensor, place: str) -> keras.KerasTensor:
    """Return the sum of both paths of a unit."""
    # Keras walks back through a graph by recursion, first inputs first: one or two calls a unit
    # along the shortcuts, up to ten along the residuals. Python's limit is 1000.
    return keras.layers.Add(name=f"{place}_add")([shortcut, residual])


def projection(
    maps: keras.KerasTensor, filters: int, strides: int, place: str
) -> keras.KerasTensor:
    """Return the shortcut of option B: a 1x1 convolution and its normalization."""
    maps = convolve(maps, filters, 1, strides, name=f"{place}_shortcut_conv")
    return norm(maps, f"{place}_shortcut_bn")


def convolve(
    maps: keras.KerasTensor, filters: int, kernel_size: int, strides: int, name: str
) -> keras.KerasTensor:
    """Return `maps` convolved without bias, each side `ceil(side / strides)` long.

    The kernel's center starts on the first pixel: at even sides and stride 2, "same" padding would
    start on the second, away from what a 1x1 shortcut sees.
    """
    maps, padding = _padded(maps, kernel_size, strides, name)
    convolution = keras.layers.Conv2D(
        filters, kernel_size, strides, padding, use_bias=False, kernel_initializer=he(), name=name
    )
    return convolution(maps)


def depthwise(
    maps: keras.KerasTensor, kernel_size: int, strides: int, name: str
) -> keras.KerasTensor:
    """Return each of `maps` convolved by a kernel of its own, with sides as in `convolve`."""
    maps, padding = _padded(maps, kernel_size, strides, name)
    convolution = keras.layers.DepthwiseConv2D(
        kernel_size,
        strides,
        padding,
        use_bias=False,
        depthwise_initializer=he("fan_out"),  # Keras counts all channels as the fan-in.
        name=name,
    )
    return convolution(maps)


def _padded(
    maps: keras.KerasTensor, kernel_size: int, strides: int, name: str
) -> tuple[keras.KerasTensor, str]:
    """Return `maps` and the padding with which the kernel's center starts on the first pixel."""
    if strides == 1 or kernel_size == 1:
        return maps, "same"
    return keras.layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(maps), "valid"


def norm(maps: keras.KerasTensor, name: str, variance: float = 1.0) -> keras.KerasTensor:
    """Return `maps`, `[..., channels]`, normalized, with Caffe's and Torch's constants.

    Args:
        variance: The moving variance before training. In each residual it is the number of units:
            the sum of an untrained network would double from unit to unit and overflow, in float16
            from about 20 units on. The first hundred training steps forget it.
    """
    before = keras.initializers.Constant(variance)
    normalization = keras.layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, moving_variance_initializer=before, name=name
    )
    return normalization(maps)


def relu(maps: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Return the positive part of `maps`."""
    return keras.layers.ReLU(name=name)(maps)


def classify(maps: keras.KerasTensor, num_classes: int) -> keras.KerasTensor:
    """Return logits `[batch, num_classes]` from the mean of each map."""
    values = keras.layers.GlobalAveragePooling2D(name="pool")(maps)
    return keras.layers.Dense(num_classes, kernel_initializer=he(), name="logits")(values)


def start_of_maps(classes: bool) -> dict[str, keras.initializers.Initializer]:
    """Return the initializers of a convolution before ReLU, which may give the `classes`' maps."""
    if not classes:
        return {"kernel_initializer": he()}
    return {
        "kernel_initializer": keras.initializers.RandomNormal(stddev=0.01),
        "bias_initializer": keras.initializers.Ones(),
    }


def he(mode: str = "fan_in") -> keras.initializers.Initializer:
    """He et al. 2015, https://arxiv.org/abs/1502.01852, equation 10; Keras's HeNormal truncates."""
    return keras.initializers.VarianceScaling(2.0, mode, "untruncated_normal")
