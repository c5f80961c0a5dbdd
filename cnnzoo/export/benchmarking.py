"""The formats of a trained network side by side: bytes, accuracy, latency and memory."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnzoo import plot_style
from cnnzoo.datasets import Dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.export.artifact import ARTIFACT, save
from cnnzoo.export.classifier import Classifier
from cnnzoo.export.formats import FORMATS, export
from cnnzoo.export.verification import UNTIMED, Run, run_files
from cnnzoo.export.verification_data import SCORED, TestVectors, collect_vectors, data_of
from cnnzoo.quiet import log, silent_stderr

SIZES = (1, 64)  # Of the batches that are timed.

_CALLS = 100  # That are timed at least: fewer have no 99th percentile.
_ELSEWHERE = {"micro": "timed on a microcontroller only", "html": "timed in a browser only"}


class _File(NamedTuple):
    """One format as it stands on disk, or why it does not."""

    format: str
    runtime: str
    path: Path | None
    bytes: int | None
    reason: str


def benchmark(
    classifier: Classifier, data: Dataset | str | Path | None = None
) -> list[dict[str, Any]]:
    """Return what each format of `classifier` costs on this machine.

    Each runs in fresh processes, one after the other, with the threads that it takes by itself.

    Args:
        classifier: What `cnnzoo.load` returned, unless it came from a SavedModel.
        data: A data set, or the name or path of one, instead of the one of the card.

    Returns:
        One dictionary per format, Keras first: `format`; `bytes` of its files; `accuracy`, a
        fraction of the first `examples` test examples; `latency_us`, `latency_99_us`,
        `latency_64_us` and `latency_64_99_us`, medians and 99th percentiles for one raw example and
        for a batch of 64; `peak_bytes`, the most memory of the process that answered these; and
        `note`, why one of them is None.

    Raises:
        CnnzooError: The classifier came from a SavedModel, or the data do not fit.
    """
    if classifier.model is None:
        raise CnnzooError("model must be a run, an artifact or a shipped name; got a SavedModel")
    vectors = collect_vectors(classifier, data_of(classifier, data), SCORED)
    with tempfile.TemporaryDirectory() as place:
        return [_row(one, vectors) for one in _files(classifier, Path(place), data)]


def _files(
    classifier: Classifier, place: Path, data: Dataset | str | Path | None
) -> Iterator[_File]:
    log("keras")
    save(place / ARTIFACT, classifier.model, classifier.card, classifier.parts)
    yield _File("keras", "keras", place / ARTIFACT, (place / ARTIFACT).stat().st_size, "")
    for name, one in FORMATS.items():
        log(name)
        try:
            with silent_stderr():  # Converters write much that nobody can act on.
                found = export(classifier, place / name, [name], data)[-1]
        except CnnzooError as error:
            yield _File(name, one.runtime, None, None, str(error))
            continue
        path = Path(found["path"])
        yield _File(name, one.runtime, path, found["bytes"], _ELSEWHERE.get(name, ""))
        if name == "savedmodel":  # Which OpenVINO reads as it is.
            here = importlib.util.find_spec("openvino") is not None
            reason = (
                "" if here else "format openvino needs more packages; run: pip install openvino"
            )
            yield _File("openvino", "openvino", path if here else None, found["bytes"], reason)


def _row(file: _File, vectors: TestVectors) -> dict[str, Any]:
    row: dict[str, Any] = {"format": file.format, "bytes": file.bytes, "accuracy": None}
    row["examples"] = len(vectors.inputs)
    row |= dict.fromkeys(_figures({}), None) | {"peak_bytes": None, "note": file.reason or None}
    if file.path is None or file.runtime in UNTIMED:
        return row
    run = Run(file.format, file.path, "serving_default", vectors.inputs, vectors.outputs)
    try:
        if not file.reason:
            few = run._replace(inputs=vectors.inputs[: max(SIZES)])
            (timed,) = run_files(file.runtime, [few], SIZES, _CALLS)
            row |= _figures(timed.seconds) | {"peak_bytes": timed.peak}
        if vectors.labels is not None:
            (scored,) = run_files(file.runtime, [run], ())
            labels = scored.outputs[:, : vectors.classes].argmax(axis=1)
            row["accuracy"] = float(np.mean(labels == vectors.labels))
    except CnnzooError as error:
        row["note"] = str(error)
    return row


def _figures(seconds: dict[int, list[float]]) -> dict[str, float]:
    """Return medians and 99th percentiles, in microseconds, by their names in a row."""
    found = {}
    for size in SIZES:
        name = "latency" if size == 1 else f"latency_{size}"
        for part, percentile in (("", 50), ("_99", 99)):
            values = seconds.get(size, [0.0])
            found[f"{name}{part}_us"] = round(1e6 * float(np.percentile(values, percentile)), 1)
    return found


@plot_style.style()
def draw_benchmark(name: str, rows: Sequence[dict[str, Any]]) -> Figure:
    """Return a picture of the rows of `benchmark` that were timed.

    Args:
        name: Of the network.
        rows: What `benchmark` returned.
    """
    drawn = [row for row in rows if row["latency_us"] is not None]
    figure = Figure(figsize=(9, 0.34 * len(drawn) + 1.6))
    figure.suptitle(f"{name}: formats on this machine")
    panels = figure.subplots(1, 3, sharey=True)
    _latencies(panels[0], drawn)
    _bars(panels[1], [(row["peak_bytes"] or 0) / 1e6 for row in drawn], "peak memory, MB")
    _bars(panels[2], [row["bytes"] / 1e3 for row in drawn], "size on disk, KB")
    panels[0].set_yticks(range(len(drawn)), [row["format"] for row in drawn])
    panels[0].invert_yaxis()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure


def _bars(axes: Axes, values: Sequence[float], label: str) -> None:
    bars = axes.barh(range(len(values)), values, height=0.6)
    axes.bar_label(bars, [f"{value:,.0f}" for value in values], padding=3)
    axes.set_xlim(0, 1.25 * max(values, default=1.0))
    axes.set_xlabel(label)


def _latencies(axes: Axes, rows: Sequence[dict[str, Any]]) -> None:
    """Draw a line from the median to the 99th percentile for each size of batch."""
    for size, marker, shift in zip(SIZES, "os", (-0.15, 0.15), strict=True):
        name = "latency" if size == 1 else f"latency_{size}"
        places = [place + shift for place in range(len(rows))]
        medians = [row[f"{name}_us"] / 1e3 for row in rows]
        slowest = [row[f"{name}_99_us"] / 1e3 for row in rows]
        color = plot_style.COLORS[size > 1]
        axes.hlines(places, medians, slowest, color=color)
        axes.plot(medians, places, marker, color=color, markersize=5, label=f"batch of {size}")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("median to 99th percentile, ms")
