"""The kernels of convolutions and, of those over audio, their spectra.

Source of the spectra: Dai, Dai, Qu, Li and Das 2016, https://arxiv.org/abs/1610.00087, where the
long filters of the first layer are meant to become band-pass filters.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import checks

_SEPARABLE = keras.layers.SeparableConv1D, keras.layers.SeparableConv2D
_DEPTHWISE = keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D
_TRANSPOSED = (  # Keras has their kernels as [*sides, out, in].
    *(keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose),
)
_POINTS = 1024  # Of the Fourier transform at least; a filter is filled up with zeros.


def filters(model: keras.Model, layer: str) -> np.ndarray:
    """Return the kernels of a convolution, `[*sides, in, out]`.

    Of a convolution in groups, in is what one output map sees; it is 1 of a depthwise one. Of a
    separable one, the kernels are those of the ordinary convolution that gives the same maps.

    Args:
        model: A built Functional or Sequential model.
        layer: Name of a convolution, or path in nested models: "inner/conv1".

    Raises:
        CnnzooError: The model has no such layer, or it is no convolution.
    """
    found = checks.layer(model, layer).layer
    kernels = _kernels(found)
    if kernels is None:
        raise CnnzooError(f"layer must be a convolution; {layer!r} is {type(found).__name__}")
    return kernels


class Spectra(NamedTuple):
    """The filters of a layer over audio, and their gain at each frequency."""

    filters: np.ndarray  # Float32 `[filters, samples]`; times run forwards.
    frequencies: np.ndarray  # Hertz, from 0 to half the sample rate, `[frequencies]`.
    gains: np.ndarray  # Output amplitude for input amplitude 1, `[filters, frequencies]`.


def filter_spectra(model: keras.Model, layer: str, sample_rate: float) -> Spectra:
    """Return the filters of `layer`, a convolution over one channel, and their spectra.

    Args:
        model: A network over audio.
        layer: Name of the layer, the first convolution as a rule.
        sample_rate: Samples per second of what the layer takes.

    Raises:
        CnnzooError: No such layer is found, it is no convolution over a single channel, or the rate
            is not positive.
    """
    found = checks.layer(model, layer).layer
    kernel = np.asarray(getattr(found, "kernel", ()))
    if kernel.ndim != 3 or kernel.shape[1] != 1:
        got = f"a kernel {list(kernel.shape)}" if kernel.size else "no kernel"
        raise CnnzooError(
            f"layer must be a convolution over one channel of sound; {layer!r} has {got}"
        )
    if not sample_rate > 0:
        raise CnnzooError(f"sample_rate must be positive; got {sample_rate!r}")
    filters = kernel[:, 0].T
    points = max(_POINTS, filters.shape[1])
    gains = np.abs(np.fft.rfft(filters, points))
    return Spectra(filters, np.fft.rfftfreq(points, 1 / sample_rate), gains.astype("float32"))


def _kernels(layer: Any) -> np.ndarray | None:
    if hasattr(layer, "dense_kernel"):  # Of the zoo, with fewer weights than it convolves with.
        return np.asarray(layer.dense_kernel())
    if isinstance(layer, _SEPARABLE):
        depthwise, pointwise = map(np.asarray, (layer.depthwise_kernel, layer.pointwise_kernel))
        mixed = pointwise.reshape(*depthwise.shape[-2:], -1)
        return np.einsum("...im,imo->...io", depthwise, mixed)
    if not hasattr(layer, "kernel_size") or not hasattr(layer, "kernel"):
        return None
    kernel = np.asarray(layer.kernel)
    if isinstance(layer, _DEPTHWISE):
        return kernel.reshape(*kernel.shape[:-2], 1, -1)
    return np.swapaxes(kernel, -1, -2) if isinstance(layer, _TRANSPOSED) else kernel
