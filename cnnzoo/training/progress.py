"""Progress of a run on standard error: a live bar on a terminal, and a line after each epoch."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import keras
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cnnzoo.progress import console, free, occupy

_LINE_SECONDS = 60  # Between two lines of a long epoch where there is no terminal.


class ProgressBar(keras.callbacks.Callback):
    """Bar of the current epoch's steps, with loss, accuracy, speed and the time left of the run.

    Where there is no terminal, such as in a log file, lines take its place.
    """

    def __init__(self, batch_size: int, examples: str) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.examples = examples  # What they are: "images", "sounds" or "texts".
        self.console = console()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the epoch's bar."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TextColumn(f"{{task.fields[rate]:,.0f}} {self.examples}/s"),
            TextColumn("{task.fields[left]} left"),
        )
        self._name = f"epoch {epoch + 1:{len(str(self.params['epochs']))}}/{self.params['epochs']}"
        self._bar = Progress(
            *columns, console=self.console, transient=True, disable=not self.console.is_terminal
        )
        self._task = self._bar.add_task(
            self._name, total=self.params["steps"], rate=0.0, figures="", left="-:--:--"
        )
        self._bar.start()
        if self.console.is_terminal:
            occupy(self._name)  # Validation is shown by this bar's standing still.
        self._epoch = epoch
        self._started = self._printed = time.monotonic()
        self._rate = 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Advance the bar, or print a line now and then."""
        now, steps, per_epoch = time.monotonic(), batch + 1, self.params["steps"]
        self._rate = steps * self.batch_size / (now - self._started)
        if self.console.is_terminal:
            epochs = self.params["epochs"] - self._epoch
            left = (epochs * per_epoch - steps) * self.batch_size / self._rate
            figures = {name: float(value) for name, value in (logs or {}).items()}
            self._bar.update(
                self._task,
                completed=steps,
                rate=self._rate,
                figures="loss {loss:.3f}  {accuracy:.1%}".format(**figures),
                left=timedelta(seconds=round(left)),
            )
        elif now - self._printed >= _LINE_SECONDS:
            self._printed = now
            left = (per_epoch - steps) * self.batch_size / self._rate
            self.console.print(
                f"{self._name}  step {steps:,} of {per_epoch:,}  "
                f"loss {float((logs or {})['loss']):.4f}  {self._rate:,.0f} {self.examples}/s  "
                f"{left:,.0f} s left of the epoch",
                soft_wrap=True,
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Replace the bar by a line with the epoch's figures."""
        self.close()
        figures = {name: float(value) for name, value in (logs or {}).items()}
        self.console.print(
            f"{self._name}  loss {figures['loss']:.4f}  accuracy {figures['accuracy']:.2%}  "
            f"validation {figures['val_accuracy']:.2%}  {time.monotonic() - self._started:.1f} s  "
            f"{self._rate:,.0f} {self.examples}/s",
            soft_wrap=True,
        )

    def close(self) -> None:
        """Take the bar away, if there is one, and give the terminal back."""
        if hasattr(self, "_bar"):
            self._bar.stop()
            free()
