"""Which learning rate to train with: a short training whose rate rises until the loss does too.

Source: Smith 2015, https://arxiv.org/abs/1506.01186, section 3.3.
Departures: the rate rises by the same factor at each step, not by the same amount, so that it
passes through all magnitudes; and the training loss is watched, not the accuracy.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from matplotlib.figure import Figure

from cnnzoo import plot_style
from cnnzoo.config.recipe import Recipe
from cnnzoo.datasets import Dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.training import require_tensorflow
from cnnzoo.training.distributed.distribution import Distribution
from cnnzoo.training.fine_tuning import Frozen
from cnnzoo.training.fused_kernels import fused
from cnnzoo.training.networks import defaults, prepare
from cnnzoo.training.request import request

_MEMORY = 0.9  # Share of the average before in the next one: about ten steps count.
_LEARNED = 0.9  # Share of its first value below which the average has learned something,
_DIVERGED = 4.0  # and times that value which it may reach if it has not.
_BELOW = 10.0  # How many times lower the suggestion is than the rate of the least average.


class RateTest(NamedTuple):
    """What a learning-rate range test found; arrays are float64 `[steps]`."""

    rates: np.ndarray  # Of the steps until the loss diverged.
    losses: np.ndarray  # Of the batch of each step, before its update.
    smoothed: np.ndarray  # Exponential average of the losses, each with weight 0.1, bias removed.
    suggestion: float  # A tenth of the rate at which the average was least.
    diverged: bool  # Whether the average fell and rose to its first value again, or was no number.

    @plot_style.style()
    def draw(self) -> Figure:
        """Return a picture of the losses over the rates, with the suggestion."""
        figure = Figure(figsize=(6, 3.4))
        axes = figure.subplots()
        axes.plot(self.rates, self.losses, alpha=0.35, linewidth=1, label="of each batch")
        axes.plot(self.rates, self.smoothed, color=plot_style.COLORS[0], label="smoothed")
        label = f"suggestion, {self.suggestion:.2g}"
        axes.axvline(self.suggestion, color=plot_style.COLORS[1], linestyle="--", label=label)
        axes.set(xscale="log", xlabel="learning rate")
        axes.set(ylim=(0, 1.5 * self.smoothed[0]), ylabel="training loss")
        axes.legend()
        return figure


def find_learning_rate(
    recipe: str | Recipe,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 200,
    network: keras.Model | None = None,
    data: Dataset | str | Path | None = None,
    **fields: Any,
) -> RateTest:
    """Train a fresh network as `recipe` says, but with a rising rate, and suggest a rate.

    The suggestion is meant for `learning_rate`, or as the greatest rate of a schedule. Where the
    loss has not diverged, `highest` was too low to tell. Nothing is kept or written.

    Args:
        recipe: As for `cnnzoo.train`.
        lowest: Rate of the first step.
        highest: Rate of the last step.
        steps: Number of steps, unless the loss diverges before.
        network: As for `cnnzoo.train`, as are `data` and `fields`; a copy of it is trained.

    Raises:
        CnnzooError: An argument is wrong, or as for `cnnzoo.train`.
    """
    require_tensorflow()
    for argument, given in (("lowest", lowest), ("highest", highest), ("steps", steps)):
        if isinstance(given, bool) or not isinstance(given, (int, float)):
            raise CnnzooError(f"{argument} must be a number; got {given!r}")
    if not 0 < lowest < highest < math.inf:
        rule = "lowest and highest must be rates above 0, one below the other"
        raise CnnzooError(f"{rule}; got {lowest} and {highest}")
    if "learning_rate" in fields:
        got = repr(fields["learning_rate"])
        raise CnnzooError(
            f"learning_rate must be left to the test, from lowest to highest; got {got}"
        )
    if steps < 2 or int(steps) != steps:
        raise CnnzooError(f"steps must be a whole number of at least 2; got {steps}")
    found = request(recipe, data, {**fields, "learning_rate": float(lowest)}, network=network)
    value, data = found.recipe, found.data
    distribution = Distribution(value.batch_size)
    rising = _Rising(np.geomspace(lowest, highest, steps))
    with defaults():
        layer = fields.get("augmentation")
        _, examples, networks = prepare(value, distribution, data, _copied(network), layer)
        frozen = Frozen(value, networks.frozen, networks.model.optimizer, steps)
    with defaults(), fused(networks.model):
        batches = examples.pipeline.train()
        networks.model.fit(
            batches,
            steps_per_epoch=steps,
            shuffle=False,
            verbose=0,
            callbacks=[frozen, rising],
        )
    return result(rising.rates, rising.losses)


def _copied(network: keras.Model | None) -> keras.Model | None:
    if network is None or not getattr(network, "built", False):
        return network  # The recipe's is meant, or this one is refused later.
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return copy


class _Rising(keras.callbacks.Callback):
    """Sets the rate of each step and records the loss, until that has diverged."""

    def __init__(self, rates: np.ndarray) -> None:
        super().__init__()
        self.rates = rates
        self.losses: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Set the rate, and let the loss be that of this batch only."""
        self.model.optimizer.learning_rate = self.rates[batch]
        self.model.reset_metrics()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.losses.append(float((logs or {})["loss"]))
        self.model.stop_training = has_diverged(self.losses)


def has_diverged(losses: list[float]) -> bool:
    """Return whether the last loss is no number, or the average has lost all that it had gained."""
    if not math.isfinite(losses[-1]):
        return True
    averages = smoothed(np.array(losses))
    learned = averages.min() < _LEARNED * averages[0]
    return bool(averages[-1] >= averages[0] * (1 if learned else _DIVERGED))


def smoothed(losses: np.ndarray) -> np.ndarray:
    """Return the exponential average of `losses`, float64 `[steps]`, without bias to its start."""
    averages, average = [], 0.0
    for step, loss in enumerate(losses, start=1):
        average = _MEMORY * average + (1 - _MEMORY) * loss
        averages.append(average / (1 - _MEMORY**step))
    return np.array(averages)


def result(rates: np.ndarray, losses: list[float]) -> RateTest:
    """Return what `losses`, one per step, say of `rates`, of which the last may have had no step.

    Raises:
        CnnzooError: The first loss is no number.
    """
    finite = [loss for loss in losses if math.isfinite(loss)]
    if not finite:
        raise CnnzooError(f"loss must be finite at the lowest rate; got {losses[0]}")
    tried, values = np.asarray(rates[: len(finite)], np.float64), np.array(finite)
    averages = smoothed(values)
    suggestion = float(tried[averages.argmin()] / _BELOW)
    return RateTest(tried, values, averages, suggestion, has_diverged(losses))
