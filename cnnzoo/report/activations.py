"""What excites the units of a network: examples, inputs that are made for it, and capsules."""

from __future__ import annotations

import numpy as np

from cnnzoo import inspection
from cnnzoo.report.layer_groups import map_layers
from cnnzoo.report.page import Picture, Piece, Title
from cnnzoo.report.subject import AnsweredExamples, Subject, spread

_UNITS = 3  # Whose strongest examples are shown.
_CLASSES = 12  # That inputs are made for.
_WORK = 3e11  # Multiply-adds for a picture, roughly.


def strongest(subject: Subject) -> list[Piece]:
    """Return the test examples to which some units of the last maps answer most."""
    layers = map_layers(subject.rows, 1)
    if subject.examples is None or not layers:
        return []
    sample = subject.examples.sample(subject.affordable(_WORK, most=1_000, least=50))
    inputs, layer = subject.classifier.prepare(sample.inputs), layers[0]
    pieces: list[Piece] = [Title(f"What units of {layer} answer to")]
    for unit in _varied(subject, layer, inputs, sample.labels):
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


def _varied(subject: Subject, layer: str, inputs: np.ndarray, labels: np.ndarray) -> list[int]:
    """Return the units that tell examples apart most, of different classes if there are any."""
    rows = spread(len(inputs), 100)
    maps = inspection.feature_maps(subject.network, inputs[rows], layer)
    greatest = maps.max(axis=tuple(range(1, maps.ndim - 1)))
    favorites = labels[rows][greatest.argmax(axis=0)]  # The class of each unit's best example.
    by_spread = np.argsort(-greatest.std(axis=0), kind="stable")
    _, first = np.unique(favorites[by_spread], return_index=True)
    return by_spread[np.sort(first)][:_UNITS].tolist()


def _classes(subject: Subject, sample: AnsweredExamples, places: np.ndarray) -> str:
    labels, counts = np.unique(sample.labels[places], return_counts=True)
    most = counts.argmax()
    name = subject.classifier.class_names[labels[most]]
    return f"Their most frequent class is {name}, {counts[most]} of {len(places)}."


def maximized(subject: Subject) -> list[Piece]:
    """Return inputs that are made to excite each class's logit."""
    names = subject.classifier.class_names[:_CLASSES]
    steps = subject.affordable(_WORK / 3 / len(names), most=256, least=32)
    size, classes = _range(subject) / 20, list(range(len(names)))
    found = inspection.maximize(subject.network, None, classes, steps=steps, step_size=size)
    plain = [name.replace("$", r"\$") for name in names]  # Else matplotlib reads formulas.
    return [
        Title("What it would like best"),
        Picture(
            "maximized",
            inspection.draw_units(found, "each class's logit", plain),
            f"{len(names)} inputs, each made to raise the logit of a class: {', '.join(names)}.",
            f"Inputs that raise each class's logit, found from noise in {steps} steps uphill. They "
            "show what the network takes for typical, which is seldom what people do.",
        ),
    ]


def _range(subject: Subject) -> float:
    """Return the range of the values that the network is used to."""
    if subject.examples is None:
        return 4.0  # Of standardized values.
    inputs = subject.classifier.prepare(subject.examples.sample(50).inputs)
    return float(np.ptp(inputs)) or 1.0


def capsules(subject: Subject) -> list[Piece]:
    """Return what the dimensions of a capsule stand for, where a decoder draws them."""
    decodes = any(row.kind == "ReconstructionLoss" for row in subject.rows)
    if not decodes or subject.examples is None:
        return []
    image = subject.classifier.prepare(subject.examples.inputs[:1])
    found = inspection.capsule_reconstructions(subject.network, image)[0]
    return [
        Title("What a capsule stands for"),
        Picture(
            "capsule_reconstructions",
            inspection.draw_capsule_reconstructions(found),
            f"Reconstructions of the first test image from its longest capsule, whose "
            f"{len(found)} dimensions are changed one at a time.",
            "What the decoder draws of the first test image when one dimension of its longest "
            "capsule is changed: a row a dimension. Of a trained network they stand for thickness, "
            "slant, width and the like.",
        ),
    ]
