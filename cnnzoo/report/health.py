"""Activations and gradients of the layers of a network, and the distribution of its weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnnzoo import inspection
from cnnzoo.inspection.statistics import LayerStatistics
from cnnzoo.report.page import Picture, Piece, Section, Table, collected
from cnnzoo.report.subject import Subject, spread

_EXAMPLES = 128  # At most, whose outputs of all layers are held at once.
_BYTES = 300e6  # Of all these outputs, roughly.
_KERNELS = 20  # Histograms.
_LISTED = 6  # Layers with dead units.


def health_section(subject: Subject) -> Section:
    """Return activations, gradients and weights, layer by layer."""
    pieces = collected(lambda: _flow(subject), lambda: _weights(subject))
    return Section("layers", "Layer by layer", pieces)


def _flow(subject: Subject) -> list[Piece]:
    if subject.examples is None:
        return []
    memory = sum(row.activation_bytes for row in subject.rows) or 1e6
    sample = subject.examples.sample(max(8, min(_EXAMPLES, int(_BYTES / memory))))
    inputs = subject.classifier.prepare(sample.inputs)
    measured = inspection.layer_statistics(subject.network, inputs, sample.labels)
    layers = {row.name for row in subject.rows} or {row.name for row in measured}
    found = [row for row in measured if row.name in layers]  # Not what computes a mask, say.
    silent = [f"{row.dead} of {row.units} in {row.name}" for row in found if row.dead]
    more = f", and in {len(silent) - _LISTED} more layers" if len(silent) > _LISTED else ""
    listed = ", ".join(silent[:_LISTED]) + more
    dead = f"Units that are never active: {listed}." if silent else "All units are active."
    return [
        f"Measured on {len(sample.labels)} test examples. {dead}",
        Picture(
            "layer_statistics",
            inspection.draw_layer_statistics({subject.card["name"]: found}),
            f"Outputs, dead units and gradients over {len(found)} layers. {dead}",
            "From input to output. Warning signs are outputs that shrink or grow from layer to "
            "layer, many dead units (0 for all examples), and gradients that vanish towards the "
            "input; a shortcut that pads with zeros has dead units by design. Gradients are those "
            "of the mean loss; after training they are small.",
        ),
        _table(found),
    ]


def _table(found: Sequence[LayerStatistics]) -> Table:
    rows = [
        (
            row.name,
            f"{row.mean:.3g}",
            f"{row.std:.3g}",
            f"{row.zeros:.1%}",
            f"{row.dead} of {row.units}",
            _number(row.output_gradient),
            _number(row.gradient_ratio),
        )
        for row in found
    ]
    header = ("layer", "mean", "deviation", "zeros", "dead units", "gradient", "of kernel")
    return Table(header, rows, f"All figures of {len(rows)} layers", folded=True)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g}"


def _weights(subject: Subject) -> list[Piece]:
    found: list[Any] = inspection.weight_histograms(subject.network)
    if not found:
        return []
    shown = [found[place] for place in spread(len(found), _KERNELS)]
    which = "every" if len(shown) == len(found) else f"{len(shown)} of {len(found)}"
    return [
        Picture(
            "weights",
            inspection.draw_weight_histograms(shown),
            f"Histograms of the weights of {len(shown)} kernels, from {shown[0].name} to "
            f"{shown[-1].name}.",
            f"The weights of {which} kernel{'' if which == 'every' else 's'}, with mean and "
            "standard deviation. Trained weights are centered at 0, with heavier tails than at "
            "initialization.",
        )
    ]
