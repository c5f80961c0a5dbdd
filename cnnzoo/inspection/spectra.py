"""Which frequencies the filters of a convolution over sounds let through.

Source: Dai, Dai, Qu, Li and Das 2016, https://arxiv.org/abs/1610.00087, where the long filters of
the first layer are meant to become band-pass filters.
"""

from __future__ import annotations

from typing import NamedTuple

import keras
import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import arguments

_POINTS = 1024  # Of the Fourier transform at least; a filter is filled up with zeros.


class Spectra(NamedTuple):
    """The filters of a layer over sounds, and their gain at each frequency."""

    filters: np.ndarray  # Float32 `[filters, samples]`; times run forwards.
    frequencies: np.ndarray  # Hertz, from 0 to half the sample rate, `[frequencies]`.
    gains: np.ndarray  # Output amplitude for input amplitude 1, `[filters, frequencies]`.


def filter_spectra(model: keras.Model, layer: str, sample_rate: float) -> Spectra:
    """Return the filters of `layer`, a convolution over one channel, and their spectra.

    Args:
        model: A network over sounds.
        layer: Name of the layer, the first convolution as a rule.
        sample_rate: Samples a second of what the layer takes.

    Raises:
        CnnzooError: There is no such layer, it is no convolution over a single channel, or
            the rate is not positive.
    """
    found = arguments.layer(model, layer).layer
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
