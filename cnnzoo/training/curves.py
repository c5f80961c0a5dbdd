"""The course of runs as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnzoo import plot_style
from cnnzoo.training.checkpoints import Row

# Of an epoch: measure, label and scale.
_PANELS = (("loss", "loss", 1), ("accuracy", "accuracy, %", 100))
_STYLES = ("-", "--", ":", "-.")  # Of lines, for more runs than there are colors.


@plot_style.style()
def curves(name: str, history: list[Row], chosen: int) -> Figure:
    """Return a picture of loss, accuracy and learning rate over the epochs of `history`.

    Args:
        name: Of the run.
        history: One row per epoch; those of version 0.1 have no learning rate.
        chosen: The epoch whose weights are served, counted from 1.
    """
    figure, (loss, accuracy, *rate) = _figure(name, [history])
    for axes, (measure, _, scale) in zip((loss, accuracy), _PANELS, strict=True):
        for prefix, what, style in (("", "training", "-"), ("val_", "validation", "--")):
            _plot(axes, history, f"{prefix}{measure}", scale, linestyle=style, label=what)
    for axes in rate:
        _plot(axes, history, "learning_rate", 1, color=plot_style.COLORS[2])
    for axes in figure.axes:
        axes.axvline(chosen, color="gray", linewidth=0.8, linestyle=":", label="chosen epoch")
    loss.legend()
    return figure


@plot_style.style()
def draw_comparison(histories: Mapping[str, list[Row]]) -> Figure:
    """Return a picture of several runs: validation loss and accuracy, and learning rate.

    Args:
        histories: Name of a run -> one row per epoch.
    """
    figure, (loss, accuracy, *rate) = _figure("", [*histories.values()])
    colors = len(plot_style.COLORS)
    for place, history in enumerate(histories.values()):
        how = {
            "color": plot_style.COLORS[place % colors],
            "linestyle": _STYLES[place // colors % len(_STYLES)],
        }
        for axes, (measure, label, scale) in zip((loss, accuracy), _PANELS, strict=True):
            _plot(axes, history, f"val_{measure}", scale, **how)
            axes.set_ylabel(f"validation {label}")
        for axes in rate:
            _plot(axes, history, "learning_rate", 1, **how)
    names = [plot_style.plain(name) for name in histories]
    figure.legend(loss.lines, names, loc="outside lower left", ncols=2)
    return figure


def _figure(title: str, histories: Sequence[list[Row]]) -> tuple[Figure, list[Axes]]:
    """Return a picture with panels for loss, accuracy and, where it is known, learning rate."""
    known = any("learning_rate" in row for history in histories for row in history)
    labels = [*(label for _, label, _ in _PANELS), *(["learning rate"] if known else [])]
    figure = Figure(figsize=(3 + 3 * len(labels), 3.6))
    figure.suptitle(plot_style.plain(title))
    panels = [*figure.subplots(1, len(labels))]
    for axes, label in zip(panels, labels, strict=True):
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.get_major_locator().set_params(integer=True)
    return figure, panels


def _plot(axes: Axes, history: list[Row], measure: str, scale: float, **how: Any) -> None:
    points = [(row["epoch"], scale * row[measure]) for row in history if measure in row]
    axes.plot(*np.reshape(points, (-1, 2)).T, marker="o", markersize=3, **how)
