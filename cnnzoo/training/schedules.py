"""Learning-rate schedules as values of a recipe, in epochs; Keras's schedules do the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnzoo.lazy import keras
from cnnzoo.training.fields import Fields

if TYPE_CHECKING:
    import keras


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

    def schedule(self, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
        """Return Keras's schedule over `steps` training steps."""
        rising = round(self.warmup * steps)
        if rising == 0:
            return keras.optimizers.schedules.CosineDecay(self.peak, steps)
        return keras.optimizers.schedules.CosineDecay(
            0.0, steps - rising, warmup_target=self.peak, warmup_steps=rising
        )
