"""Learning-rate schedules as values of a recipe, in epochs; Keras's schedules do the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnzoo.errors import CnnzooError
from cnnzoo.lazy import keras

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Cosine:
    """Linear warm-up from 0 to `peak`, then half a cosine down to 0 at the last step.

    Source: Loshchilov and Hutter 2016, https://arxiv.org/abs/1608.03983, without restarts.
    """

    peak: float
    warmup: float = 0.0  # Fraction of all steps.

    def __post_init__(self) -> None:
        if not self.peak > 0:
            raise CnnzooError(f"peak must be above 0; got {self.peak!r}")
        if not 0 <= self.warmup < 1:
            raise CnnzooError(f"warmup must be from 0 to below 1; got {self.warmup!r}")

    def schedule(self, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
        """Return Keras's schedule over `steps` training steps."""
        rising = round(self.warmup * steps)
        if rising == 0:
            return keras.optimizers.schedules.CosineDecay(self.peak, steps)
        return keras.optimizers.schedules.CosineDecay(
            0.0, steps - rising, warmup_target=self.peak, warmup_steps=rising
        )
