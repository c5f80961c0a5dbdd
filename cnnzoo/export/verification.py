"""Exported files, each run by its runtime in a fresh process and compared with the artifact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.export import verification_worker
from cnnzoo.export.fresh_process import run_fresh
from cnnzoo.export.verification_data import COMPARED, TestVectors

UNTIMED = ("html",)  # Runtimes that stand here for another, where the file is used.
LOST = 0.005  # Accuracy that a format judged by it may lose.


class Format(NamedTuple):
    """How a format is stored and verified."""

    file: str  # In a version's folder; empty for the folder itself.
    runtime: str  # One of `verification_worker.RUNTIMES`.
    tolerance: float | None  # Of a score; None: accuracy on the test set decides.
    known: bool = True  # Whether it gives that too, if the network does.


class Run(NamedTuple):
    """One file, its inputs and the scores it must give."""

    format: str
    file: Path
    signature: str  # Of a SavedModel.
    inputs: np.ndarray  # Raw batch, or encoded examples.
    outputs: np.ndarray  # What it must give: columns of scores, and of `known` if there is one.


class Result(NamedTuple):
    """What a file gives, as `verification_worker` writes it."""

    outputs: np.ndarray
    seconds: dict[int, list[float]]
    peak: int | None


def verify(
    folder: Path, formats: Mapping[str, Format], vectors: TestVectors
) -> dict[str, dict[str, Any]]:
    """Return what `export` reports on each format in `folder`, once all have passed.

    Raises:
        CnnzooError: A file does not run, or its scores differ from the artifact's.
    """
    rows = {}
    planned = [run for name, one in formats.items() for run in _runs(name, one, folder, vectors)]
    for runtime in dict.fromkeys(one.runtime for one in formats.values()):
        runs = [run for run in planned if formats[run.format].runtime == runtime]
        sizes = () if runtime in UNTIMED else (1,)
        pairs = list(zip(runs, run_files(runtime, runs, sizes), strict=True))
        for name in dict.fromkeys(run.format for run in runs):
            own = [pair for pair in pairs if pair[0].format == name]
            rows[name] = _compared(name, formats[name], own, vectors)
    return rows


def _runs(name: str, one: Format, folder: Path, vectors: TestVectors) -> list[Run]:
    count = None if one.tolerance is None else COMPARED
    file = folder / one.file
    outputs = vectors.outputs[:count, : None if one.known else vectors.classes]
    raw = Run(name, file, "serving_default", vectors.inputs[:count], outputs)
    if one.runtime != "savedmodel" or not len(vectors.encoded):
        return [raw]
    return [raw, Run(name, file, "serving_bytes", vectors.encoded, vectors.encoded_outputs)]


def run_files(
    runtime: str, runs: Sequence[Run], sizes: Sequence[int] = (1,), calls: int = 1
) -> list[Result]:
    """Return the results of `runs` in a fresh process.

    Args:
        runtime: One of `verification_worker.RUNTIMES`.
        runs: With files that exist.
        sizes: Of batches that are timed.
        calls: That are timed at least.

    Raises:
        CnnzooError: A file does not run.
    """
    parts = [(str(run.file.resolve()), run.signature, run.inputs) for run in runs]
    results, messages = run_fresh(verification_worker, (runtime, parts, sizes, calls))
    if results is None:
        last = (messages.strip().splitlines() or ["no message"])[-1]
        names = " and ".join(dict.fromkeys(run.format for run in runs))
        raise CnnzooError(f"{names} must run in a fresh process; got: {last}")
    return [Result(*found) for found in results]


def _compared(
    name: str, one: Format, pairs: Sequence[tuple[Run, Result]], vectors: TestVectors
) -> dict[str, Any]:
    """Return what `export` reports on a format, or refuse its scores."""
    difference = float(np.max([np.abs(found.outputs - run.outputs).max() for run, found in pairs]))
    of_artifact, labels = (one.outputs[:, : vectors.classes].argmax(axis=1) for one in pairs[0])
    accuracy, seconds = None, pairs[0][1].seconds.get(1)
    if one.tolerance is None:
        accuracy = float(np.mean(labels == vectors.labels))
        wanted = float(np.mean(of_artifact == vectors.labels))
        if not accuracy >= wanted - LOST:
            raise CnnzooError(
                f"{name} must keep the artifact's accuracy of {wanted:.2%} to within "
                f"{100 * LOST:g} points; got {accuracy:.2%}, and nothing was published"
            )
    elif not difference <= one.tolerance:
        raise CnnzooError(
            f"{name} must give the artifact's scores to within {one.tolerance:g}; "
            f"got a difference of {difference:.3g}, and nothing was published"
        )
    return {
        "max_difference": difference,
        "label_agreement": float(np.mean(labels == of_artifact)),
        "accuracy": accuracy,
        "latency_us": None if seconds is None else round(1e6 * float(np.median(seconds)), 1),
        "examples": vectors.examples,
        "compared": sum(len(run.outputs) for run, _ in pairs),
    }
