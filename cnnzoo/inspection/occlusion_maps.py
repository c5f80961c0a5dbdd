"""Occlusion: how far the logit of a class drops when a part of the input is covered.

Source: Zeiler and Fergus 2013, https://arxiv.org/abs/1311.2901, section 4.2.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from cnnzoo.inspection import checks
from cnnzoo.inspection.activations import batched, chosen_classes, run_to_logits
from cnnzoo.inspection.checks import filler, spatial

_AT_ONCE = 512  # Covered copies that are held at once.


def occlusion(
    model: keras.Model,
    inputs: np.ndarray,
    class_id: Any = None,
    *,
    window: int | None = None,
    stride: int | None = None,
    fill: Any = 0.0,
) -> np.ndarray:
    """Return how far the class's logit drops while a position is covered, `[batch, *sides]`.

    A square window is moved over the input; a position's drop is the mean over the windows that
    cover it.

    Args:
        model: A built Functional or Sequential model to logits or scores, `[batch, classes]`.
        inputs: Images or sounds, as the model takes them.
        class_id: The class, or one per example; by default each example's top class.
        window: Positions per side; by default a quarter of the input's shortest side.
        stride: Positions between windows, at most `window`; by default half of it. The last window
            of a side ends with the side.
        fill: What covers: a number, or an array like an example, or a batch of them; zero by
            default, the mean of a standardized image.

    Raises:
        CnnzooError: The inputs, class, window, stride or fill do not fit the model, or it takes
            integers.
    """
    batch = spatial(model, inputs)
    classes = chosen_classes(model, batch, class_id)
    sides = batch.shape[1:-1]
    window = checks.count("window", window or max(min(sides) // 4, 1), min(sides), "positions")
    stride = checks.count("stride", stride or max(window // 2, 1), window, "steps of a window")
    fills = filler("fill", fill, batch)
    logits = batched(lambda values: run_to_logits(model, values).output)
    whole = logits(batch)
    windows = list(_windows(sides, window, stride))
    heat, times = np.zeros(batch.shape[:-1], np.float32), np.zeros(sides, np.float32)
    for where in windows:
        times[where] += 1
    for place, class_of_example in enumerate(classes):
        for some in (
            windows[start : start + _AT_ONCE] for start in range(0, len(windows), _AT_ONCE)
        ):
            left = logits(_covered(batch[place], fills[place], some))[:, class_of_example]
            for where, logit in zip(some, left, strict=True):
                heat[place][where] += whole[place, class_of_example] - logit
    return heat / times


def _windows(sides: Sequence[int], window: int, stride: int) -> Iterator[tuple[slice, ...]]:
    """Yield windows that cover all of the sides."""
    starts = [sorted({*range(0, side - window, stride), side - window}) for side in sides]
    for corner in itertools.product(*starts):
        yield tuple(slice(start, start + window) for start in corner)


def _covered(example: np.ndarray, fill: np.ndarray, windows: list[tuple[slice, ...]]) -> np.ndarray:
    """Return a copy of `example` for each of `windows`, covered there."""
    copies = np.repeat(example[None], len(windows), axis=0)
    for copy, where in zip(copies, windows, strict=True):
        copy[where] = fill[where]
    return copies
