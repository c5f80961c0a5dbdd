"""Networks as one HTML file: a page on which they are tried, without a server or a network."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.export import readers
from cnnzoo.export.html_reference import packed
from cnnzoo.export.litert import tokenizer_of
from cnnzoo.export.operation_writers import WRITERS
from cnnzoo.export.operations import Operations
from cnnzoo.export.serving_files import tokenizer_facts
from cnnzoo.page import one_file

MAX_BYTES = 8 * 2**20  # What phones open, and what is sent by mail.

_CARD = ("name", "task", "dataset", "class_names", "input", "params", "unknown")  # What it shows.


def convert(
    model: keras.Model, card: dict[str, Any], examples: np.ndarray, outputs: np.ndarray
) -> bytes:
    """Return the page of an artifact's model.

    Args:
        model: Folded.
        card: The model card.
        examples: Raw batch, on which the page checks the browser when it is opened; it holds them.
        outputs: What the model gives them: columns of scores and, if there is one, of `known`.

    Raises:
        CnnzooError: The page has no equivalent of a layer, or would be too large.
    """
    reader = (Path(readers.__file__).parent / "tokenizer.js").read_text(encoding="utf-8")
    scripts = {"alone/tokenizer.js": reader.replace("\nclass ", "\nexport class ")}
    checks = [
        {"input": base64.b64encode(bytes(one)).decode(), "outputs": of_one.tolist()}
        for one, of_one in zip(examples, outputs, strict=True)
    ]
    content = {"card": _shown(card), "checks": checks}
    page = one_file({**content, **network(model)}, scripts, f"{card['name']}: try a model").encode()
    if len(page) > MAX_BYTES:
        raise CnnzooError(
            f"format html must have at most {MAX_BYTES:,} bytes, as a phone opens it; "
            f"got {len(page):,} for {card['name']}"
        )
    return page


def network(model: keras.Model) -> dict[str, Any]:
    """Return what `html_reference` and the page compute: operations, weights and tokenizer.

    Raises:
        CnnzooError: There is no equivalent of a layer.
    """
    found, tokenizer = Operations(model, WRITERS), tokenizer_of(model)
    weights = np.concatenate([_rounded(name, one).ravel() for name, one in found.weights])
    return {
        "operations": found.operations,
        "outputs": found.outputs,
        "weights": packed(weights),
        "tokenizer": None if tokenizer is None else json.loads(tokenizer_facts(tokenizer)),
    }


def _rounded(name: str, weights: np.ndarray) -> np.ndarray:
    """Return kernels and tables rounded to 27 bits of 32: they err by a 1,048,576th at most.

    It makes a page a tenth smaller. What is left to other weights, few, is exact.
    """
    if name not in ("kernel", "table"):
        return weights
    bits = np.ascontiguousarray(weights).view(np.uint32)
    return ((bits + 15 + (bits >> 5 & 1)) & 0xFFFFFFE0).view(np.float32)


def _shown(card: dict[str, Any]) -> dict[str, Any]:
    test = card.get("metrics", {}).get("test", {})
    accuracy = {name: test[name] for name in ("accuracy", "examples") if name in test}
    shown = {name: card[name] for name in _CARD if name in card}
    return {**shown, "metrics": {"test": accuracy}} if accuracy else shown
