"""Network in network: small networks slide over the maps, and their means are the logits.

Source: Lin, Chen and Yan 2014, Network in network, sections 3 and 4.2,
https://arxiv.org/abs/1312.4400; sizes from the authors' model for CIFAR-10 (Caffe's model zoo),
https://gist.github.com/mavenlin/e56253735ef32c3c296d

Departures: He initialization by fan-in instead of weights from a normal distribution of standard
deviation 0.05, whatever a filter sees; small weights and biases of 1 for the maps of the classes,
so that their ReLU silences no class from the start.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.layers import blocks
from cnnzoo.lazy import keras

# Kernel and filters of each block: a convolution, then two of 1x1; the last gives the classes.
BLOCKS = ((5, (192, 160, 96)), (5, (192, 192, 192)), (3, (192, 192, None)))


class Variant(NamedTuple):
    """One row of the table."""

    params: int  # Trainable, for this input shape and 10 classes.
    macs: int  # Multiply-adds, for the same.
    input_shape: tuple[int, int, int] = (32, 32, 3)
    smallest: int = 1  # Rows and columns; windows are padded, and the last pooling is global.
    num_classes: int = 10


VARIANTS = {"nin": Variant(params=966_986, macs=222_486_528)}


def build(
    variant: str,
    *,
    input_shape: tuple[int, int, int],
    num_classes: int,
    name: str,
    dropout: float = 0.5,
) -> keras.Model:
    """Build the network, from images `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        dropout: Fraction of what the second and third block see that a training step drops.
    """
    maps = images = keras.Input(input_shape, name="images")
    # At even sides, the windows at the right and the bottom are smaller, as in Caffe.
    pooling = keras.layers.MaxPooling2D, keras.layers.AveragePooling2D
    for block, (kernel_size, filters) in enumerate(BLOCKS, 1):
        for step, count in enumerate(filters, 1):
            convolution = keras.layers.Conv2D(
                count or num_classes,
                kernel_size if step == 1 else 1,
                padding="same",
                name=f"block{block}_conv{step}" if count else "logits",
                **blocks.start_of_maps(classes=count is None),
            )
            maps = blocks.relu(convolution(maps), f"block{block}_relu{step}")
        if block < 3:
            maps = pooling[block - 1](3, 2, "same", name=f"block{block}_pool")(maps)
            maps = keras.layers.Dropout(dropout, name=f"block{block}_dropout")(maps)
    means = keras.layers.GlobalAveragePooling2D(name="pool")(maps)
    return keras.Model(images, means, name=name)
