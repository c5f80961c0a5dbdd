"""What happens around Keras's `fit`: validation of what would be served, files, resumption."""

from __future__ import annotations

import csv
import io
import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.metrics import score
from cnnzoo.export import artifact
from cnnzoo.files import write_whole
from cnnzoo.training import checkpoints
from cnnzoo.training.checkpoints import Row, State
from cnnzoo.training.job import Job


def best_epoch(history: list[Row]) -> Row:
    """Return the epoch with the highest validation accuracy, then the lowest validation loss."""
    return max(history, key=lambda row: (row["val_accuracy"], -row["val_loss"]))


class Epochs(keras.callbacks.Callback):
    """Ends each epoch: scores what would be saved, and saves it if it is the best so far.

    It must be the first callback: its figures go into the epoch's logs, where the others find them.
    """

    def __init__(self, job: Job, folder: Path, history: list[Row], done: int) -> None:
        super().__init__()
        self.job = job
        self.folder = folder
        self.history = history
        self.done = done  # Steps of the begun epoch before this run of the program.

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the epoch's clock."""
        self.begun = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """End a resumed epoch where it would have ended; stop at a loss that is no number."""
        if self.done and self.done + batch + 1 >= self.job.steps:
            self.model.stop_training = True  # Keras would go on for the steps done before.
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            epoch = len(self.history) + 1
            raise CnnzooError(
                f"loss must stay finite; got {logs['loss']} in epoch {epoch}, step {batch + 1}; "
                "a lower learning_rate or clip_norm may help"
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Validate, and write artifact and history."""
        if self.done:
            self.model.stop_training = False
            self.done = 0
        figures = self.job.where.run_on_chief(lambda: validated(self.job))
        logs.update({f"val_{name}": figures[name] for name in ("loss", "accuracy")})
        # Keras hands over float32; seven digits are all that it knows.
        rounded = {name: float(f"{value:.7g}") for name, value in logs.items()}
        rounded["seconds"] = round(time.monotonic() - self.begun, 3)
        self.history.append({"epoch": epoch + 1, **rounded})
        if best_epoch(self.history) is self.history[-1]:
            best = {"accuracy": rounded["val_accuracy"], "loss": rounded["val_loss"]}
            card = {**self.job.metadata, "metrics": {"epoch": epoch + 1, "validation": best}}
            artifact.save(self.folder / artifact.ARTIFACT, self.job.answers, card)
        write_whole(self.folder / "history.csv", _csv(self.history))


def validated(job: Job) -> dict[str, Any]:
    """Give the trained weights, or their average, to what answers, and score it on validation."""
    optimizer, variables = job.model.optimizer, job.model.trainable_variables
    if job.averaged:
        raw = [variable.numpy() for variable in variables]
        optimizer.finalize_variable_values(variables)
    job.served.set_weights(job.network.get_weights())
    if job.averaged:
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)
    inputs, labels = job.validation
    return score(job.classifier.scores(inputs), labels)


def _csv(history: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]))
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue().encode()


class Checkpoint(keras.callbacks.Callback):
    """Saves the state after each epoch and every so many seconds, and goes on from a saved one.

    It must be the last callback: it saves what the others hold after theirs, and gives it back
    after they have set themselves up.
    """

    def __init__(
        self, epochs: Epochs, others: Sequence[keras.callbacks.Callback], every: float
    ) -> None:
        super().__init__()
        self.epochs = epochs
        self.others = others
        self.every = every  # Seconds.
        self.parts: Mapping[str, bytes] = {}  # Of the file to go on from.
        self.before = 0.0  # Seconds of training before this run of the program.
        self.begun = self.saved = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Give back the state, after Keras and the other callbacks have set up theirs."""
        if self.parts:
            checkpoints.restore(self.parts, self.model, self.epochs.job.accuracy, self.others)
            self.parts = {}

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Save now and then."""
        step = self.epochs.done + batch + 1
        if step < self.epochs.job.steps and time.monotonic() - self.saved >= self.every:
            self._save(step)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save the state after the epoch."""
        self._save(0)

    def _save(self, step: int) -> None:
        seconds = self.before + time.monotonic() - self.begun
        state = State(self.epochs.history, step, seconds)
        folder = self.epochs.folder / checkpoints.FOLDER
        checkpoints.save(folder, self.model, self.epochs.job.accuracy, self.others, state)
        self.saved = time.monotonic()


def log(text: str) -> None:
    """Tell the user something that is no result."""
    print(text, file=sys.stderr, flush=True)
