"""The picture of the README: digits, what in them LeNet-5 went by, and what it answers.

Run: python docs/generate/readme_picture.py docs/digits.png
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import cnnzoo
from cnnzoo import inspection, plot_style
from cnnzoo.files import write_whole

DIGITS = (0, 4, 15, 61)  # Of the test set: a seven, a four, a five, an eight.
NETWORK = "mnist_lenet5"


def inputs() -> np.ndarray:
    """Return the digits, and the drawing of a house, uint8 `[inputs, 28, 28, 1]`."""
    images, _ = cnnzoo.load_dataset("mnist", split="test")
    house = np.zeros((28, 28, 1), np.uint8)
    rows = np.arange(10)
    for near in (0, 1):
        house[3 + rows, 13 - rows + near] = house[3 + rows, 14 + rows - near] = 255  # The roof.
        house[12:25, 5 + near] = house[12:25, 21 + near] = 255
        house[24 - near, 5:23] = 255
        house[16:24, 12 + near] = house[16:24, 16 + near] = 255  # The door.
        house[16 + near, 12:18] = 255
    return np.stack([*(images[place] for place in DIGITS), house])


@plot_style.style()
def draw(shown: np.ndarray) -> Figure:
    """Return the picture: a column per input."""
    classifier = cnnzoo.load(NETWORK)
    network, names = classifier.network, classifier.class_names
    heat = inspection.occlusion(network, np.asarray(classifier.prepare(shown)))
    figure = Figure(figsize=(8.4, 4.6))
    grid = figure.subplots(3, len(shown), height_ratios=(1, 1, 0.9))
    for column, image, drop, answer in zip(
        grid.T, shown, heat, classifier.predict(shown), strict=True
    ):
        for axes in column[:2]:
            axes.imshow(image[..., 0], cmap="gray_r")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            axes.grid(visible=False)
        most = np.abs(drop).max()
        column[1].imshow(drop, cmap=plot_style.SIGNED, vmin=-most, vmax=most, alpha=0.75)
        label = answer["label"]
        column[0].set_title(f"“{label}”" if label in names else label, fontsize=13)
        _bars(column[2], answer["scores"], names)
    for axes, text in zip(grid[:, 0], ("input", "what it went by", "score"), strict=True):
        axes.set_ylabel(text)
    return figure


def _bars(axes: Axes, scores: Any, names: list[str]) -> None:
    top = int(np.argmax(scores))
    colors = [plot_style.COLORS[1 if place == top else 0] for place in range(len(names))]
    axes.bar(names, scores, color=colors)
    axes.set(ylim=(0, 1), yticks=(0, 1))
    axes.tick_params(labelsize=7)


if __name__ == "__main__":
    write_whole(Path(sys.argv[1]), plot_style.png(draw(inputs())))
