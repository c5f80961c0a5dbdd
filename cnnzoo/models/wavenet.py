"""One stack of WaveNet's causal dilated convolutions, as a classifier of waveforms.

Source: van den Oord et al. 2016, WaveNet: a generative model for raw audio, sections 2.1, 2.3, 2.4
and 3.4 (recognition of speech), https://arxiv.org/abs/1609.03499

Departures: the paper does not state the sizes of its classifier. Here one stack of ten layers sees
1,025 samples, with 16 residual and 32 skip channels; the mean over 10 ms at 8 kHz, two convolutions
over frames and the mean over all frames follow, without the paper's second loss, which predicts the
next sample. Initialization is Glorot's.
"""

from __future__ import annotations

from typing import NamedTuple

from cnnzoo.lazy import keras

FRAME = 80  # Samples: 10 ms at 8 kHz.
FRAME_CONVOLUTIONS = 2  # Which see a frame on either side.


class Variant(NamedTuple):
    """One row of the table."""

    dilations: tuple[int, ...]  # Samples between both that a kernel sees; one unit each.
    filters: int  # Of the gated convolutions, and channels of the residual path.
    skip: int  # Channels of the sum of all units, and of the convolutions over frames.
    params: int  # Trainable, for this input shape and 10 classes.
    macs: int
    input_shape: tuple[int, int] = (8_000, 1)  # One second at 8 kHz.
    smallest: int = FRAME
    num_classes: int = 10


VARIANTS = {
    "wavenet_10": Variant(
        tuple(2**power for power in range(10)), 16, 32, params=25_034, macs=142_182_720
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
    maps = keras.layers.Conv1D(row.filters, 2, padding="causal", name="causal")(waveform)
    skips = []
    for unit, dilation in enumerate(row.dilations, 1):
        place = f"unit{unit}"
        gated = _gated(maps, row.filters, dilation, place)
        skips.append(keras.layers.Conv1D(row.skip, 1, name=f"{place}_skip")(gated))
        if unit < len(row.dilations):  # Nothing would see the last sum.
            residual = keras.layers.Conv1D(row.filters, 1, name=f"{place}_residual")(gated)
            maps = keras.layers.Add(name=f"{place}_add")([maps, residual])
    frames = keras.layers.ReLU(name="skip_relu")(keras.layers.Add(name="skip_sum")(skips))
    frames = keras.layers.AveragePooling1D(FRAME, name="frames")(frames)
    for step in range(1, FRAME_CONVOLUTIONS + 1):
        convolution = keras.layers.Conv1D(
            row.skip, 3, padding="same", activation="relu", name=f"frame_conv{step}"
        )
        frames = convolution(frames)
    values = keras.layers.GlobalAveragePooling1D(name="pool")(frames)
    return keras.Model(waveform, keras.layers.Dense(num_classes, name="logits")(values), name=name)


def _gated(maps: keras.KerasTensor, filters: int, dilation: int, place: str) -> keras.KerasTensor:
    """Return equation 2: what a filter finds times a gate between 0 and 1."""
    found, gate = (
        keras.layers.Conv1D(
            filters,
            2,
            padding="causal",
            dilation_rate=dilation,
            activation=activation,
            name=f"{place}_{role}",
        )(maps)
        for role, activation in (("filter", "tanh"), ("gate", "sigmoid"))
    )
    return keras.layers.Multiply(name=f"{place}_gated")([found, gate])
