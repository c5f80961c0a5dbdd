"""Adds trained runs to the package: their artifacts, compressed, in `cnnzoo/weights`.

Run: python tools/ship_weights.py runs/mnist_lenet5/seed0 ...
"""

from __future__ import annotations

import lzma
import sys
import tempfile
from pathlib import Path

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.metrics import evaluate
from cnnzoo.export import artifact
from cnnzoo.export.classifier import Classifier
from cnnzoo.files import read, write_whole
from cnnzoo.weights import FOLDER, SUFFIX

LIMIT = 2_000_000  # Bytes per file.


def ship(run: Path, folder: Path = FOLDER) -> Path:
    """Write the artifact of a finished run to `folder`, named after its recipe; return the path.

    Weights of one that would be too large are rounded to half precision, which compresses, if this
    leaves the test accuracy as it is to the last digit.

    Raises:
        CnnzooError: There is no finished run, rounding changes its test accuracy, or the file is
            too large even so.
    """
    found = artifact.load(run)
    if "test" not in found.card["metrics"]:
        raise CnnzooError(f"{run} must be finished; it has no score of the test set")
    packed = lzma.compress(read(run / artifact.ARTIFACT))
    if len(packed) > LIMIT:
        packed = lzma.compress(_rounded(found))
    if len(packed) > LIMIT:
        raise CnnzooError(f"{run} must fit into {LIMIT:,} bytes; got {len(packed):,}")
    path = folder / f"{found.card['name']}{SUFFIX}"
    write_whole(path, packed)
    return path


def _rounded(found: Classifier) -> bytes:
    """Return the artifact of `found` with weights of half precision, kept as single ones."""
    assert found.model is not None  # A run folder holds an artifact, not a SavedModel.
    for weight in found.model.weights:
        if weight.dtype == "float32":
            weight.assign(np.asarray(weight).astype(np.float16))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / artifact.ARTIFACT
        artifact.save(path, found.model, found.card)
        name, expected = found.card["name"], found.card["metrics"]["test"]["accuracy"]
        accuracy = evaluate(artifact.load(path))["accuracy"]
        if accuracy != expected:
            raise CnnzooError(f"{name} must keep its accuracy of {expected}; rounded: {accuracy}")
        return path.read_bytes()


if __name__ == "__main__":
    for one in sys.argv[1:]:
        print(ship(Path(one)))
