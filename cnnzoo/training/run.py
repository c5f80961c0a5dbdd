"""A training run and its folder.

The folder holds `recipe.json`, `history.csv`, `metrics.json` once the run is finished,
`checkpoints/last.npz` (the state after the last finished epoch) and `artifact.keras` (the best
epoch so far, by validation). Each file is written whole or not at all, in an order that lets a run
that is killed at any moment be resumed, and end with the weights of one that was not.
"""

from __future__ import annotations

import csv
import io
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.metrics import evaluate
from cnnzoo.export import artifact
from cnnzoo.files import write_whole
from cnnzoo.pipelines.own_data import find
from cnnzoo.pipelines.raw import RawTexts
from cnnzoo.training import checkpoints
from cnnzoo.training.job import Job, prepare
from cnnzoo.training.progress import ProgressBar
from cnnzoo.training.provenance import commit, hardware
from cnnzoo.training.recipe import Recipe, recipes

STATE = "checkpoints/last.npz"


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
    **fields: Any,
) -> Run:
    """Train as `recipe` says, choose the best epoch by validation, and score the test set once.

    Args:
        recipe: A name of `cnnzoo.list_recipes()`, or a recipe of one's own.
        out: Run folder, which must be new or empty; by default the next number below
            runs/<recipe>/.
        resume: Go on with the run in `out` (by default the latest one) after its last finished
            epoch, or return it if it is finished.
        **fields: Fields of the recipe to replace, such as `epochs=2`.

    Raises:
        CnnzooError: The recipe or a field is unknown or wrong, the folder holds another run, or the
            loss is no longer a number.
    """
    begun = time.monotonic()
    name = recipe if isinstance(recipe, str) else f"{recipe.dataset}_{recipe.model}"
    value = (recipes()[recipe].RECIPE if isinstance(recipe, str) else recipe).replace(**fields)
    folder = folder_of(name, out, resume)
    if (folder / "recipe.json").is_file():
        _require_same_recipe(folder, value)
    if (folder / "metrics.json").is_file():
        return Run(folder, json.loads((folder / "metrics.json").read_text()))
    job = prepare(name, value)
    write_whole(folder / "recipe.json", json.dumps(value.to_json(), indent=1).encode())
    state = folder / STATE
    history = checkpoints.restore(state, job.model) if state.is_file() else []
    before = sum(row["seconds"] for row in history)
    _fit(job, value, folder, history)
    return _finish(folder, history, job.facts, before + time.monotonic() - begun)


def _fit(job: Job, recipe: Recipe, folder: Path, history: list[checkpoints.Row]) -> None:
    """Train the epochs that `history` lacks, adding to it."""
    bar = ProgressBar(recipe.batch_size)
    try:
        job.model.fit(
            job.feed.train(start_step=len(history) * job.steps),
            validation_data=job.feed.validation,
            initial_epoch=len(history),
            epochs=recipe.epochs,
            steps_per_epoch=job.steps,
            shuffle=False,  # The batches come shuffled.
            verbose=0,
            callbacks=[_SaveEpoch(folder, history, job), bar],
        )
    finally:
        bar.close()


def folder_of(name: str, out: str | Path | None, resume: bool) -> Path:
    """Return the run folder that `train` writes, which is new or empty unless the run is resumed.

    Raises:
        CnnzooError: It is neither, or holds no run to resume.
    """
    base = Path("runs") / name
    numbers = sorted(int(path.name) for path in base.glob("*") if path.name.isdecimal())
    if out is not None:
        folder = Path(out)
    elif resume:
        folder = base / str(max(numbers, default=0))
    else:
        folder = base / str(max(numbers, default=0) + 1)
    holds_run = (folder / "recipe.json").is_file()
    if resume and not holds_run:
        raise CnnzooError(f"out must be the folder of a run to resume; got {str(folder)!r}")
    if holds_run and not resume:
        raise CnnzooError(
            f"out must be a new folder; {folder} holds a run, which --resume goes on with"
        )
    if not resume and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CnnzooError(f"out must be a new or empty folder; got {str(folder)!r}")
    return folder


def _require_same_recipe(folder: Path, recipe: Recipe) -> None:
    changed = Recipe.from_json(json.loads((folder / "recipe.json").read_text())).changes(recipe)
    if changed:
        raise CnnzooError(
            f"recipe must be the one that {folder} was begun with; changed: {', '.join(changed)}"
        )


class _SaveEpoch(keras.callbacks.Callback):
    """After each epoch: the artifact if it is the best so far, then the history, then the state."""

    def __init__(self, folder: Path, history: list[checkpoints.Row], job: Job) -> None:
        super().__init__()
        self.folder = folder
        self.history = history
        self.job = job
        self.begun = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the files of the finished epoch."""
        # Keras hands over float32; seven digits are all that it knows.
        figures = {key: float(f"{value:.7g}") for key, value in (logs or {}).items()}
        if not all(math.isfinite(value) for value in figures.values()):
            raise CnnzooError(f"loss must stay finite; got nan or inf in epoch {epoch + 1}")
        seconds = time.monotonic() - self.begun
        self.begun = time.monotonic()
        self.history.append({"epoch": epoch + 1, **figures, "seconds": round(seconds, 3)})
        if best_epoch(self.history) is self.history[-1]:
            validation = {"accuracy": figures["val_accuracy"], "loss": figures["val_loss"]}
            card = {**self.job.facts, "metrics": {"epoch": epoch + 1, "validation": validation}}
            artifact.save(self.folder / artifact.ARTIFACT, self.job.answers, card)
        write_whole(self.folder / "history.csv", _csv(self.history))
        checkpoints.save(self.folder / STATE, self.model, self.history)


def best_epoch(history: list[checkpoints.Row]) -> checkpoints.Row:
    """Return the epoch with the highest validation accuracy, then the lowest validation loss."""
    return max(history, key=lambda row: (row["val_accuracy"], -row["val_loss"]))


def _csv(history: list[checkpoints.Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]))
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue().encode()


def _finish(
    folder: Path, history: list[checkpoints.Row], facts: dict[str, Any], seconds: float
) -> Run:
    """Score the best epoch on the test set, and complete the artifact's card and the folder."""
    best = artifact.load(folder)
    test = evaluate(best)
    card = {**best.card, "metrics": {**best.card["metrics"], "test": test}}
    artifact.save(folder / artifact.ARTIFACT, best.model, card)
    metrics = {
        **test,
        "epoch": int(best_epoch(history)["epoch"]),
        "validation": best.card["metrics"]["validation"],
        "seed": facts["recipe"]["seed"],
        "params": facts["params"],
        "epochs": len(history),
        "seconds": round(seconds, 1),
        "hardware": hardware(),
        "versions": facts["versions"],
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
