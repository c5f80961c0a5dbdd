"""Files next to a SavedModel: the tokenizer with its readers, and TensorFlow Serving's warm-up.

TensorFlow Serving replays the warm-up requests when it loads a version, so that the first client
need not wait. They are TFRecords of `PredictionLog`, whose few fields are written here: its Python
classes come with a package of their own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from cnnzoo.cleaning import CLEANINGS
from cnnzoo.export import readers
from cnnzoo.export.runtime import TOKENIZER
from cnnzoo.pipelines.tokenizer import Tokenizer

READERS = ("tokenizer.py", "tokenizer.js")  # Plain Python and plain JavaScript.
WARMUP = "tf_serving_warmup_requests"  # The name that TensorFlow Serving looks for.

# Numbers of fields.
_PREDICT_LOG = 6  # Of PredictionLog.
_REQUEST = 1  # Of PredictLog.
_MODEL_SPEC, _INPUTS = 1, 2  # Of PredictRequest.
_NAME, _SIGNATURE_NAME = 1, 3  # Of ModelSpec.
_KEY, _VALUE = 1, 2  # Of an entry of a map.


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write what turns texts into the tokens of `tokenizer` into `folder`."""
    (folder / TOKENIZER).write_bytes(tokenizer_facts(tokenizer))
    for reader in READERS:
        shutil.copy(Path(readers.__file__).parent / reader, folder / reader)


def tokenizer_facts(tokenizer: Tokenizer) -> bytes:
    """Return the file from which the readers make a tokenizer that cuts texts as `tokenizer`."""
    config = tokenizer.get_config()
    sides = ("length", "shortest", "padding", "truncation", "backwards")
    metadata = {
        "format": 1,
        "level": config["level"],
        "cleaning": CLEANINGS[config["cleaning"]]._asdict(),
        **{name: config[name] for name in sides},
        "vocabulary": config["vocabulary"],  # Bytes that are not UTF-8 as lone surrogates.
    }
    return json.dumps(metadata, indent=1).encode()


def write_warmup(path: Path, model: str, requests: Mapping[str, tuple[str, Any]]) -> None:
    """Write the file of requests.

    Args:
        path: A file named WARMUP, in a version's `assets.extra`.
        model: Name under which the model is served.
        requests: Signature -> name and value of its input.
    """
    with tf.io.TFRecordWriter(str(path)) as records:
        for signature, (name, value) in requests.items():
            spec = _field(_NAME, model.encode()) + _field(_SIGNATURE_NAME, signature.encode())
            tensor = tf.make_tensor_proto(value).SerializeToString()
            entry = _field(_KEY, name.encode()) + _field(_VALUE, tensor)
            request = _field(_MODEL_SPEC, spec) + _field(_INPUTS, entry)
            records.write(_field(_PREDICT_LOG, _field(_REQUEST, request)))


def _field(number: int, content: bytes) -> bytes:
    """Return a field of bytes as protocol buffers write it: number and type, length, content."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])
