"""Pictures of sounds, and of capsules, hold the numbers that they are given."""

import numpy as np
import pytest

from cnnzoo import inspection, plot_style
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.kernels import Spectra

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("samples", [300, 9_001])
def test_waveforms_keep_their_extremes_and_heat_its_place(samples):
    sounds = RNG.normal(size=(2, samples, 1))
    heat = np.zeros((2, samples))
    heat[0, samples // 2] = 3
    figure = inspection.draw_sounds(sounds, 100, heat, ["one", "two"])
    *rows, bar = figure.axes
    assert [label.get_text() for label in bar.get_yticklabels()] == ["0", "most"]
    for place, axes in enumerate(rows):
        drawn = axes.lines[0].get_ydata()
        assert (drawn.min(), drawn.max()) == (sounds[place].min(), sounds[place].max())
        assert axes.get_xlim() == (0, samples / 100)
    image = figure.axes[0].images[0]
    shown = image.get_array()[0]
    left, right, *_ = image.get_extent()
    seconds = left + (np.argmax(shown) + 0.5) * (right - left) / len(shown)
    assert shown.max() == 3
    assert abs(seconds - samples / 200) <= samples / 100 / len(shown)
    assert len(plot_style.png(figure)) > 1_000


def test_maps_over_time_keep_the_greatest_value_of_each_unit():
    maps = np.zeros((5_000, 3))
    maps[4_000, 2], maps[100, 0] = 2, -5
    figure = inspection.draw_sound_maps(maps, 10)
    image = figure.axes[0].images[0]
    shown = image.get_array()
    assert (shown[2].max(), shown[0].min()) == (2, -5)
    assert np.argmax(shown[2]) / shown.shape[1] * image.get_extent()[1] == pytest.approx(
        8, abs=10 / 150
    )
    assert image.get_clim() == (-5, 5)
    assert inspection.draw_sound_maps(np.abs(maps), 10).axes[0].images[0].get_clim() == (0, 5)


def test_filters_stand_in_the_order_of_their_peaks():
    gains = np.array([[0, 0, 2.0], [4.0, 0, 0], [0, 1.0, 0]])
    spectra = Spectra(RNG.normal(size=(3, 8)), np.array([0.0, 50, 100]), gains)
    figure = inspection.draw_filter_spectra(spectra)
    assert np.array_equal(figure.axes[0].images[0].get_array(), np.eye(3))
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.lines]
    peaks = ["filter 1: peak at 0 Hz", "filter 2: peak at 50 Hz", "filter 0: peak at 100 Hz"]
    assert titles == peaks
    drawn = [axes.lines[0].get_ydata() for axes in figure.axes if axes.lines]
    assert np.array_equal(drawn, spectra.filters[[1, 2, 0]])


@pytest.mark.parametrize("channels", [1, 3])
def test_reconstructions_stand_in_rows_of_dimensions_and_columns_of_changes(channels):
    found = RNG.random((4, 11, 5, 6, channels))
    figure = inspection.draw_capsule_reconstructions(found)
    shown = np.asarray(figure.axes[0].images[0].get_array()).reshape(
        4 * 6 - 1, 11 * 7 - 1, channels
    )
    assert np.array_equal(shown[2 * 6 : 2 * 6 + 5, 9 * 7 : 9 * 7 + 6], found[2, 9])
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert (labels[0], labels[5], labels[10]) == ("-0.25", "0", "+0.25")
    some = inspection.draw_capsule_reconstructions(found, [3, 1]).axes[0]
    first = np.asarray(some.images[0].get_array())[:5, :6].reshape(5, 6, channels)
    assert np.array_equal(first, found[3, 0])
    assert [label.get_text() for label in some.get_yticklabels()] == ["3", "1"]


def test_what_does_not_fit_is_told():
    sounds = np.zeros((2, 50, 1))
    with pytest.raises(CnnzooError, match=r"sounds must be \[sounds, samples, 1\]; got \[2, 50\]"):
        inspection.draw_sounds(sounds[..., 0], 100)
    with pytest.raises(CnnzooError, match=r"heat must be \[2, 50\], as sounds are; got \[2, 49\]"):
        inspection.draw_sounds(sounds, 100, np.zeros((2, 49)))
    with pytest.raises(CnnzooError, match="titles must be one for each of 2 sounds; got 1"):
        inspection.draw_sounds(sounds, 100, titles=["one"])
    with pytest.raises(CnnzooError, match="sample_rate must be positive; got 0"):
        inspection.draw_sounds(sounds, 0)
    with pytest.raises(CnnzooError, match=r"maps must be \[steps, units\] of one sound"):
        inspection.draw_sound_maps(sounds, 1)
    with pytest.raises(CnnzooError, match="seconds must be positive; got -1"):
        inspection.draw_sound_maps(sounds[0], -1)
    with pytest.raises(CnnzooError, match=r"reconstructions must be \[dimensions, 11, height"):
        inspection.draw_capsule_reconstructions(np.zeros((2, 16, 11, 5, 5, 1)))
    with pytest.raises(CnnzooError, match=r"dimensions must be some from 0 to 15; got \[16\]"):
        inspection.draw_capsule_reconstructions(np.zeros((16, 11, 5, 5, 1)), [16])
