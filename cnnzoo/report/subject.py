"""The trained network that a report is about, with all that is known of it on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from cnnzoo.datasets import Dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.metrics import score
from cnnzoo.export.artifact import load
from cnnzoo.export.classifier import Classifier
from cnnzoo.inspection.attribution import methods
from cnnzoo.inspection.cost import LayerCost
from cnnzoo.inspection.graph import last_maps
from cnnzoo.inspection.plots.architecture import rows_of
from cnnzoo.inspection.randomization import RandomizationTest, randomization_test
from cnnzoo.pipelines.card_data import dataset_of
from cnnzoo.pipelines.splits import Split, select
from cnnzoo.training.checkpoints import Row
from cnnzoo.training.history import read_history
from cnnzoo.training.run_folder import holds_run, read_metrics

SCORED = 10_000  # Test examples at most whose scores are computed.
SAMPLED = 1_000  # Of these, for what takes long.
OWN = 12  # Your inputs that are shown.

# For the test with random weights: multiply-adds of a pass over its examples, and these at most.
_WORK, _RANDOMIZED = 1e9, 16


@dataclass(frozen=True)
class AnsweredExamples:
    """Labeled test examples and the model's predictions for them."""

    inputs: np.ndarray  # Raw batch.
    labels: np.ndarray  # int64 `[examples]`.
    scores: np.ndarray  # float32 `[examples, classes]`.
    of: int  # Number of all test examples.

    @property
    def right(self) -> np.ndarray:
        """Which predictions are correct, bool `[examples]`."""
        return self.scores.argmax(axis=-1) == self.labels

    def sample(self, count: int = SAMPLED) -> AnsweredExamples:
        """Return `count` of them, evenly spread."""
        rows = spread(len(self.labels), count)
        return AnsweredExamples(self.inputs[rows], self.labels[rows], self.scores[rows], self.of)


@dataclass(frozen=True)
class Subject:
    """A trained model; what takes time is computed on first use, and kept."""

    name: str  # As for `cnnzoo.load`.
    classifier: Classifier
    network: keras.Model
    run: Path | None  # Of a finished run.
    examples: AnsweredExamples | None
    lacking: str  # Why no examples are shown, a sentence.
    own: list[tuple[str, Any]]  # Name and raw example of each of your inputs.

    @property
    def card(self) -> dict[str, Any]:
        """The model card."""
        return self.classifier.card

    @property
    def kind(self) -> str:
        """Kind of its inputs: "images", "sounds" or "texts"."""
        return self.classifier.raw.name

    def shown(self, inputs: np.ndarray) -> np.ndarray:
        """Return a raw batch as it is shown: texts, UTF-8, as strings, all else as it is."""
        if self.kind != "texts":
            return inputs
        return np.array([text.decode("utf-8", "replace") for text in inputs], object)

    @cached_property
    def rows(self) -> list[LayerCost]:
        """The cost of each layer; none where it is not known."""
        try:
            return rows_of(self.network)
        except CnnzooError:
            return []

    def affordable(self, work: float, most: int, least: int) -> int:
        """Return how often an example can pass in `work` multiply-adds, from `least` to `most`."""
        macs = sum(row.macs for row in self.rows)
        return most if not macs else int(min(max(work / macs, least), most))

    @cached_property
    def randomized(self) -> dict[str, RandomizationTest]:
        """The test with random weights of each method that is for such a network."""
        count = self.affordable(_WORK, most=_RANDOMIZED, least=4)
        if self.examples is None:
            raw = np.stack([example for _, example in self.own[:count]])
        else:
            raw = self.examples.sample(count).inputs
        inputs, found = self.classifier.prepare(raw), {}
        for method in methods(self.network):
            if "grad_cam" in method and last_maps(self.network) is None:
                continue
            found[method] = randomization_test(self.network, inputs, method, steps=2)
        return found

    @cached_property
    def score(self) -> dict[str, Any] | None:
        """Accuracy, loss and number of the examples; None without any."""
        found = self.examples
        return None if found is None else score(found.scores, found.labels)

    @cached_property
    def history(self) -> list[Row]:
        """One row per epoch of the run; none without a run."""
        return [] if self.run is None else read_history(self.run)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """What the run has measured; nothing without a run."""
        return {} if self.run is None else read_metrics(self.run) or {}


def subject(
    name: str, inputs: Sequence[Any] = (), data: Dataset | str | Path | None = None
) -> Subject:
    """Return what is known of the trained network `name`.

    Args:
        name: As for `cnnzoo.load`.
        inputs: Your own, as for `Classifier.predict`.
        data: A data set, or the name or path of one, instead of the one of the card.

    Raises:
        CnnzooError: There is no such network, its run is not finished, it is a SavedModel, an input
            cannot be read, or `data` does not fit.
    """
    run = Path(name) if holds_run(Path(name)) else None
    classifier = load(name)
    if run is not None and read_metrics(run) is None:
        raise CnnzooError(f"{run} must hold a finished run; resume it first")
    own = classifier.load_inputs(list(inputs))
    return Subject(name, classifier, classifier.network, run, *_examples(classifier, data), own)


def _examples(
    classifier: Classifier, data: Dataset | str | Path | None
) -> tuple[AnsweredExamples | None, str]:
    card = classifier.card
    try:
        dataset = dataset_of(card, classifier.input_shape, data, of_run=classifier.of_run)
        if not dataset.is_here:
            return None, f"The test examples of {card['dataset']} are not on this machine."
        inputs, labels = select(dataset, "test", Split.of(card, dataset))
    except CnnzooError as error:
        if data is not None:
            raise
        return None, f"The test examples cannot be read: {error}."
    rows = spread(len(labels), SCORED)
    raw = classifier.raw.check(inputs[rows])
    return AnsweredExamples(raw, labels[rows], classifier.scores(raw), len(labels)), ""


def spread(count: int, most: int) -> np.ndarray:
    """Return at most so many of the places 0 to `count` - 1, ascending and evenly spread."""
    return np.linspace(0, count - 1, min(count, most)).astype(int)
