"""Progress of a run on standard error: a live bar on a terminal, and a line after each epoch."""

from __future__ import annotations

import time
from typing import Any

import keras
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


class ProgressBar(keras.callbacks.Callback):
    """Bar of the current epoch's steps, with images a second and the time left."""

    def __init__(self, batch_size: int) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.console = Console(stderr=True, highlight=False)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the epoch's bar."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:,.0f} images/s"),
            TimeRemainingColumn(),
        )
        self._name = f"epoch {epoch + 1:{len(str(self.params['epochs']))}}/{self.params['epochs']}"
        self._bar = Progress(
            *columns, console=self.console, transient=True, disable=not self.console.is_terminal
        )
        self._task = self._bar.add_task(self._name, total=self.params["steps"], rate=0.0)
        self._bar.start()
        self._begun = time.monotonic()
        self._steps = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar on."""
        self._steps = batch + 1
        rate = self._steps * self.batch_size / (time.monotonic() - self._begun)
        self._bar.update(self._task, completed=self._steps, rate=rate)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Replace the bar by a line with the epoch's figures."""
        self._bar.stop()
        figures = {name: float(value) for name, value in (logs or {}).items()}
        self.console.print(
            f"{self._name}  loss {figures['loss']:.4f}  accuracy {figures['accuracy']:.2%}  "
            f"validation {figures['val_accuracy']:.2%}  {time.monotonic() - self._begun:.1f} s"
        )

    def close(self) -> None:
        """Give the terminal back after an interruption."""
        if hasattr(self, "_bar"):
            self._bar.stop()
