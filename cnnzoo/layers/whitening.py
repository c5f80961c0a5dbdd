"""A first convolution whose filters whiten small patches of the images and are not trained.

Source: Page 2019, How to train your ResNet 8: bag of tricks,
https://myrtle.ai/learn/how-to-train-your-resnet-8-bag-of-tricks/;
Jordan 2024, https://arxiv.org/abs/2404.00498, section 3.2.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from cnnzoo.errors import CnnzooError
from cnnzoo.layers.base import BaseLayer


@keras.saving.register_keras_serializable("cnnzoo")
class WhiteningConv2D(BaseLayer):
    """Convolution by whitening filters and their negatives, which `adapt` takes from images.

    `[batch, height, width, channels]` to `[batch, height - k + 1, width - k + 1, 2 * k * k *
    channels]`, where k is `kernel_size`. The kernel is not trainable, the bias is. Before `adapt`
    the filters are an orthogonal matrix and its negative, the same in every process.

    Args:
        kernel_size: Rows and columns of a patch.
    """

    def __init__(self, kernel_size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = kernel_size

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Create the kernel, and a bias per filter."""
        size = self.kernel_size**2 * input_shape[-1]
        self.kernel = self.add_weight(
            shape=(self.kernel_size, self.kernel_size, input_shape[-1], 2 * size),
            initializer=_orthogonal,
            trainable=False,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(2 * size,), initializer="zeros", name="bias")

    def adapt(self, images: np.ndarray, epsilon: float = 5e-4) -> None:
        """Let the filters whiten the patches of `images`, the largest variance first.

        Args:
            images: What the layer takes, float `[count, height, width, channels]`: some thousands
                from the training data. They should have mean 0, which is not subtracted.
            epsilon: Added to each variance, so that noise is not amplified.

        Raises:
            CnnzooError: The images have another number of channels, or are smaller than a patch.
        """
        images = np.asarray(images, "float32")
        channels = self.kernel.shape[-2]
        if images.ndim != 4 or images.shape[-1] != channels or not _has_patches(images, self):
            raise CnnzooError(
                f"images must be [count, height, width, {channels}], with sides of at least "
                f"{self.kernel_size}; got {list(images.shape)}"
            )
        variances, directions = np.linalg.eigh(_second_moments(images, self.kernel_size))
        whitening = (directions / np.sqrt(variances + epsilon))[:, ::-1]
        both = np.concatenate([whitening, -whitening], axis=1)
        self.kernel.assign(both.reshape(self.kernel.shape))

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return the whitened patches of `inputs`, plus the bias."""
        return ops.conv(inputs, self.kernel, data_format="channels_last") + self.bias

    def equivalent(self) -> keras.layers.Conv2D:
        """Return the stock layer that computes the same."""
        plain = keras.layers.Conv2D(
            self.kernel.shape[-1],
            self.kernel_size,
            data_format="channels_last",
            dtype=self.dtype_policy,
            name=self.name,
        )
        plain.build((None, None, None, self.kernel.shape[-2]))
        plain.set_weights([self.kernel, self.bias])
        return plain

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the whitened patches."""
        batch, *sides, channels = input_shape
        k = self.kernel_size
        return (batch, *(side and side - k + 1 for side in sides), 2 * k * k * (channels or 0))

    def multiply_adds(self, output_shape: tuple[int, ...]) -> int:
        """Return the products of a weight with an input, for one example."""
        rows, columns, filters = output_shape[1:]
        return rows * columns * filters * filters // 2


def _orthogonal(shape: tuple[int, ...], dtype: str | None = None) -> Any:
    # In float32, since TensorFlow has no bfloat16 kernel for it.
    half = keras.initializers.Orthogonal(seed=0)((*shape[:-1], shape[-1] // 2), "float32")
    return ops.cast(ops.concatenate([half, -half], axis=-1), dtype)


def _has_patches(images: np.ndarray, layer: WhiteningConv2D) -> bool:
    return len(images) > 0 and min(images.shape[1:3]) >= layer.kernel_size


def _second_moments(images: np.ndarray, size: int) -> np.ndarray:
    """Return the mean product of each two values of a patch, float64 `[values, values]`."""
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))
    patches = np.moveaxis(windows, 3, -1)  # [count, rows, columns, *patch]
    values = size * size * images.shape[-1]
    total = np.zeros((values, values))
    for of_image in patches:  # All at once would take as much memory as the images times a patch.
        flat = of_image.reshape(-1, values)
        total += flat.T @ flat
    return total / (len(images) * patches.shape[1] * patches.shape[2])
