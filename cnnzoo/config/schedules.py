"""Learning-rate schedules as values; `training.keras_schedules` turns them into Keras's."""

from __future__ import annotations

from dataclasses import dataclass

from cnnzoo.config.fields import Fields


@dataclass(frozen=True)
class Cosine(Fields):
    """Linear warm-up from 0 to `peak`, then half a cosine down to 0 at the last step.

    Source: Loshchilov and Hutter 2016, https://arxiv.org/abs/1608.03983, without restarts.
    """

    peak: float
    warmup: float = 0.0  # Fraction of all steps.

    def check(self) -> None:
        """Refuse wrong values."""
        self.require("peak", self.peak > 0, "above 0")
        self.require("warmup", 0 <= self.warmup < 1, "from 0 to below 1")


@dataclass(frozen=True)
class OneCycle(Fields):
    """Linear rise from `start` x `peak` to `peak`, then linear fall to `end` x `peak`.

    Source: Smith and Topin 2017, https://arxiv.org/abs/1708.07120, without its last phase.
    """

    peak: float
    warmup: float = 0.25  # Fraction of all steps.
    start: float = 0.1
    end: float = 0.0

    def check(self) -> None:
        """Refuse wrong values."""
        self.require("peak", self.peak > 0, "above 0")
        self.require("warmup", 0 < self.warmup < 1, "between 0 and 1")
        self.require("start", 0 <= self.start <= 1, "from 0 to 1")
        self.require("end", 0 <= self.end <= 1, "from 0 to 1")


@dataclass(frozen=True)
class Steps(Fields):
    """`initial`, after a linear rise from 0, times `factor` after each of the epochs `drops`."""

    initial: float
    drops: tuple[int, ...] = ()  # Epochs, ascending.
    factor: float = 0.1
    warmup: float = 0.0  # Epochs.

    def check(self) -> None:
        """Refuse wrong values."""
        self.require("initial", self.initial > 0, "above 0")
        self.require("factor", 0 < self.factor < 1, "between 0 and 1")
        ascending = list(self.drops) == sorted(set(self.drops)) and min(self.drops, default=1) > 0
        self.require("drops", ascending, "epochs from 1, ascending")
        self.require("warmup", self.warmup >= 0, "at least 0")


@dataclass(frozen=True)
class Plateau(Fields):
    """`initial`, times `factor` after `patience` epochs without a lower validation loss."""

    initial: float
    factor: float = 0.1
    patience: int = 10
    smallest: float = 0.0

    def check(self) -> None:
        """Refuse wrong values."""
        self.require("initial", self.initial > 0, "above 0")
        self.require("factor", 0 < self.factor < 1, "between 0 and 1")
        self.require("patience", self.patience >= 1, "at least 1")
        self.require("smallest", self.smallest >= 0, "at least 0")
