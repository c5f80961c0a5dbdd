"""What the units of a network respond to: filters, feature maps, examples, n-grams, capsules."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from cnnzoo import inspection
from cnnzoo.inspection.cost import LayerCost
from cnnzoo.report.page import Picture, Piece, Section, Title, collected
from cnnzoo.report.structure import map_layers
from cnnzoo.report.subject import AnsweredExamples, Subject, spread

_LAYERS = 3  # Whose feature maps, or n-grams, are shown.
_UNITS = 3  # Whose strongest examples are shown.
_CLASSES = 12  # That inputs are made for.
_WORK = 3e11  # Multiply-adds for a picture, roughly.
_TOKENS = 10  # That a unit of a layer sees at most for its n-grams to be shown.
_FILTERS, _NGRAMS = 6, 5


def units_section(subject: Subject) -> Section | None:
    """Return what the units respond to; None where there is nothing to show."""
    parts: dict[str, list[Callable[[Subject], list[Piece]]]] = {
        "images": [_filters, _maps, _strongest, _maximized, _capsules],
        "sounds": [_spectra, _maps, _maximized],
        "texts": [_ngrams],
    }
    pieces = collected(*(functools.partial(part, subject) for part in parts[subject.kind]))
    return Section("units", "Filters and feature maps", pieces) if pieces else None


def _convolutions(subject: Subject) -> list[LayerCost]:
    return [row for row in subject.rows if "Conv" in row.kind and len(row.output_shape) > 1]


def _filters(subject: Subject) -> list[Piece]:
    """Return the filters of the first convolution, the only ones that are over the input itself."""
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
            f"The filters of {layer}, which are applied to the image itself; {colors}. Trained "
            "networks often detect edges, spots and colors here.",
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
            f"The frequencies that the filters of {layer} pass, one row per filter, and the "
            "waveforms of some filters. They are applied to the recording itself.",
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
        f"The feature maps of some layers for the first test example, of class {label}: one map "
        "per unit, bright where the unit is active. Later layers have coarser maps, which resemble "
        "the input less.",
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
        f"The {maps.shape[-1]} units of {layer}; {silent or 'none'} of them inactive here.",
    )


def _strongest(subject: Subject) -> list[Piece]:
    """Return the test examples that activate some units of the last maps most strongly."""
    layers = map_layers(subject.rows, 1)
    if subject.examples is None or not layers:
        return []
    sample = subject.examples.sample(subject.affordable(_WORK, most=1_000, least=50))
    inputs, layer = subject.classifier.prepare(sample.inputs), layers[0]
    pieces: list[Piece] = [Title(f"What activates units of {layer}")]
    for unit in _varied(subject, layer, inputs, sample.labels):
        found = inspection.nearest_examples(subject.network, inputs, layer, unit, 9)
        most = _most_frequent_class(subject, sample, found.places)
        pieces.append(
            Picture(
                f"strongest_{unit}",
                inspection.draw_nearest_examples(found, sample.inputs, layer, unit),
                f"The nine images that activate unit {unit} most strongly. {most}",
                f"The nine of {len(inputs):,} test images that activate unit {unit} most strongly, "
                f"and the part of each that the unit sees. {most}",
            )
        )
    return pieces


def _varied(subject: Subject, layer: str, inputs: np.ndarray, labels: np.ndarray) -> list[int]:
    """Return the units whose activations vary most, of different classes if there are any."""
    rows = spread(len(inputs), 100)
    maps = inspection.feature_maps(subject.network, inputs[rows], layer)
    greatest = maps.max(axis=tuple(range(1, maps.ndim - 1)))
    favorites = labels[rows][greatest.argmax(axis=0)]  # The class of each unit's best example.
    by_spread = np.argsort(-greatest.std(axis=0), kind="stable")
    _, first = np.unique(favorites[by_spread], return_index=True)
    return by_spread[np.sort(first)][:_UNITS].tolist()


def _most_frequent_class(subject: Subject, sample: AnsweredExamples, places: np.ndarray) -> str:
    counts = np.bincount(sample.labels[places])
    name = subject.classifier.class_names[counts.argmax()]
    return f"Their most frequent class is {name}, {counts.max()} of {len(places)}."


def _maximized(subject: Subject) -> list[Piece]:
    """Return inputs that maximize the logit of each class."""
    names = subject.classifier.class_names[:_CLASSES]
    steps = subject.affordable(_WORK / 3 / len(names), most=256, least=32)
    size, classes = _range(subject) / 20, list(range(len(names)))
    found = inspection.maximize(subject.network, None, classes, steps=steps, step_size=size)
    plain = [name.replace("$", r"\$") for name in names]  # Else matplotlib reads formulas.
    return [
        Title("Activation maximization"),
        Picture(
            "maximized",
            inspection.draw_units(found, "each class's logit", plain),
            f"{len(names)} inputs, one per class, that maximize the logit of: {', '.join(names)}.",
            f"Inputs that maximize the logit of each class, found from noise in {steps} steps of "
            "gradient ascent. They show what the model has learned about each class, which is "
            "seldom what people see in it.",
        ),
    ]


def _range(subject: Subject) -> float:
    """Return the range of the values that the network takes."""
    if subject.examples is None:
        return 4.0  # Of standardized values.
    inputs = subject.classifier.prepare(subject.examples.sample(50).inputs)
    return float(np.ptp(inputs)) or 1.0


def _capsules(subject: Subject) -> list[Piece]:
    """Return what the dimensions of a capsule represent, where a decoder draws them."""
    decodes = any(row.kind == "ReconstructionLoss" for row in subject.rows)
    if not decodes or subject.examples is None:
        return []
    image = subject.classifier.prepare(subject.examples.inputs[:1])
    found = inspection.capsule_reconstructions(subject.network, image)[0]
    return [
        Title("What a capsule represents"),
        Picture(
            "capsule_reconstructions",
            inspection.draw_capsule_reconstructions(found),
            f"Reconstructions of the first test image from its longest capsule, whose "
            f"{len(found)} dimensions are changed one at a time.",
            "The decoder's output for the first test image when one dimension of its longest "
            "capsule is changed, one row per dimension. In a trained network they represent "
            "thickness, slant, width and the like.",
        ),
    ]


def _ngrams(subject: Subject) -> list[Piece]:
    """Return the n-grams that activate filters of the first convolutions most strongly."""
    if subject.examples is None:
        return []
    sample = subject.examples.sample()
    tokens = subject.classifier.prepare(sample.inputs)
    words = subject.classifier.words(tokens)
    layers = [row.name for row in subject.rows if _sees_ngrams(row)][:_LAYERS]
    return [_ngrams_of(subject, layer, tokens, words) for layer in layers]


def _sees_ngrams(row: LayerCost) -> bool:
    field = row.receptive_field
    return "Conv" in row.kind and field is not None and 1 < field[0] <= _TOKENS


def _ngrams_of(
    subject: Subject, layer: str, tokens: np.ndarray, words: Sequence[Sequence[str]]
) -> Picture:
    found = inspection.ngrams(subject.network, tokens, layer, _NGRAMS)
    strongest = sorted(range(len(found)), key=lambda unit: -found[unit][0].activation)[:_FILTERS]
    return Picture(
        f"ngrams_{layer}",
        inspection.draw_ngrams(found, words, strongest),
        f"The n-grams that activate {len(strongest)} filters of {layer} most strongly.",
        f"The {len(strongest)} of {len(found)} filters of {layer} with the strongest activations, "
        f"each with the n-grams of {len(tokens):,} test texts that activate it most. A filter that "
        "detects one thing has n-grams that are alike; a dot stands for padding.",
    )
