"""What the units of a network are: filters, feature maps, and what excites them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cnnzoo import inspection
from cnnzoo.inspection.cost import LayerCost
from cnnzoo.report import activations, words
from cnnzoo.report.layer_groups import map_layers
from cnnzoo.report.page import Picture, Piece, Section, Title, collected
from cnnzoo.report.subject import Subject

_LAYERS = 3  # Whose feature maps are shown.


def units_section(subject: Subject) -> Section | None:
    """Return what the units answer to; None where there is nothing to show."""
    parts: dict[str, list[Callable[[Subject], list[Piece]]]] = {
        "images": [
            _filters,
            _maps,
            activations.strongest,
            activations.maximized,
            activations.capsules,
        ],
        "sounds": [_spectra, _maps, activations.maximized],
        "texts": [words.filters],
    }
    chosen = [lambda part=part: part(subject) for part in parts[subject.kind]]
    pieces = collected(*chosen)
    return Section("units", "Filters and feature maps", pieces) if pieces else None


def _convolutions(subject: Subject) -> list[LayerCost]:
    return [row for row in subject.rows if "Conv" in row.kind and len(row.output_shape) > 1]


def _filters(subject: Subject) -> list[Piece]:
    """Return the filters of the first convolution, the only ones that meet the input itself."""
    if not _convolutions(subject):
        return []
    layer = _convolutions(subject)[0].name
    kernels = inspection.filters(subject.network, layer)
    colors = "gray is zero" if kernels.shape[-2] == 3 else "white is zero"
    return [
        Title("Filters"),
        Picture(
            "filters",
            inspection.draw_filters(kernels, layer),
            f"The {kernels.shape[-1]} filters of {layer}, {kernels.shape[0]} by "
            f"{kernels.shape[1]} pixels.",
            f"The filters of {layer}, which meet the image itself; {colors}. Edges, spots "
            "and colors are what trained networks often have here.",
        ),
    ]


def _spectra(subject: Subject) -> list[Piece]:
    if not _convolutions(subject):
        return []
    layer = _convolutions(subject)[0].name
    rate = subject.card["input"]["sample_rate"]
    found = inspection.filter_spectra(subject.network, layer, rate)
    peaks = found.frequencies[found.gains.argmax(axis=1)]
    return [
        Title("Filters"),
        Picture(
            "spectra",
            inspection.draw_filter_spectra(found),
            f"Spectra of {len(peaks)} filters of {layer}; their peaks lie from {peaks.min():.0f} "
            f"to {peaks.max():.0f} Hz, half of them below {np.median(peaks):.0f} Hz.",
            f"Which frequencies the filters of {layer}, which meet the sound itself, let through: "
            "a row a filter, and some of the filters.",
        ),
    ]


def _maps(subject: Subject) -> list[Piece]:
    """Return feature maps of the first test example, from the first layers to the last."""
    if subject.examples is None:
        return []
    one = subject.examples.inputs[:1]
    label = subject.classifier.class_names[subject.examples.labels[0]]
    inputs = subject.classifier.prepare(one)
    return [
        Title("Feature maps"),
        f"What some layers make of the first test example, of class {label}: a map a unit, bright "
        "where it answers. The later the layer, the coarser the maps and the less they resemble "
        "the input.",
        *(_maps_of(subject, layer, inputs, label) for layer in map_layers(subject.rows, _LAYERS)),
    ]


def _maps_of(subject: Subject, layer: str, inputs: np.ndarray, label: str) -> Picture:
    maps = inspection.feature_maps(subject.network, inputs, layer)[0]
    if subject.kind == "sounds":
        seconds = inputs.shape[1] / subject.card["input"]["sample_rate"]
        figure = inspection.draw_sound_maps(maps, seconds)
    else:
        figure = inspection.draw_feature_maps(maps, layer)
    silent = int((np.abs(maps).reshape(-1, maps.shape[-1]).max(axis=0) == 0).sum())
    return Picture(
        f"maps_{layer.replace('/', '_')}",
        figure,
        f"{maps.shape[-1]} feature maps of {layer} for a test example of class {label}; {silent} "
        "are zero everywhere.",
        f"The {maps.shape[-1]} units of {layer}; {silent or 'none'} of them silent here.",
    )
