"""Exports of an artifact, each reloaded in a fresh process and compared before it is published."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.export import reload
from cnnzoo.export.artifact import CARD
from cnnzoo.export.classifier import Classifier, ServingGraph
from cnnzoo.files import sync_folder
from cnnzoo.guard.sums import write_sums
from cnnzoo.pipelines.own_data import find
from cnnzoo.registry import unknown

FORMATS = ("savedmodel",)

TOLERANCE = 1e-5  # Of a score, between the artifact and its SavedModel.
_COMPARED = 200  # Test examples.


def export(
    classifier: Classifier,
    to: str | Path = "saved_models",
    formats: Sequence[str] = FORMATS,
) -> list[dict[str, Any]]:
    """Publish `classifier` as the next version of `to`/<name>/, whole or not at all.

    Args:
        classifier: What `cnnzoo.load` returned, unless it came from a SavedModel.
        to: Folder of all exported models.
        formats: Names of FORMATS.

    Returns:
        One dictionary a format: `format`, `path`, `bytes` and `max_difference`, the largest
        difference of a score from the artifact's, over test examples, in a fresh process.

    Raises:
        CnnzooError: A format is unknown, the classifier came from a SavedModel, or the export gives
            other answers than the artifact; then nothing is published.
    """
    for name in formats:
        if name not in FORMATS:
            raise CnnzooError(unknown("format", name, FORMATS))
    if classifier.model is None:
        raise CnnzooError("model must be a run, an artifact or a shipped name; got a SavedModel")
    return [_publish_saved_model(classifier, Path(to) / classifier.card["name"])]


def _publish_saved_model(classifier: Classifier, base: Path) -> dict[str, Any]:
    base.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=base, prefix=".new-"))
    try:
        graph = ServingGraph(classifier.model, classifier.card)
        tf.saved_model.save(graph, temporary, signatures=graph.functions)
        extra = temporary / "assets.extra"
        extra.mkdir()
        (extra / CARD).write_text(json.dumps(classifier.card, indent=1))
        difference = _difference(classifier, temporary)
        if not difference <= TOLERANCE:
            raise CnnzooError(
                f"SavedModel must give the artifact's scores to within {TOLERANCE}; "
                f"got a difference of {difference:.3g}, and nothing was published"
            )
        write_sums(temporary)
        size = _sync(temporary)
        temporary.chmod(0o755)  # mkdtemp's 0700 would hide the model from a server.
        version = _claim_next(temporary, base)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    path = str(base / str(version))
    return {"format": "savedmodel", "path": path, "bytes": size, "max_difference": difference}


def _difference(classifier: Classifier, saved_model: Path) -> float:
    """Return the largest difference of a score that plain TensorFlow finds in a fresh process."""
    dataset = find(classifier.card["dataset"], classifier.input_shape)
    raw = classifier.raw.check(dataset.examples("test").inputs[:_COMPARED])
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder) / "inputs", Path(folder) / "scores.npy"
        tensor = tf.constant(raw, classifier.raw.spec.dtype)
        inputs.write_bytes(tf.io.serialize_tensor(tensor).numpy())
        command = [sys.executable, reload.__file__, str(saved_model), str(inputs), str(outputs)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise CnnzooError(f"SavedModel must load in a fresh process; got: {last}")
        return float(np.abs(np.load(outputs) - classifier.scores(raw)).max())


def _sync(folder: Path) -> int:
    """Flush every file and folder below `folder` to disk, and return the bytes of the files."""
    size = 0
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir():
            sync_folder(path)
        else:
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            size += path.stat().st_size
    return size


def _claim_next(temporary: Path, base: Path) -> int:
    """Rename `temporary` to the next version; a version that exists is never replaced."""
    while True:
        versions = [int(path.name) for path in base.iterdir() if path.name.isdecimal()]
        version = max(versions, default=0) + 1
        try:
            temporary.rename(base / str(version))
        except OSError:
            if (base / str(version)).exists():  # Another process took it.
                continue
            raise
        sync_folder(base)
        return version
