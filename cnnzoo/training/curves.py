"""The course of a run as a picture."""

from __future__ import annotations

from matplotlib.figure import Figure

from cnnzoo import plot_style
from cnnzoo.training.checkpoints import Row


@plot_style.style()
def curves(name: str, history: list[Row], chosen: int) -> Figure:
    """Return a picture of loss and accuracy over the epochs of `history`.

    Args:
        name: Of the run.
        history: One row per epoch.
        chosen: The epoch whose weights are served, counted from 1.
    """
    figure = Figure(figsize=(9, 3.6))
    figure.suptitle(name)
    epochs = [row["epoch"] for row in history]
    panels = (("loss", "loss", 1), ("accuracy", "accuracy, %", 100))
    for axes, (measure, label, scale) in zip(figure.subplots(1, 2), panels, strict=True):
        for prefix, what, style in (("", "training", "-"), ("val_", "validation", "--")):
            values = [scale * row[f"{prefix}{measure}"] for row in history]
            axes.plot(epochs, values, style, marker="o", markersize=3, label=what)
        axes.axvline(chosen, color="gray", linewidth=0.8, linestyle=":", label="chosen epoch")
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.get_major_locator().set_params(integer=True)
    figure.axes[0].legend()
    return figure
