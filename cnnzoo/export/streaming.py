"""Predictions for any number of inputs, in constant memory and in their order."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnzoo.datasets.encoded import EncodedImage
from cnnzoo.errors import CnnzooError
from cnnzoo.on_ray import stream_calls
from cnnzoo.pipelines.custom_data.inputs import Unreadable
from cnnzoo.pipelines.input_types import RawTexts

if TYPE_CHECKING:
    from cnnzoo.export.classifier import Classifier

_BATCH = 256
_BYTES = 2**26  # Of the raw examples of one batch, at most: 64 MiB.
_SORTED = (
    4  # Batches of texts that are sorted by length together: a batch is padded to its longest.
)


def predictions(
    classifier: Classifier,
    inputs: Iterable[Any],
    batch_size: int = _BATCH,
    threshold: float | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield what `Classifier.predict_stream` yields.

    A few threads each load a batch and take it through the network, one at a time: batches are read
    and decoded while the network runs.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise CnnzooError(f"batch_size must be an integer of at least 1; got {batch_size!r}")
    classifier.check_threshold(threshold)
    size, batch_size = _sizes(classifier, batch_size)
    batches = _batches(enumerate(inputs), size)
    answers = partial(_answers, classifier, batch_size=batch_size, threshold=threshold)
    for first in islice(batches, 1):  # Here the model is converted, which threads would do twice.
        yield from answers(first)
    threads = (os.cpu_count() or 1) + 1
    running: deque[Any] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for batch in batches:
            running.append(pool.submit(answers, batch))
            if len(running) > threads:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()


def predictions_on(
    classifier: Classifier,
    source: str,
    inputs: Iterable[Any],
    threshold: float | None = None,
    *,
    on: str,
    cpus: int = 1,
    gpus: float = 0,
) -> Iterator[dict[str, Any]]:
    """Yield what `predictions` yields, made on a Ray cluster, of which each worker has the model.

    Args:
        classifier: The model, as it is here.
        source: What workers load it from.
        inputs: As for `predictions`; files must be shared by all machines.
        threshold: As for `predictions`.
        on: As for `cnnzoo.on_ray.stream_calls`, as are `cpus`, `gpus` and errors.
        cpus: Cores of each batch.
        gpus: GPUs of each batch.
    """
    classifier.check_threshold(threshold)
    size, _ = _sizes(classifier, _BATCH)
    same = {"source": source, "threshold": threshold}
    calls = ({**same, "inputs": batch} for batch in _batches(enumerate(inputs), size))
    for answers in stream_calls(on, _answered, calls, cpus, gpus):
        yield from answers


def _answered(
    source: str, inputs: list[tuple[int, Any]], threshold: float | None
) -> list[dict[str, Any]]:
    """Return the answers to a batch of inputs on a worker."""
    classifier = _loaded(source)
    return _answers(classifier, inputs, _sizes(classifier, _BATCH)[1], threshold)


@cache
def _loaded(source: str) -> Classifier:
    from cnnzoo.export.artifact import load

    return load(source)


def _sizes(classifier: Classifier, batch_size: int) -> tuple[int, int]:
    """Return how many inputs are read at a time, and go through the network at a time."""
    if isinstance(classifier.raw, RawTexts):
        return batch_size * _SORTED, batch_size
    fits = max(min(batch_size, _BYTES // _bytes(classifier)), 1)
    return fits, fits


def loaded(classifier: Classifier, value: Any, name: str) -> list[tuple[str, Any, str]]:
    """Return name, raw example and error of each example of an input; one of the latter is None.

    Args:
        classifier: Knows the kind of examples.
        value: An input, or `Unreadable`.
        name: What to call it where it has no path.
    """
    if isinstance(value, Unreadable):
        return [(value.name, None, value.error)]
    try:
        return [(found, raw, "") for found, raw in classifier.load_inputs([value], name)]
    except (CnnzooError, OSError) as error:
        return [
            (str(value) if isinstance(value, (str, Path, EncodedImage)) else name, None, str(error))
        ]


def names_of(classifier: Classifier, place: int, value: Any) -> list[str]:
    """Return what each answer to an input is called, which is read only if it may be an array."""
    if isinstance(value, Unreadable):
        return [value.name]
    is_path = isinstance(value, Path) or not isinstance(classifier.raw, RawTexts)
    if is_path and not str(value).lower().endswith(".npy"):
        return [str(value)]
    return [name for name, _, _ in loaded(classifier, value, f"inputs[{place}]")]


def _batches(inputs: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(inputs)
    while batch := list(islice(iterator, size)):
        yield batch


def _bytes(classifier: Classifier) -> int:
    return math.prod(classifier.input_shape) * np.dtype(classifier.raw.dtype).itemsize


def _answers(
    classifier: Classifier,
    inputs: list[tuple[int, Any]],
    batch_size: int,
    threshold: float | None,
) -> list[dict[str, Any]]:
    """Return the answers to `inputs` in their order; texts go by length through the network."""
    examples = [
        one for place, value in inputs for one in loaded(classifier, value, f"inputs[{place}]")
    ]
    answers: list[Any] = [{"input": name, "error": error} for name, _, error in examples]
    places = [place for place, (_, _, error) in enumerate(examples) if not error]
    if isinstance(classifier.raw, RawTexts):
        places.sort(key=lambda place: len(examples[place][1]))
    for begin in range(0, len(places), batch_size):
        batch = places[begin : begin + batch_size]
        found = classifier.answers([examples[place][:2] for place in batch], threshold)
        for place, answer in zip(batch, found, strict=True):
            answers[place] = answer
    return answers
