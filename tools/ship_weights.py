"""Adds trained runs to the package: their artifacts, compressed, in `cnnzoo/weights`.

Beside each stands what answers without Keras: the LiteRT file, the tokenizer and the card.

Run: python tools/ship_weights.py runs/mnist_lenet5/seed0 ...
     python tools/ship_weights.py mnist_lenet5 ...    # Shipped weights again, calibrated anew.
"""

from __future__ import annotations

import io
import json
import lzma
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation.calibrating import TRAINING, calibrate
from cnnzoo.evaluation.metrics import evaluate
from cnnzoo.export import artifact
from cnnzoo.export.classifier import Classifier
from cnnzoo.export.scoring import from_model
from cnnzoo.files import write_whole
from cnnzoo.pipelines.card_data import dataset_of
from cnnzoo.pipelines.splits import Split, select
from cnnzoo.weights import FOLDER, LIGHT, SUFFIX, list_weights

LIMIT = 2_000_000  # Bytes per file.


def ship(found: Classifier, folder: Path = FOLDER) -> Path:
    """Write the artifact of a finished run to `folder`, named after its recipe; return the path.

    Weights of one that would be too large are rounded to half precision, which compresses, if this
    leaves the test accuracy as it is to the last digit.

    Raises:
        CnnzooError: There is no finished run, rounding changes its test accuracy, or the file is
            too large even so.
    """
    name = found.card["name"]
    if "test" not in found.card["metrics"]:
        raise CnnzooError(f"{name} must be finished; it has no score of the test set")
    packed = lzma.compress(_artifact(found))
    if len(packed) > LIMIT:
        _round(found)
        packed = lzma.compress(_artifact(found))
    if len(packed) > LIMIT:
        raise CnnzooError(f"{name} must fit into {LIMIT:,} bytes; got {len(packed):,}")
    path = folder / f"{name}{SUFFIX}"
    write_whole(path, packed)
    ship_light(found, folder)
    return path


def calibrated(found: Classifier) -> Classifier:
    """Return `found` as `train` ends: calibrated by its data, and with its score of the test set.

    Raises:
        CnnzooError: Its data are not on this machine, or its test accuracy is another then.
    """
    data = dataset_of(found.card, found.input_shape)
    split = Split.of(found.card, data)
    training = select(data, "train", split).inputs
    places = np.linspace(0, len(training) - 1, min(TRAINING, len(training))).astype(int)
    again = calibrate(found, training[places], select(data, "validation", split))
    test, before = evaluate(again), found.card["metrics"]["test"]
    if test["accuracy"] != before["accuracy"]:
        raise CnnzooError(f"{found.card['name']} must keep its accuracy; got {test['accuracy']}")
    again.card["metrics"] = {**found.card["metrics"], "test": test}
    return again


def ship_light(found: Classifier, folder: Path = FOLDER) -> None:
    """Write what answers without Keras for the network of `found`, if LiteRT can hold it.

    Raises:
        CnnzooError: The file is too large.
    """
    assert found.model is not None  # A run folder or a shipped name holds an artifact.
    parts = from_model(found.model, found.card).parts
    if not parts:
        return
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in {**parts, artifact.CARD: json.dumps(found.card, indent=1)}.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # Without the time of day.
    packed = lzma.compress(buffer.getvalue())
    name = found.card["name"]
    if len(packed) > LIMIT:
        raise CnnzooError(f"{name} must fit into {LIMIT:,} bytes; got {len(packed):,}")
    write_whole(folder / f"{name}{LIGHT}", packed)


def _artifact(found: Classifier) -> bytes:
    """Return the artifact without what answers without Keras."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / artifact.ARTIFACT
        assert found.model is not None
        artifact.save(path, found.model, found.card)
        return path.read_bytes()


def _round(found: Classifier) -> None:
    """Round the weights of `found` to half precision, kept as single ones.

    Raises:
        CnnzooError: The test accuracy is another then.
    """
    assert found.model is not None
    for weight in found.model.weights:
        if weight.dtype == "float32":
            weight.assign(np.asarray(weight).astype(np.float16))
    name, expected = found.card["name"], found.card["metrics"]["test"]["accuracy"]
    accuracy = evaluate(from_model(found.model, found.card))["accuracy"]
    if accuracy != expected:
        raise CnnzooError(f"{name} must keep its accuracy of {expected}; rounded: {accuracy}")


if __name__ == "__main__":
    for one in sys.argv[1:]:
        trained = artifact.load(one)
        print(ship(calibrated(trained) if one in list_weights() else trained))
