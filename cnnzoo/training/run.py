"""A training run and its folder.

The folder holds `recipe.json`, `history.csv`, `checkpoints/` (the newest two states),
`artifact.keras` (the best epoch so far, by validation) and, once the run is finished, `curves.png`
and `metrics.json`. Each file is written whole or not at all, in an order that lets a run that is
killed at any moment be resumed, and end with the weights of one that was not.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from cnnzoo.config.recipe import Recipe
from cnnzoo.datasets import Dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.metrics import evaluate
from cnnzoo.export import artifact
from cnnzoo.files import write_whole
from cnnzoo.pipelines.custom_data.dataset import find
from cnnzoo.pipelines.input_types import RawTexts
from cnnzoo.plot_style import png
from cnnzoo.training import checkpoints, run_folder
from cnnzoo.training.callbacks import Checkpoint, Epochs, best_epoch, log
from cnnzoo.training.checkpoints import Row
from cnnzoo.training.curves import curves
from cnnzoo.training.distributed import distribution
from cnnzoo.training.efficiency import cost
from cnnzoo.training.fused_kernels import fused
from cnnzoo.training.job import Job, prepare, resolved
from cnnzoo.training.keras_schedules import keras_callbacks
from cnnzoo.training.progress import ProgressBar
from cnnzoo.training.provenance import commit, hardware, peak_memory


@dataclass(frozen=True)
class Run:
    """A finished run."""

    path: Path
    metrics: dict[str, Any]  # As in `metrics.json`.

    @property
    def artifact(self) -> Path:
        """The artifact of the best epoch; `cnnzoo.load` takes it."""
        return self.path / artifact.ARTIFACT

    @property
    def accuracy(self) -> float:
        """Test accuracy, a fraction."""
        return self.metrics["accuracy"]


def train(
    recipe: str | Recipe,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    network: keras.Model | None = None,
    data: Dataset | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpoint_seconds: float = 60.0,
    devices: int | None = None,
    workers: str | None = None,
    worker: int | None = None,
    **fields: Any,
) -> Run:
    """Train as `recipe` says, choose the best epoch by validation, and score the test set once.

    Args:
        recipe: A name of `cnnzoo.list_recipes()`, or a recipe of one's own.
        out: Run folder, which must be new or empty; by default the next number below
            runs/<recipe>/.
        resume: Go on with the run in `out` (by default the latest one) from its newest checkpoint,
            or return it if it is finished.
        network: A Functional or Sequential model of one's own, from what the pipeline gives to
            logits, instead of the recipe's; training changes its weights.
        data: A data set of one's own, such as `from_tf_data` makes, instead of the recipe's.
        callbacks: Keras's callbacks, or one's own. What they remember in numbers, strings, arrays
            and lists of these is a part of each checkpoint.
        checkpoint_seconds: Seconds after which the state is saved, beside the end of each epoch.
        devices: GPUs of this machine to train on, or logical CPU devices where it has none.
        workers: Addresses host:port of all machines that train together, with commas between; by
            default those of TF_CONFIG, if it is set. The first one writes the run folder.
        worker: Place of this machine among them, from 0.
        **fields: Fields of the recipe to replace, such as `epochs=2`.

    Raises:
        CnnzooError: The recipe or a field is unknown or wrong, the folder holds another run, or the
            loss is no longer a number.
        OSError: The folder cannot be written.
    """
    name, base, value = resolved(recipe, data, fields)
    where = distribution.get_distribution(value.batch_size, devices, workers, worker)
    with where.training():
        folder = where.folder(
            Path(where.run_on_chief(lambda: str(run_folder.folder_of(name, out, resume))))
        )
        return _train(name, base, value, where, network, folder, callbacks, checkpoint_seconds)


def _train(
    name: str,
    base: Recipe,
    value: Recipe,
    where: distribution.Distribution,
    network: keras.Model | None,
    folder: Path,
    callbacks: Sequence[keras.callbacks.Callback],
    checkpoint_seconds: float,
) -> Run:
    begun = time.monotonic()
    identity = run_folder.identity(folder)
    run_folder.require_same_recipe(folder, identity, value)
    if (folder / "metrics.json").is_file():
        return Run(folder, json.loads((folder / "metrics.json").read_text()))
    job = prepare(name, value, where, network)
    run_folder.require_same_parts(folder, identity, job.metadata)
    run_folder.write_identity(folder, value, job.metadata)
    for field, (usual, now) in base.differences(value).items():
        log(f"{field}  {now!r}, where the recipe has {usual!r}")
    history, seconds = _fit(job, value, folder, callbacks, checkpoint_seconds, begun)
    metrics = where.run_on_chief(lambda: _finish(folder, history, job, seconds, name).metrics)
    return Run(folder, metrics)


def _fit(
    job: Job,
    recipe: Recipe,
    folder: Path,
    callbacks: Sequence[keras.callbacks.Callback],
    every: float,
    begun: float,
) -> tuple[list[Row], float]:
    """Train the steps that the newest checkpoint lacks; return history and seconds."""
    state, parts, damaged = checkpoints.read_state(folder / checkpoints.FOLDER)
    history = state.history if state else []
    for message in damaged:
        log(f"{message}; going on from epoch {len(history) + 1} as the one before has it")
    done = state.step if state else 0
    epochs = Epochs(job, folder, history, done)
    others = [*_of_recipe(recipe), *callbacks]
    checkpoint = Checkpoint(epochs, others, every)
    checkpoint.parts, checkpoint.before = parts, state.seconds if state else 0.0
    bar = ProgressBar(recipe.batch_size, job.classifier.raw.name)
    if not _is_over(recipe, history):
        # Under a strategy, each replica has variables of its own, which the kernels do not know.
        kernels = fused(job.model) if job.where.strategy is None else contextlib.nullcontext()
        try:
            with kernels:
                job.model.fit(
                    job.where.batches(job.feed.train(start_step=len(history) * job.steps + done)),
                    initial_epoch=len(history),
                    epochs=recipe.epochs,
                    steps_per_epoch=job.steps,
                    shuffle=False,  # The batches come shuffled.
                    verbose=0,
                    callbacks=[epochs, bar, *others, checkpoint],
                )
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            raise CnnzooError(
                f"batch_size must fit into memory; got {recipe.batch_size}, and memory ran out; "
                f"{max(recipe.batch_size // 2, 1)} needs about half of it"
            ) from error
        finally:
            bar.close()
    return history, checkpoint.before + time.monotonic() - begun


def _of_recipe(recipe: Recipe) -> list[keras.callbacks.Callback]:
    found = keras_callbacks(recipe.learning_rate)
    if recipe.patience is not None:
        found.append(
            keras.callbacks.EarlyStopping("val_accuracy", mode="max", patience=recipe.patience)
        )
    return found


def _is_over(recipe: Recipe, history: list[Row]) -> bool:
    """Return whether the last epoch is done, or the one after which `patience` ended."""
    if len(history) >= recipe.epochs:
        return True
    if recipe.patience is None or not history:
        return False
    scores = [row["val_accuracy"] for row in history]
    return len(scores) - 1 - scores.index(max(scores)) >= recipe.patience


def _finish(folder: Path, history: list[Row], job: Job, seconds: float, name: str) -> Run:
    """Score the best epoch on the test set, and complete the artifact's card and the folder."""
    best = artifact.load(folder)
    test = evaluate(best)
    card = {**best.card, "metrics": {**best.card["metrics"], "test": test}}
    artifact.save(folder / artifact.ARTIFACT, best.model, card)
    epoch = int(best_epoch(history)["epoch"])
    write_whole(folder / "curves.png", png(curves(name, history, epoch)))
    metrics = {
        **test,
        "epoch": epoch,
        "validation": best.card["metrics"]["validation"],
        "seed": job.metadata["recipe"]["seed"],
        "params": job.metadata["params"],
        "epochs": len(history),
        **cost(job, history),
        "seconds": round(seconds, 1),
        "peak_memory_bytes": peak_memory(),
        "hardware": hardware(),
        "versions": job.metadata["versions"],
        "commit": commit(),
    }
    write_whole(folder / "metrics.json", json.dumps(metrics, indent=1).encode())
    return Run(folder, metrics)


def example_of(run: Run) -> str:
    """Return the first test example as `predict` takes it: a text, or the path of a file.

    An image or sound is written into the run folder, as example.png or example.wav.
    """
    classifier = artifact.load(run.path)
    dataset = find(classifier.card["dataset"], classifier.input_shape)
    example = dataset.examples("test").inputs[0]
    if isinstance(classifier.raw, RawTexts):
        return str(example)
    suffix, content = classifier.raw.encode(example)
    path = run.path / f"example{suffix}"
    write_whole(path, content)
    return str(path)
