"""A training run and its folder.

The folder holds `recipe.json`, `history.csv`, `checkpoints/` (the newest two states),
`artifact.keras` (the best epoch so far, by validation) and, once the run is finished, `curves.png`
and `metrics.json`. Each file is written whole or not at all, in an order that lets a run that is
killed at any moment be resumed, and end with the weights of one that was not.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.addresses import is_address, push
from cnnzoo.config.recipe import Recipe
from cnnzoo.datasets import Dataset
from cnnzoo.errors import CnnzooError, TrainingError
from cnnzoo.evaluation.calibrating import TRAINING, calibrate
from cnnzoo.evaluation.metrics import evaluate
from cnnzoo.export import artifact
from cnnzoo.files import write_whole
from cnnzoo.pipelines.card_data import dataset_of
from cnnzoo.pipelines.custom_data.dataset import Data
from cnnzoo.pipelines.input_types import RawTexts
from cnnzoo.plot_style import png
from cnnzoo.quiet import log
from cnnzoo.training import checkpoints, require_tensorflow, run_folder
from cnnzoo.training.callbacks import Checkpoint, Epochs
from cnnzoo.training.curves import curves
from cnnzoo.training.distributed.distribution import get_distribution
from cnnzoo.training.fine_tuning import Frozen
from cnnzoo.training.fused_kernels import fused
from cnnzoo.training.history import best_epoch
from cnnzoo.training.keras_schedules import keras_callbacks
from cnnzoo.training.networks import card_metadata, defaults, prepare
from cnnzoo.training.progress import ProgressBar
from cnnzoo.training.provenance import commit, hardware, peak_memory
from cnnzoo.training.quantization import Quantized
from cnnzoo.training.request import Request, request
from cnnzoo.training.run_data import RunData


@dataclass(frozen=True)
class Run:
    """A finished run."""

    path: Path
    metrics: dict[str, Any]  # As in `metrics.json`.
    data: Data | None = field(default=None, compare=False, repr=False)  # If given.

    @property
    def artifact(self) -> Path:
        """The artifact of the best epoch, for `cnnzoo.load`."""
        return self.path / artifact.ARTIFACT

    @property
    def accuracy(self) -> float:
        """Test accuracy, a fraction."""
        return self.metrics["accuracy"]


def train(
    recipe: str | Recipe | None = None,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    network: keras.Model | None = None,
    data: Data | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpoint_seconds: float = 60.0,
    devices: int | None = None,
    workers: str | None = None,
    worker: int | None = None,
    **fields: Any,
) -> Run:
    """Train as `recipe` says, choose the best epoch by validation, and score the test set once.

    Args:
        recipe: A name of `cnnzoo.list_recipes()`, or a `cnnzoo.Recipe`; by default that of the run
            to resume, or else one that suits the kind of `data`.
        out: Run folder, which must be new or empty, or its address, such as s3://bucket/run; by
            default the next number below runs/<recipe>/.
        resume: Resume the run in `out` (by default the latest one) from its newest checkpoint, or
            return it if it is finished; recipe, fields and data path are those of the run.
        network: A Functional or Sequential model, from what the pipeline gives to logits, instead
            of the recipe's; training changes its weights.
        data: A data set, such as `from_examples` and `from_tf_data` make, a name of
            `list_datasets()`, the path of your data, or a table with columns `text` (or `image`,
            with paths) and `label`, such as a data frame, instead of the recipe's.
        callbacks: Keras's callbacks, or your own. What they remember in numbers, strings, arrays
            and lists of these is a part of each checkpoint.
        checkpoint_seconds: Seconds after which the state is saved, besides the end of each epoch.
        devices: GPUs of this machine to train on, or logical CPU devices where it has none.
        workers: Addresses host:port of all machines that train together, with commas between; by
            default those of TF_CONFIG, if it is set. The first one writes the run folder.
        worker: Place of this machine among them, from 0.
        **fields: Fields of the recipe to replace, such as `epochs=2`; `augmentation` may be a layer
            that changes images, of `cnnzoo.pipelines.augmentation` or of Keras. With data of yours,
            batch size and validation suit their number unless they are given.

    Raises:
        CnnzooError: The recipe or a field is unknown or wrong, the folder holds another run, or the
            loss is no longer a number.
        OSError: The folder cannot be written.
    """
    require_tensorflow()
    _require_callbacks(callbacks)
    _require_types(out, checkpoint_seconds, devices)
    if workers is not None and is_address(out):
        raise CnnzooError(f"out must be a folder that all workers share; got {out}")
    out = run_folder.run_folder_at(out)
    found = request(recipe, data, fields, out=out, resume=resume, network=network)
    name, base, value = found.name, found.base, found.recipe
    distribution = get_distribution(value.batch_size, devices, workers, worker)
    with distribution.training(), defaults():
        path = distribution.run_on_chief(lambda: str(run_folder.folder_of(name, out, resume)))
        folder = distribution.folder(Path(path))
        run_folder.require_same_recipe(folder, value)
        finished = run_folder.read_metrics(folder)
        if finished is not None:
            return Run(folder, finished, data)
        started = time.monotonic()
        layer = fields.get("augmentation")
        dataset, examples, networks = prepare(value, distribution, found.data, network, layer)
        metadata = card_metadata(name, value, dataset, examples.pipeline, networks.served)
        run_folder.write_identity(folder, value, list(base.differences(value)), metadata)
        _report(found, dataset, examples)
        if value.frozen:
            log(f"epochs 1 to {value.frozen} train only the head, those after them all layers")
        if value.quantized:
            log(f"epochs {value.unquantized + 1} to {value.epochs} compute in {value.quantize}")
        state, parts, damaged = checkpoints.read_state(folder / checkpoints.FOLDER)
        for message in damaged:
            log(f"{message}; resuming from epoch {len(state.history) + 1} of the one before")
        epochs = Epochs(folder, examples, networks, metadata, distribution, state)
        others = [*_of_recipe(value), *callbacks]
        if len(state.history) < value.epochs and not state.over:
            checkpoint = Checkpoint(epochs, others, checkpoint_seconds, parts, state.seconds)
            _fit(epochs, value, checkpoint)
        seconds = state.seconds + time.monotonic() - started
        metrics = distribution.run_on_chief(lambda: _finish(epochs, dataset, seconds))
        push(folder)
        return Run(folder, metrics, data)


def _report(found: Request, dataset: Dataset, data: RunData) -> None:
    """Report how the recipe was changed, and classes that are much smaller than others."""
    for changed, (usual, now) in found.base.differences(found.recipe).items():
        why = f", for {data.class_counts.sum():,} training {dataset.kind}"
        reason = why if changed in found.suited else ""
        log(f"{changed}  {now!r}, where the recipe has {usual!r}{reason}")
    least, most = (int(pick(data.class_counts)) for pick in (np.argmin, np.argmax))
    few, many = (int(data.class_counts[one]) for one in (least, most))
    alike = found.recipe.class_weight is None and found.recipe.sampling == "uniform"
    if alike and many >= 10 * few:
        log(
            f"classes  {dataset.class_names[most]!r} has {many:,} training {dataset.kind}, "
            f"{dataset.class_names[least]!r} {few:,}; sampling=balanced or class_weight=balanced "
            "counts all classes alike"
        )


def _fit(epochs: Epochs, recipe: Recipe, checkpoint: Checkpoint) -> None:
    """Train the steps that come after the newest checkpoint."""
    data, model, history = epochs.data, epochs.networks.model, epochs.history
    bar = ProgressBar(recipe.batch_size, epochs.raw.name)
    frozen = Frozen(recipe, epochs.networks.frozen, model.optimizer, data.steps)
    quantized = Quantized(recipe, epochs.networks.trained)
    first = len(history) * data.steps + epochs.done
    # Under a strategy, each replica has variables of its own, which the kernels do not know.
    single = epochs.distribution.strategy is None
    try:
        with fused(model) if single else contextlib.nullcontext(), quantized.contexts:
            model.fit(
                epochs.distribution.batches(data.pipeline.train(start_step=first)),
                initial_epoch=len(history),
                epochs=recipe.epochs,
                steps_per_epoch=data.steps,
                shuffle=False,  # The batches come shuffled.
                verbose=0,
                callbacks=[epochs, frozen, quantized, bar, *checkpoint.others, checkpoint],
            )
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise TrainingError(
            f"batch_size must fit into memory; got {recipe.batch_size}, and memory ran out; "
            f"{max(recipe.batch_size // 2, 1)} needs about half of it"
        ) from error
    finally:
        bar.close()


def _require_callbacks(callbacks: Any) -> None:
    listed = isinstance(callbacks, (list, tuple))
    if not listed or not all(isinstance(one, keras.callbacks.Callback) for one in callbacks):
        raise CnnzooError(f"callbacks must be a list of Keras callbacks; got {callbacks!r}")


def _require_types(out: Any, checkpoint_seconds: Any, devices: Any) -> None:
    """Refuse what would end in a traceback, before anything is written."""
    if not isinstance(out, (str, Path, type(None))):
        raise CnnzooError(f"out must be a path; got {out!r}")
    if isinstance(checkpoint_seconds, bool) or not isinstance(checkpoint_seconds, (int, float)):
        raise CnnzooError(f"checkpoint_seconds must be a number; got {checkpoint_seconds!r}")
    if devices is not None and type(devices) is not int:
        raise CnnzooError(f"devices must be a whole number; got {devices!r}")


def _of_recipe(recipe: Recipe) -> list[keras.callbacks.Callback]:
    found = keras_callbacks(recipe.learning_rate)
    if recipe.patience is not None:
        found.append(
            keras.callbacks.EarlyStopping(
                "val_accuracy",
                mode="max",
                patience=recipe.patience,
                start_from_epoch=max(recipe.frozen, recipe.quantized and recipe.unquantized),
            )
        )
    return found


def _finish(epochs: Epochs, dataset: Dataset, seconds: float) -> dict[str, Any]:
    """Score the best epoch on the test set, complete card and folder, and return the metrics."""
    folder, history, metadata = epochs.folder, epochs.history, epochs.metadata
    data = epochs.data
    training = data.sample(min(TRAINING, int(data.class_counts.sum())))
    best = calibrate(artifact.load(folder), training, data.validation)
    test = evaluate(best, data=dataset)
    card = {**best.card, "metrics": {**best.card["metrics"], "test": test}}
    artifact.save(folder / artifact.ARTIFACT, best.model, card, best.parts)
    epoch = int(best_epoch(history)["epoch"])
    write_whole(folder / "curves.png", png(curves(metadata["name"], history, epoch)))
    metrics = {
        **test,
        "epoch": epoch,
        "validation": best.card["metrics"]["validation"],
        "seed": metadata["recipe"]["seed"],
        "params": metadata["params"],
        "epochs": len(history),
        "seconds": round(seconds, 1),
        "peak_memory_bytes": peak_memory(),
        "hardware": hardware(),
        "versions": metadata["versions"],
        "commit": commit(),
    }
    return run_folder.write_metrics(folder, metrics)


def example_of(run: Run) -> str:
    """Return the first test example in a form for `predict`: a text, or the path of a file.

    An image or sound is written into the run folder, as example.png or example.wav.
    """
    classifier = artifact.load(run.path)
    data = dataset_of(classifier.card, classifier.input_shape, run.data, of_run=True)
    example = data.examples("test").inputs[0]
    if isinstance(classifier.raw, RawTexts):
        return str(example)
    suffix, content = classifier.raw.encode(example)
    path = run.path / f"example{suffix}"
    write_whole(path, content)
    return str(path)
