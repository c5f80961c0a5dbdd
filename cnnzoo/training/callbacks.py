"""What happens around Keras's `fit`: validation of what would be served, files, resumption."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from cnnzoo.addresses import push
from cnnzoo.config.recipe import Recipe
from cnnzoo.errors import CnnzooError, TrainingError
from cnnzoo.evaluation.metrics import score
from cnnzoo.export import artifact
from cnnzoo.export.rounding import rounded
from cnnzoo.export.scoring import of_training
from cnnzoo.files import write_whole
from cnnzoo.keras_internals import forget_initial_epoch
from cnnzoo.quiet import log
from cnnzoo.training import checkpoints
from cnnzoo.training.checkpoints import State
from cnnzoo.training.distributed.distribution import Distribution
from cnnzoo.training.history import HISTORY, best_epoch, history_csv
from cnnzoo.training.networks import Networks
from cnnzoo.training.run_data import RunData


class Epochs(keras.callbacks.Callback):
    """Ends each epoch: scores what would be saved, and saves it if it is the best so far.

    It must be the first callback: its figures go into the epoch's logs, where the others find them.
    """

    def __init__(
        self,
        folder: Path,
        data: RunData,
        networks: Networks,
        metadata: dict[str, Any],
        distribution: Distribution,
        state: State,
    ) -> None:
        super().__init__()
        self.folder = folder
        self.data = data
        self.networks = networks
        self.metadata = metadata  # Of the card.
        self.distribution = distribution
        self.history = state.history
        self.done = state.step  # Steps of the current epoch before this run of the program.
        self._classifier = of_training(networks.inference, metadata)
        self.raw = self._classifier.raw
        self._averaged = networks.model.trainable_variables  # Now none is frozen.
        self._recipe = Recipe.from_json(metadata["recipe"])
        self.cut = False  # Whether a resumed epoch was ended where it would have ended.

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the epoch's clock."""
        self._started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stop at a loss that is no number."""
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            epoch = len(self.history) + 1
            raise TrainingError(
                f"loss must stay finite; got {logs['loss']} in epoch {epoch}, step {batch + 1}; "
                "a lower learning_rate or clip_norm may help"
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Validate, and write artifact and history."""
        if self.cut:
            self.model.stop_training = self.cut = False
        self.done = 0
        quantized = epoch >= self._recipe.unquantized
        figures = self.distribution.run_on_chief(lambda: self._validated(quantized))
        logs.update({f"val_{name}": figures[name] for name in ("loss", "accuracy")})
        # Keras hands over float32; seven digits are all that it knows.
        rounded = {name: float(f"{value:.7g}") for name, value in logs.items()}
        if self._recipe.quantize is not None:
            rounded["quantized"] = int(quantized)
        rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        rounded["learning_rate"] = float(f"{rate:.7g}")
        rounded["seconds"] = round(time.monotonic() - self._started, 3)
        self.history.append({"epoch": epoch + 1, **rounded})
        if best_epoch(self.history) is self.history[-1]:
            best = {"accuracy": rounded["val_accuracy"], "loss": rounded["val_loss"]}
            card = {**self.metadata, "metrics": {"epoch": epoch + 1, "validation": best}}
            artifact.save(self.folder / artifact.ARTIFACT, self.networks.inference, card)
        write_whole(self.folder / HISTORY, history_csv(self.history))

    def _validated(self, quantized: bool) -> dict[str, Any]:
        """Copy the trained weights, or their average, to the served network, and score that.

        Args:
            quantized: Whether it is to compute as in int8.
        """
        optimizer, variables = self.model.optimizer, self._averaged
        if self.networks.averaged:
            raw = [variable.numpy() for variable in variables]
            optimizer.finalize_variable_values(variables)
        self.networks.served.set_weights(self.networks.trained.get_weights())
        if self.networks.averaged:
            for variable, value in zip(variables, raw, strict=True):
                variable.assign(value)
        inputs, labels = self.data.validation
        if not quantized:
            return score(self._classifier.scores(inputs), labels)
        with rounded(self.networks.served):
            classifier = of_training(self.networks.inference, self.metadata)
            return score(classifier.scores(inputs), labels)


class Checkpoint(keras.callbacks.Callback):
    """Saves the state after each epoch and every so many seconds, and restores a saved one.

    It must be the last callback: it saves what the others hold after theirs, and restores it after
    they have set themselves up.
    """

    def __init__(
        self,
        epochs: Epochs,
        others: Sequence[keras.callbacks.Callback],
        every: float,
        parts: Mapping[str, bytes],
        before: float,
    ) -> None:
        super().__init__()
        self.epochs = epochs
        self.others = others
        self.every = every  # Seconds.
        self.parts = parts  # Of the file to resume from; empty for a new run.
        self.before = before  # Seconds of training before this run of the program.
        self._started = self._saved = time.monotonic()

    def on_train_begin(self, logs: Any = None) -> None:
        """Restore a state after an epoch, before the next one starts."""
        self._fresh = checkpoints.memories(self.others)
        if self.parts:
            forget_initial_epoch(self.model)  # BackupAndRestore may have set another.
        if not self.epochs.done:
            self._restore()
            self.epochs.networks.accuracy.reset_state()  # Keras resets it only once it was used.

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Restore a state in mid-epoch, after Keras and the callbacks have started the epoch."""
        self._restore()

    def _restore(self) -> None:
        if self.parts:
            accuracy = self.epochs.networks.accuracy
            checkpoints.restore(self.parts, self.model, accuracy, self.others)
            self.parts = {}

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Save now and then; end a resumed epoch where it would have ended."""
        step = self.epochs.done + batch + 1
        if self.epochs.done and step >= self.epochs.data.steps and not self.model.stop_training:
            self.model.stop_training = self.epochs.cut = True  # Keras would repeat earlier steps.
        if step < self.epochs.data.steps and time.monotonic() - self._saved >= self.every:
            self._save(step)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save the state after the epoch."""
        self._save(0)

    def _save(self, step: int) -> None:
        seconds = self.before + time.monotonic() - self._started
        over = step == 0 and self.model.stop_training
        state = State(self.epochs.history, step, seconds, over)
        folder = self.epochs.folder / checkpoints.FOLDER
        accuracy = self.epochs.networks.accuracy
        checkpoints.save(folder, self.model, accuracy, self.others, self._fresh, state)
        try:
            push(self.epochs.folder)
        except CnnzooError as error:  # The next time, or at the end of training, may do better.
            log(f"{error}; training goes on")
        self._saved = time.monotonic()
