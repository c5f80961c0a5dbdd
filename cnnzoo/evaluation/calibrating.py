"""What makes a trained network's answers trustworthy, fitted on data that it is not tested on.

A temperature divides the logits, so that of the answers with a score of 0.8, say, 80% are right,
and changes no prediction; after Guo, Pleiss, Sun and Weinberger 2017,
https://arxiv.org/abs/1706.04599, section 4.2. A familiarity tells what is of none of the classes;
see `layers.Familiarity`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from cnnzoo.datasets import Examples
from cnnzoo.export.assembly import connect, parts_of
from cnnzoo.export.card import limits
from cnnzoo.export.classifier import Classifier
from cnnzoo.export.scoring import from_model, of_training
from cnnzoo.export.temperature import fit_temperature
from cnnzoo.layers import Familiarity
from cnnzoo.quiet import log

LEAST = 100  # Validation examples to fit anything.
MISTAKES = 10  # Among them, to fit a temperature.
TRAINING = 2_000  # Training examples that familiarity is fitted on, if there are so many.

_FITTED = ("calibration", "unknown")  # Entries of a card.
_REFUSED = 0.01  # Share of validation examples that is called unknown,
_THRESHOLD = 0.5  # since it lies below this, by the choice of scale;
_TYPICAL = 0.99  # and this is the median.
_LEAST_SPREAD = 1e-3  # Of the root of a mean activation; below it lies what does not vary.
_TINY = 1e-9
_MOST = 32  # Directions of a map: of 8 to 64, the best with outsiders made up of noise and shapes.


def calibrate(classifier: Classifier, training: Any, validation: Examples) -> Classifier:
    """Return the classifier with calibrated scores and familiarity, and with both on its card.

    Where the validation data do not suffice for one of them, this is said, and it is left out.

    Args:
        classifier: Of a run; its predictions stay as they are.
        training: A raw batch of training examples.
        validation: Raw examples that are not among them.
    """
    model = classifier.model
    assert model is not None  # A run folder holds an artifact.
    parts = parts_of(model)._replace(temperature=1.0, familiarity=keras.layers.Identity())
    card = {name: one for name, one in classifier.card.items() if name not in _FITTED}
    summarizing = connect(parts, model.inputs[0])
    summarized = of_training(summarizing, card)
    scores, summaries = summarized.outputs(validation.inputs)
    parts = parts._replace(familiarity=None)
    if not (reason := _too_small(scores, validation.labels)):
        temperature = fit_temperature(scores, validation.labels)
        parts = parts._replace(temperature=temperature)
        card["calibration"] = {"temperature": temperature, "examples": len(scores)}
    else:
        log(f"scores are left as they are: {reason}")
    if len(scores) >= LEAST:
        predicted, of_training_data = summarized.outputs(training)
        maps = keras.tree.flatten(summarizing.get_layer("summary").input)
        sizes = [one.shape[-1] for one in maps]
        familiarity = fit_familiarity(of_training_data, predicted.argmax(axis=1), summaries, sizes)
        parts = parts._replace(familiarity=familiarity)
        label = "none of the classes" if "unknown" in card["class_names"] else "unknown"
        card["unknown"] = {"label": label, "threshold": _THRESHOLD, "examples": len(scores)}
    card["limits"] = limits(card)
    found = from_model(connect(parts, model.inputs[0]), card)
    found.of_run = classifier.of_run
    return found


def _too_small(scores: np.ndarray, labels: np.ndarray) -> str:
    """Return why the validation data do not suffice for a temperature, if they do not."""
    if len(scores) < LEAST:
        return f"a temperature needs {LEAST} validation examples; got {len(scores)}"
    mistakes = int((scores.argmax(axis=1) != labels).sum())
    if mistakes < MISTAKES:
        found = f"{mistakes} in {len(scores):,} examples"
        return f"a temperature needs {MISTAKES} mistakes in the validation data; got {found}"
    return ""


def fit_familiarity(
    training: np.ndarray, classes: np.ndarray, validation: np.ndarray, sizes: Sequence[int]
) -> Familiarity:
    """Return the layer that gives 1% of validation examples less than the threshold.

    All maps count alike: each is brought to at most 32 directions at random, these to a common
    spread within the classes, and the 99th percentile of its distances to 1.

    Args:
        training: Summaries, float `[examples, features]`.
        classes: Of these examples, whole numbers.
        validation: Summaries of other examples.
        sizes: Features of each map, in their order.
    """
    names, places = np.unique(classes, return_inverse=True)
    centers = np.stack([training[places == place].mean(axis=0) for place in range(len(names))])
    directions = np.zeros((sum(sizes), sum(min(size, _MOST) for size in sizes)))
    row = column = 0
    for size in sizes:
        rows = slice(row, row + size)
        found = _whitening(training[:, rows] - centers[places][:, rows])
        nearest = _distances(validation[:, rows] @ found, centers[:, rows] @ found)
        found /= math.sqrt(max(np.quantile(nearest, 1 - _REFUSED), 1.0))
        directions[rows, column : column + found.shape[1]] = found
        row, column = row + size, column + found.shape[1]
    nearest = _distances(validation @ directions, centers @ directions)
    typical, strange = np.quantile(nearest, [0.5, 1 - _REFUSED])
    scale = math.log(_TYPICAL / (1 - _TYPICAL)) / max(strange - typical, _TINY)
    layer = Familiarity(directions.shape[1], len(names), name="known")
    layer.build((None, sum(sizes)))
    layer.set(math.sqrt(scale) * directions, centers, scale * strange)
    return layer


def _whitening(rest: np.ndarray) -> np.ndarray:
    """Return directions in which `rest`, `[examples, features]`, has unit covariance."""
    spread = rest.std(axis=0)
    found = np.diag(1 / np.maximum(spread + 1e-2 * spread.mean(), _LEAST_SPREAD))
    if len(spread) > _MOST:
        random = np.random.RandomState(0).normal(size=(len(spread), _MOST))
        found = found @ np.linalg.qr(random)[0]
    rest = rest @ found
    covariance = rest.T @ rest / len(rest)
    least = 1e-3 * np.trace(covariance) / len(covariance) + _TINY
    covariance += least * np.eye(len(covariance))
    return found @ np.linalg.inv(np.linalg.cholesky(covariance)).T


def _distances(points: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Return the squared distance of each point from the nearest center."""
    return np.min([np.square(points - center).sum(axis=1) for center in centers], axis=0)
