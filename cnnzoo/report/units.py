"""What the units of a network are: filters, feature maps, and what excites them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cnnzoo import inspection
from cnnzoo.inspection.cost import LayerCost
from cnnzoo.report import words
from cnnzoo.report.page import Picture, Piece, Section, Title, collected
from cnnzoo.report.subject import Examples, Subject, spread

_LAYERS = 3  # Whose feature maps are shown.
_UNITS = 3  # Whose strongest examples are shown.
_CLASSES = 12  # That inputs are made for.
_WORK = 3e11  # Multiply-adds for a picture, roughly.


def units_section(subject: Subject) -> Section | None:
    """Return what the units answer to; None where there is nothing to show."""
    parts: dict[str, list[Callable[[Subject], list[Piece]]]] = {
        "images": [_filters, _maps, _strongest, _maximised, _capsules],
        "sounds": [_spectra, _maps, _maximised],
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
    colours = "grey is zero" if kernels.shape[-2] == 3 else "white is zero"
    return [
        Picture(
            "filters",
            inspection.draw_filters(kernels, layer),
            f"The {kernels.shape[-1]} filters of {layer}, {kernels.shape[0]} by "
            f"{kernels.shape[1]} pixels.",
            f"The filters of {layer}, which meet the image itself; {colours}. Edges, spots "
            "and colours are what trained networks often have here.",
        )
    ]


def _spectra(subject: Subject) -> list[Piece]:
    if not _convolutions(subject):
        return []
    layer = _convolutions(subject)[0].name
    rate = subject.card["input"]["sample_rate"]
    found = inspection.filter_spectra(subject.network, layer, rate)
    peaks = found.frequencies[found.gains.argmax(axis=1)]
    return [
        Picture(
            "spectra",
            inspection.draw_filter_spectra(found),
            f"Spectra of {len(peaks)} filters of {layer}; their peaks lie from {peaks.min():.0f} "
            f"to {peaks.max():.0f} Hz, half of them below {np.median(peaks):.0f} Hz.",
            f"Which frequencies the filters of {layer}, which meet the sound itself, let through: "
            "a row a filter, and some of the filters.",
        )
    ]


def _shown_layers(subject: Subject) -> list[str]:
    """Return layers from the first to the last that give maps: activations, or convolutions."""
    maps = [row for row in subject.rows if row.receptive_field and len(row.output_shape) > 1]
    active = [row.name for row in maps if row.kind in ("ReLU", "Activation")]
    convolutions = [row.name for row in maps if "Conv" in row.kind]
    names = active if len(active) > 1 else convolutions
    return [names[place] for place in spread(len(names), _LAYERS)]


def _maps(subject: Subject) -> list[Piece]:
    """Return feature maps of the first test example, from the first layers to the last."""
    if subject.examples is None:
        return []
    one = subject.examples.inputs[:1]
    label = subject.classifier.class_names[subject.examples.labels[0]]
    return [
        _maps_of(subject, layer, subject.classifier.prepare(one), label)
        for layer in _shown_layers(subject)
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
        f"What {layer} makes of the first test example, of class {label}: a map a unit, bright "
        "where it answers. The later the layer, the coarser the maps and the less they resemble "
        "the input.",
    )


def _strongest(subject: Subject) -> list[Piece]:
    """Return the test examples to which some units of the last maps answer most."""
    layers = _shown_layers(subject)
    if subject.examples is None or not layers:
        return []
    sample = subject.examples.sample(subject.affordable(_WORK, most=1_000, least=50))
    inputs, layer = subject.classifier.prepare(sample.inputs), layers[-1]
    pieces: list[Piece] = [Title(f"What units of {layer} answer to")]
    for unit in _varied(subject, layer, inputs):
        found = inspection.nearest_examples(subject.network, inputs, layer, unit, 9)
        told = _classes(subject, sample, found.places)
        pieces.append(
            Picture(
                f"strongest_{unit}",
                inspection.draw_nearest_examples(found, sample.inputs, layer, unit),
                f"The nine images to which unit {unit} answers most. {told}",
                f"The nine of {len(inputs):,} test images to which unit {unit} answers most, and "
                f"what it sees of them. {told}",
            )
        )
    return pieces


def _varied(subject: Subject, layer: str, inputs: np.ndarray) -> list[int]:
    """Return the units whose greatest answers differ most from example to example."""
    maps = inspection.feature_maps(subject.network, inputs[spread(len(inputs), 100)], layer)
    greatest = maps.max(axis=tuple(range(1, maps.ndim - 1)))
    return np.argsort(-greatest.std(axis=0), kind="stable")[:_UNITS].tolist()


def _classes(subject: Subject, sample: Examples, places: np.ndarray) -> str:
    labels, counts = np.unique(sample.labels[places], return_counts=True)
    most = counts.argmax()
    name = subject.classifier.class_names[labels[most]]
    return f"Their most frequent class is {name}, {counts[most]} of {len(places)}."


def _maximised(subject: Subject) -> list[Piece]:
    """Return inputs that are made to excite each class's logit."""
    names = subject.classifier.class_names[:_CLASSES]
    steps = subject.affordable(_WORK / 3 / len(names), most=256, least=32)
    size, classes = _range(subject) / 20, list(range(len(names)))
    found = inspection.maximise(subject.network, None, classes, steps=steps, step_size=size)
    plain = [name.replace("$", r"\$") for name in names]  # Else matplotlib reads formulas.
    return [
        Picture(
            "maximised",
            inspection.draw_units(found, "each class's logit", plain),
            f"{len(names)} inputs, each made to raise the logit of a class: {', '.join(names)}.",
            f"Inputs that raise each class's logit, found from noise in {steps} steps uphill. They "
            "show what the network takes for typical, which is seldom what people do.",
        )
    ]


def _range(subject: Subject) -> float:
    """Return the range of the values that the network is used to."""
    if subject.examples is None:
        return 4.0  # Of standardised values.
    inputs = subject.classifier.prepare(subject.examples.sample(50).inputs)
    return float(np.ptp(inputs)) or 1.0


def _capsules(subject: Subject) -> list[Piece]:
    """Return what the dimensions of a capsule stand for, where a decoder draws them."""
    decodes = any(row.kind == "ReconstructionLoss" for row in subject.rows)
    if not decodes or subject.examples is None:
        return []
    image = subject.classifier.prepare(subject.examples.inputs[:1])
    found = inspection.capsule_reconstructions(subject.network, image)[0]
    return [
        Picture(
            "capsule_reconstructions",
            inspection.draw_capsule_reconstructions(found),
            f"Reconstructions of the first test image from its longest capsule, whose "
            f"{len(found)} dimensions are changed one at a time.",
            "What the decoder draws of the first test image when one dimension of its longest "
            "capsule is changed: a row a dimension. Of a trained network they stand for thickness, "
            "slant, width and the like.",
        )
    ]
