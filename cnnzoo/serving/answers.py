"""Arrays that a signature gave, as the JSON body of a response, in TensorFlow Serving's format."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from cnnzoo.errors import CnnzooError
from cnnzoo.serving.tensors import BYTES


def dump(document: Any) -> bytes:
    """Return `document`, in which arrays may stand, as JSON."""
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def error(sentence: str) -> bytes:
    """Return the body of a response that says what is wrong."""
    return dump({"error": sentence})


def body(outputs: Mapping[str, np.ndarray], by_row: bool) -> bytes:
    """Return the response's body: `predictions` for rows, else `outputs`.

    Args:
        outputs: Arrays whose first dimension is the batch.
        by_row: Whether the request held `instances`.

    Raises:
        CnnzooError: Rows are requested, and outputs have no common first dimension.
    """
    columns = {
        name: _strings(values.tolist(), name.endswith(BYTES))
        if values.dtype == object
        else np.ascontiguousarray(values)
        for name, values in outputs.items()
    }
    if not by_row:
        return dump({"outputs": columns if len(columns) > 1 else next(iter(columns.values()))})
    sizes = {values.shape[:1] for values in outputs.values()}
    if len(sizes) != 1 or () in sizes:
        raise CnnzooError(
            "instances must be inputs: this signature does not give one output per row"
        )
    if len(columns) == 1:
        return dump({"predictions": next(iter(columns.values()))})
    names = columns.keys()
    rows = zip(*columns.values(), strict=True)
    return dump({"predictions": [dict(zip(names, row, strict=True)) for row in rows]})


def _strings(values: Any, encoded: bool) -> Any:
    if isinstance(values, list):
        return [_strings(value, encoded) for value in values]
    if isinstance(values, str):
        return values
    if encoded:
        return {"b64": base64.b64encode(values).decode()}
    return values.decode("utf-8", "replace")
