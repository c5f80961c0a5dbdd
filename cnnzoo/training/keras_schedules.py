"""A recipe's learning rate as Keras's schedule and callback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops
from keras.optimizers.schedules import CosineDecay, LearningRateSchedule, PiecewiseConstantDecay

from cnnzoo.config.schedules import Cosine, OneCycle, Plateau, Steps


def keras_schedule(
    value: float | Cosine | OneCycle | Steps | Plateau, epochs: int, steps: int
) -> float | LearningRateSchedule:
    """Return the rate or the schedule over `epochs` of `steps` training steps each."""
    if isinstance(value, Cosine):
        return _cosine(value, epochs * steps)
    if isinstance(value, OneCycle):
        total = epochs * steps
        if total == 1:  # No room to rise or fall.
            return Ramp(value.peak, [0], [1.0])
        peak = min(max(round(value.warmup * total), 1), total - 1)
        return Ramp(value.peak, [0, peak, total], [value.start, 1.0, value.end])
    if isinstance(value, Steps):
        return _steps(value, steps)
    return value.initial if isinstance(value, Plateau) else value


def scaled(
    value: float | Cosine | OneCycle | Steps | Plateau, factor: float
) -> float | Cosine | OneCycle | Steps | Plateau:
    """Return the learning rate `value` times `factor`."""
    if isinstance(value, float):
        return value * factor
    field = "peak" if isinstance(value, (Cosine, OneCycle)) else "initial"
    return value.replace(**{field: getattr(value, field) * factor})


def keras_callbacks(value: Any) -> list[keras.callbacks.Callback]:
    """Return the callback that lowers the rate of a `Plateau`; others need none."""
    if not isinstance(value, Plateau):
        return []
    return [
        keras.callbacks.ReduceLROnPlateau(
            "val_loss", factor=value.factor, patience=value.patience, min_lr=value.smallest
        )
    ]


def _cosine(value: Cosine, total: int) -> LearningRateSchedule:
    rising = min(round(value.warmup * total), total - 1)  # A step is left to fall in.
    if rising == 0:
        return CosineDecay(value.peak, total)
    return CosineDecay(0.0, total - rising, warmup_target=value.peak, warmup_steps=rising)


def _steps(value: Steps, steps: int) -> float | LearningRateSchedule:
    # Keras keeps the old rate at the boundary itself; the last step of an epoch is one before.
    boundaries = [epoch * steps - 1 for epoch in value.drops]
    rates: Any = value.initial
    if boundaries:
        values = [value.initial * value.factor**count for count in range(len(boundaries) + 1)]
        rates = PiecewiseConstantDecay(boundaries, values)
    rising = round(value.warmup * steps)
    return Ramp(rates, [0, rising], [0.0, 1.0]) if rising else rates


class Ramp(LearningRateSchedule):
    """A rate times a factor that goes through points in straight lines."""

    def __init__(
        self, rate: float | LearningRateSchedule, steps: Sequence[int], factors: Sequence[float]
    ) -> None:
        """Take the rate and, point by point, ascending steps and their factors."""
        self.rate = rate
        self.steps = list(steps)
        self.factors = list(factors)

    def __call__(self, step: Any) -> Any:
        """Return the rate of training step `step`, counted from 0."""
        step = ops.cast(step, "float32")
        factor = self.factors[0]
        for place in range(len(self.steps) - 1):
            begin, end = self.steps[place : place + 2]
            change = self.factors[place + 1] - self.factors[place]
            factor = factor + change * ops.clip((step - begin) / (end - begin), 0.0, 1.0)
        return factor * (self.rate(step) if callable(self.rate) else self.rate)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the schedule."""
        return {"rate": self.rate, "steps": self.steps, "factors": self.factors}
