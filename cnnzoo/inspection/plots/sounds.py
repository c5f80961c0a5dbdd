"""Pictures of audio: waveforms with heat, feature maps over time, and spectra of filters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage

from cnnzoo import plot_style
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.kernels import Spectra
from cnnzoo.inspection.plots.base import colors

_POINTS = 500  # Pieces of a waveform that are drawn, each from its least to its greatest sample.
_COLUMNS = 150  # Pieces of maps or heat that are drawn, each with its greatest value.
_BANDS = 64  # Pieces of a spectrum that are drawn, likewise.
_SHOWN = 6  # Filters that are drawn as waveforms.


@plot_style.style()
def draw_sounds(
    sounds: np.ndarray,
    sample_rate: float,
    heat: np.ndarray | None = None,
    titles: Sequence[str] | None = None,
) -> Figure:
    """Return waveforms below each other, shaded by heat, with a color bar for all of them.

    Args:
        sounds: `[sounds, samples, 1]`.
        sample_rate: Samples per second.
        heat: `[sounds, samples]`, from zero up; each sound has its own scale.
        titles: One per sound.

    Raises:
        CnnzooError: Sounds, heat or titles do not fit each other, or the rate is not positive.
    """
    sounds = np.asarray(sounds)
    _check(sounds, heat, titles, sample_rate)
    figure = Figure(figsize=(6.5, 1.05 * len(sounds) + 0.5))
    rows = figure.subplots(len(sounds), 1, squeeze=False, sharex=True)[:, 0]
    loudest, seconds = 1.05 * (float(np.abs(sounds).max()) or 1.0), sounds.shape[1] / sample_rate
    for place, axes in enumerate(rows):
        _waveform(axes, sounds[place, :, 0], sample_rate)
        axes.set(xlim=(0, seconds), ylim=(-loudest, loudest))
        axes.set_title("" if titles is None else titles[place], loc="left")
        if heat is not None:
            shade = _shade(axes, np.asarray(heat[place]), seconds)
    if heat is not None:
        bar = figure.colorbar(shade, ax=rows, pad=0.01, aspect=15)
        bar.set_ticks(shade.get_clim(), labels=["0", "most"])
    rows[-1].set_xlabel("seconds")
    figure.supylabel("amplitude", fontsize=9)
    return figure


def _check(
    sounds: np.ndarray, heat: np.ndarray | None, titles: Sequence[str] | None, sample_rate: float
) -> None:
    if sounds.ndim != 3 or sounds.shape[2] != 1 or not sounds.size:
        raise CnnzooError(f"sounds must be [sounds, samples, 1]; got {list(sounds.shape)}")
    if heat is not None and np.shape(heat) != sounds.shape[:2]:
        wanted = list(sounds.shape[:2])
        raise CnnzooError(f"heat must be {wanted}, as sounds are; got {list(np.shape(heat))}")
    if titles is not None and len(titles) != len(sounds):
        raise CnnzooError(f"titles must be one for each of {len(sounds)} sounds; got {len(titles)}")
    if not sample_rate > 0:
        raise CnnzooError(f"sample_rate must be positive; got {sample_rate!r}")


def _waveform(axes: Axes, samples: np.ndarray, sample_rate: float) -> None:
    """Draw the least and the greatest sample of each of many pieces."""
    pieces = _pieces(samples, _POINTS)
    ends = np.stack([pieces.min(axis=1), pieces.max(axis=1)], axis=1).ravel()
    seconds = np.repeat((np.arange(len(pieces)) + 0.5) * pieces.shape[1] / sample_rate, 2)
    axes.plot(seconds, ends, color="black", linewidth=0.8)


def _pieces(steps: np.ndarray, most: int) -> np.ndarray:
    """Return `steps`, `[steps, ...]`, as at most so many pieces of equal size, the last filled."""
    size = -(-len(steps) // most)
    filling = [(0, -len(steps) % size), *[(0, 0)] * (steps.ndim - 1)]
    return np.pad(steps, filling, "edge").reshape(-1, size, *steps.shape[1:])


def _shade(axes: Axes, heat: np.ndarray, seconds: float) -> AxesImage:
    """Color what lies behind a waveform."""
    bottom, top = axes.get_ylim()
    columns = _pieces(heat, _COLUMNS)
    drawn = seconds * columns.size / len(heat)
    shade = axes.imshow(
        columns.max(axis=1)[None],
        **colors(heat),
        alpha=0.6,
        extent=(0, drawn, bottom, top),
        aspect="auto",
        zorder=0,
    )
    axes.grid(visible=False)
    return shade


@plot_style.style()
def draw_sound_maps(maps: np.ndarray, seconds: float) -> Figure:
    """Return the feature maps of a sound, one row per unit, over time.

    Of long maps, each of 150 pieces shows its greatest value, whatever its sign.

    Args:
        maps: Of `feature_maps` for one sound, `[steps, units]`.
        seconds: How long the sound is.

    Raises:
        CnnzooError: They are of another shape, or the time is not positive.
    """
    maps = np.asarray(maps)
    if maps.ndim != 2 or not maps.size:
        raise CnnzooError(f"maps must be [steps, units] of one sound; got {list(maps.shape)}")
    if not seconds > 0:
        raise CnnzooError(f"seconds must be positive; got {seconds!r}")
    pieces = _pieces(maps, _COLUMNS)
    places = np.abs(pieces).argmax(axis=1)[:, None]
    figure = Figure(figsize=(6.5, 2.7))
    axes = figure.subplots()
    image = axes.imshow(
        np.take_along_axis(pieces, places, axis=1)[:, 0].T,
        **colors(maps),
        extent=(0, seconds * pieces.size / maps.size, maps.shape[1] - 0.5, -0.5),
        aspect="auto",
    )
    axes.grid(visible=False)
    axes.set(xlim=(0, seconds), xlabel="seconds", ylabel="unit")
    figure.colorbar(image, ax=axes, label="activation")
    return figure


@plot_style.style()
def draw_filter_spectra(spectra: Spectra) -> Figure:
    """Return the spectra of all filters, in the order of their peaks, and a few of the filters.

    Args:
        spectra: Of `filter_spectra`.
    """
    order = np.argsort(spectra.frequencies[spectra.gains.argmax(axis=1)], kind="stable")
    gains = spectra.gains[order]
    figure = Figure(figsize=(7.2, 3.2))
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[1.25, 1])[0]
    axes = left.subplots()
    columns = _pieces(gains.T, _BANDS)
    width = columns.shape[1] * spectra.frequencies[1]
    image = axes.imshow(
        columns.max(axis=1).T / np.maximum(gains.max(axis=1, keepdims=True), 1e-12),
        extent=(-spectra.frequencies[1] / 2, len(columns) * width, len(order), 0),
        aspect="auto",
        vmin=0,
        vmax=1,
    )
    axes.grid(visible=False)
    axes.set(
        xlim=(0, spectra.frequencies[-1]),
        xlabel="frequency, Hz",
        ylabel="filters, in the order of their peaks",
    )
    left.colorbar(image, ax=axes, label="gain, as a share of the filter's greatest")
    _filters(right, spectra, order)
    return figure


def _filters(part: SubFigure, spectra: Spectra, order: np.ndarray) -> None:
    """Draw filters at even distances in `order` as waveforms."""
    chosen = order[np.linspace(0, len(order) - 1, min(_SHOWN, len(order))).round().astype(int)]
    rows = part.subplots(len(chosen), 1, squeeze=False, sharex=True)[:, 0]
    sample_rate = 2 * spectra.frequencies[-1]
    milliseconds = 1000 * np.arange(spectra.filters.shape[1]) / sample_rate
    for axes, unit in zip(rows, chosen, strict=True):
        axes.plot(milliseconds, spectra.filters[unit], linewidth=1)
        peak = spectra.frequencies[spectra.gains[unit].argmax()]
        axes.set_title(f"filter {unit}: peak at {peak:.0f} Hz", loc="left", pad=2, fontsize=8)
        axes.set_yticks([0])
    rows[-1].set_xlabel("milliseconds")
