"""Exports of an artifact, each verified in a fresh process before it is published."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from cnnzoo.addresses import folder_at, is_address, push, required_local, shown
from cnnzoo.datasets import Dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.export import html_file, litert, micro, onnx_file
from cnnzoo.export.artifact import CARD
from cnnzoo.export.assembly import connect, parts_of
from cnnzoo.export.card import markdown
from cnnzoo.export.classifier import Classifier
from cnnzoo.export.folding import folded
from cnnzoo.export.litert import tokenizer_of
from cnnzoo.export.publishing import publish
from cnnzoo.export.runtime import LITERT, TOKENIZER, Light
from cnnzoo.export.serving_files import WARMUP, tokenizer_facts, write_tokenizer, write_warmup
from cnnzoo.export.signatures import ServingGraph
from cnnzoo.export.temperature import fit_temperature
from cnnzoo.export.verification import Format, verify
from cnnzoo.export.verification_data import (
    COMPARED,
    SCORED,
    TestVectors,
    collect_vectors,
    data_of,
    generated,
    training_examples,
)
from cnnzoo.extras import install
from cnnzoo.guard.signatures import SIGNATURES, stated
from cnnzoo.guard.sums import write_sums
from cnnzoo.keras_internals import converter_error
from cnnzoo.pipelines.input_types import RawTexts
from cnnzoo.pipelines.splits import Split, select
from cnnzoo.registry import unknown

EXTRA = "assets.extra"  # In a version's folder: all but the SavedModel itself.

FORMATS = {
    "savedmodel": Format("", "savedmodel", tolerance=1e-5),
    "litert": Format(f"{EXTRA}/model.tflite", "litert", tolerance=1e-4),
    # A weight of 11 bits is wrong by 1/4096 at most, so that a logit of 20 moves by hundredths even
    # where all weights err alike, and a score by a quarter of that. Labels differ only where two
    # scores are as close as this.
    "litert_float16": Format(f"{EXTRA}/model_float16.tflite", "litert", tolerance=1e-2),
    "litert_int8": Format(f"{EXTRA}/model_int8.tflite", "litert", tolerance=None),
    "onnx": Format(f"{EXTRA}/model.onnx", "onnx", tolerance=1e-4),
    "micro": Format(f"{EXTRA}/micro/model.tflite", "micro", tolerance=None, known=False),
    "html": Format(f"{EXTRA}/model.html", "html", tolerance=1e-4),
}
DEFAULT = ("savedmodel", "litert")
_PACKAGES = {"onnx": onnx_file.PACKAGES, "micro": micro.PACKAGES}  # Beyond those of cnnzoo.

_CHECKED = 3  # Examples on which a page checks the browser.


def export(
    classifier: Classifier,
    to: str | Path = "saved_models",
    formats: Sequence[str] = DEFAULT,
    data: Dataset | str | Path | None = None,
    name: str | None = None,
) -> list[dict[str, Any]]:
    """Publish `classifier` as the next version of `to`/<name>/, whole or not at all.

    Each version is a SavedModel, whose `assets.extra` holds the other formats.

    Args:
        classifier: What `cnnzoo.load` returned, unless it came from a SavedModel.
        to: Folder of all exported models, or its address, such as s3://bucket/models.
        formats: Names of FORMATS; "savedmodel" is among them in any case.
        data: A data set, or the name or path of one, instead of the one of the card.
        name: Of the exported model, instead of the card's.

    Returns:
        One dictionary per format, the SavedModel first: `format`, `path`, `bytes`; `max_difference`
        of a score from the artifact's and `label_agreement` (fraction), over `compared` examples of
        the test set (`examples` is "test") or, where that is not on this machine, random ones
        ("generated"); `accuracy` on the test set of a format that is judged by it, else None; and
        `latency_us`, the median time for one example in a fresh process, which a page has not.

    Raises:
        CnnzooError: A format is unknown, needs more packages or cannot hold the network, the
            classifier came from a SavedModel, the data do not fit, or an export gives other scores
            than the artifact; then nothing is published.
    """
    chosen = _chosen(formats)
    if name is not None:
        classifier = classifier.renamed(name)
    if classifier.model is None:
        raise CnnzooError("model must be a run, an artifact or a shipped name; got a SavedModel")
    scored = any(one.tolerance is None for one in chosen.values())
    dataset = data_of(classifier, data)
    vectors = collect_vectors(classifier, dataset, SCORED if scored else COMPARED)
    rows: dict[str, dict[str, Any]] = {}

    def write(folder: Path) -> None:
        _write(classifier, folder, chosen, vectors, dataset)
        rows.update(verify(folder, chosen, vectors))
        write_sums(folder)

    away = is_address(to)
    base, called = (folder_at(str(to)), shown) if away else (required_local(to, "models"), str)
    version = publish(base / classifier.card["name"], write)
    push(base)
    return [
        {"format": name, "path": called(version / one.file), "bytes": _bytes(version / one.file)}
        | rows[name]
        for name, one in chosen.items()
    ]


def _chosen(formats: Sequence[str]) -> dict[str, Format]:
    """Return those of FORMATS that are to be written."""
    for name in formats:
        if name not in FORMATS:
            raise CnnzooError(unknown("format", name, FORMATS))
        if not all(map(importlib.util.find_spec, _PACKAGES.get(name, ()))):
            raise CnnzooError(f"format {name} needs more packages; run: {install(name)}")
    return {name: one for name, one in FORMATS.items() if name in ("savedmodel", *formats)}


def _write(
    classifier: Classifier,
    folder: Path,
    formats: dict[str, Format],
    vectors: TestVectors,
    dataset: Dataset | None,
) -> None:
    """Write all files of a version."""
    model, card = folded(classifier.model), dict(classifier.card)
    graph = ServingGraph(model, card)
    try:
        tf.saved_model.save(graph, folder, signatures=graph.functions)
    except tf.errors.OpError as error:  # Such as of a full disk.
        reason = str(error.message).strip().splitlines()[0]
        raise CnnzooError(f"{folder.parent} cannot be written: {reason}") from error
    extra = folder / EXTRA
    extra.mkdir()
    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    (extra / SIGNATURES).write_text(json.dumps(stated(saved), indent=1))
    raw = classifier.raw
    requests = {"serving_default": (raw.name, vectors.inputs[:1])}
    if not isinstance(raw, RawTexts):
        requests["serving_bytes"] = (raw.encoded, vectors.encoded[:1])
    write_warmup(extra / WARMUP, card["name"], requests)
    tokenizer = tokenizer_of(model)
    if tokenizer is not None and len(formats) > 1:
        write_tokenizer(tokenizer, extra)
    for name, one in formats.items():
        if name != "savedmodel":
            content = _converted(name, model, card, classifier, dataset)
            if name == "micro":
                micro.write_project((folder / one.file).parent, content, card, vectors.inputs)
            else:
                (folder / one.file).write_bytes(content)
    (extra / CARD).write_text(json.dumps(card, indent=1))
    (extra / "MODEL_CARD.md").write_text(markdown(card), encoding="utf-8")


def _converted(
    name: str,
    model: keras.Model,
    card: dict[str, Any],
    classifier: Classifier,
    dataset: Dataset | None,
) -> bytes:
    """Return the file of a format other than SavedModel; `card` learns of a temperature."""
    try:
        if name == "onnx":
            return onnx_file.convert(model)
        if name == "html":
            return html_file.convert(model, card, *generated(classifier, _CHECKED))
        if name in ("litert_int8", "micro"):
            return int8(name, model, card, classifier, dataset)
        return {"litert": litert.convert, "litert_float16": litert.float16}[name](model)
    except (tf.errors.OpError, converter_error(), RuntimeError) as error:
        missing = ", ".join(sorted(set(re.findall(r"'tf\.(\w+)' op", str(error)))))
        reason = f"it has no equivalent of {missing}" if missing else str(error).splitlines()[0]
        raise CnnzooError(f"format {name} cannot hold the network: {reason}") from error


def int8(
    name: str,
    model: keras.Model,
    card: dict[str, Any],
    classifier: Classifier,
    dataset: Dataset | None,
) -> bytes:
    """Return the file of an int8 format, with a temperature of its own if one is calibrated.

    Args:
        name: "litert_int8" or "micro".
        model: Folded.
        card: Of the network; learns the temperature.
        classifier: Of whose training examples the ranges are those.
        dataset: Of the examples, or None where it is not on this machine.

    Raises:
        CnnzooError: The data set is not here, or the format is not for texts.
    """
    if name == "micro" and tokenizer_of(model) is not None:
        raise CnnzooError(
            "format micro must hold a network for images or sounds; got one for texts"
        )
    examples = training_examples(classifier, dataset, name)
    if "calibration" in card and dataset is not None:
        temperature = _temperature(model, card, examples, dataset)
        card["calibration"] = {**card["calibration"], "temperature_of_int8": temperature}
        model = connect(parts_of(model)._replace(temperature=temperature), model.inputs[0])
    return {"litert_int8": litert.int8, "micro": litert.whole_int8}[name](model, examples)


def _temperature(
    model: keras.Model, card: dict[str, Any], examples: np.ndarray, dataset: Dataset
) -> float:
    """Return the temperature of the network in int8, fitted to validation data."""
    facts = tokenizer_of(model)
    parts = {LITERT: litert.int8(model, examples)}
    parts |= {} if facts is None else {TOKENIZER: tokenizer_facts(facts)}
    held_out = select(dataset, "validation", Split.of(card, dataset))
    scores = Classifier(card, Light(parts, "the int8 file")).scores(held_out.inputs)
    return card["calibration"]["temperature"] * fit_temperature(scores, held_out.labels)


def _bytes(path: Path) -> int:
    """Return the size of a file, or of a SavedModel without its extra assets."""
    if path.is_file():
        return path.stat().st_size
    files = (file for file in path.rglob("*") if file.is_file())
    return sum(file.stat().st_size for file in files if EXTRA not in file.relative_to(path).parts)
