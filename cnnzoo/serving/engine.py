"""One version of an exported model, loaded and ready to predict: TensorFlow, or LiteRT.

A SavedModel has every signature. Raw input goes through LiteRT where the export has it: for one
image it is about twenty times faster than TensorFlow, with the same scores.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2

from cnnzoo.errors import CnnzooError
from cnnzoo.export.runtime import light_scores
from cnnzoo.files import read
from cnnzoo.guard.documents import CARD_BYTES, parse_card
from cnnzoo.guard.saved_model import check_saved_model
from cnnzoo.guard.sums import check_sums
from cnnzoo.serving.tensors import BYTES, DEFAULT_SIGNATURE, Input

Function = Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]

_QUICK = 1e-3  # Seconds for one example: not much more than a change of thread takes.
_QUICK_TEXTS, _QUICK_NUMBERS = 2**9, 2**14  # Bytes of a body that holds few such examples.
_TOLERANCE = 1e-4  # Of a score, between TensorFlow and LiteRT.
_NAMED = {"scores", "class_id", "label", "top_scores", "top_labels"}
_ASSERTION = re.compile(r"assertion failed: \[(.+?)\](?:\s|$)")


class Signature:
    """A function of a model from named arrays to named arrays, as `serving_default` is one."""

    def __init__(self, name: str, inputs: dict[str, Input], function: Function) -> None:
        self.name = name
        self.inputs = inputs
        self.quick = 0  # Bytes of a request's body whose answer is there at once.
        self._function = function

    def __call__(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the outputs for `arrays`, one per input; several threads may call at a time.

        Raises:
            CnnzooError: The model refuses the arrays.
            MemoryError: There is too little memory for them.
        """
        try:
            return self._function(arrays)
        # TensorFlow quotes the input in its message, which then may not be UTF-8.
        except (tf.errors.InvalidArgumentError, UnicodeDecodeError) as error:
            raise CnnzooError(_refusal(error, self.inputs)) from error
        except tf.errors.ResourceExhaustedError as error:
            raise MemoryError from error


class Engine:
    """All signatures of the version in a folder, and its card."""

    def __init__(self, folder: Path) -> None:
        """Load the version in `folder` and let each signature answer once.

        Raises:
            CnnzooError: There is no model of cnnzoo there, or it is damaged.
        """
        path = folder / "assets.extra" / "card.json"
        self.card = parse_card(read(path, limit=CARD_BYTES), str(path))
        check_sums(folder)
        check_saved_model(folder)
        try:
            self._loaded = tf.saved_model.load(folder)
        except Exception as error:  # TensorFlow has an exception for each way to be damaged.
            raise CnnzooError(f"{folder} is damaged or no SavedModel: {_line(error)}") from error
        self.signature_defs = _signature_defs(folder)
        self.signatures = {
            name: Signature(name, _inputs(function), _tensorflow(function))
            for name, function in self._loaded.signatures.items()
        }
        for signature in self.signatures.values():
            self._warm_up(signature)
        self._use_litert(folder)

    def _use_litert(self, folder: Path) -> None:
        function, model = self._loaded.signatures.get(DEFAULT_SIGNATURE), light_scores(folder)
        if function is None or model is None:
            return
        outputs = function.structured_outputs
        (name, given), *more = _inputs(function).items()
        if more or not {"scores"} <= outputs.keys() <= _NAMED:
            return
        answer = _litert(model, name, outputs, self.card["class_names"])
        signature = Signature(DEFAULT_SIGNATURE, {name: given}, answer)
        noise = {name: _noise(given)}
        ours, theirs = (
            run(noise)["scores"] for run in (signature, self.signatures[DEFAULT_SIGNATURE])
        )
        if not np.allclose(ours, theirs, rtol=0, atol=_TOLERANCE):
            raise CnnzooError(f"{folder} is damaged: LiteRT does not give the SavedModel's scores")
        if min(self._warm_up(signature) for _ in range(3)) < _QUICK:
            signature.quick = _QUICK_TEXTS if given.dtype == "string" else _QUICK_NUMBERS
        self.signatures[DEFAULT_SIGNATURE] = signature

    def _warm_up(self, signature: Signature) -> float:
        """Run one blank example, and return the seconds that this took."""
        metadata = self.card["input"]
        blanks = {name: _blank(name, one, metadata) for name, one in signature.inputs.items()}
        begin = time.perf_counter()
        signature(blanks)
        return time.perf_counter() - begin


def _signature_defs(folder: Path) -> dict[str, Any]:
    """Return the signatures as the file states them, in the JSON of Protocol Buffers."""
    saved = saved_model_pb2.SavedModel.FromString(read(folder / "saved_model.pb"))
    stated = json_format.MessageToDict(
        saved.meta_graphs[0],
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
    )
    return stated["signature_def"]


def _inputs(function: Any) -> dict[str, Input]:
    found = {}
    for name, spec in function.structured_input_signature[1].items():
        shape = None if spec.shape.rank is None else tuple(spec.shape.as_list())
        found[name] = Input(spec.dtype.name, shape)
    return found


def _tensorflow(function: Any) -> Function:
    specs = function.structured_input_signature[1]

    def answer(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        tensors = {name: tf.constant(arrays[name], spec.dtype) for name, spec in specs.items()}
        return {name: value.numpy() for name, value in function(**tensors).items()}

    return answer


def _litert(model: Any, name: str, wanted: Mapping[str, Any], class_names: list[str]) -> Function:
    names = np.array(class_names, object)
    most = min(5, len(names))

    def answer(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        scores = model(arrays[name])
        order = np.argsort(-scores, axis=1, kind="stable")[:, :most]  # As tf.math.top_k does.
        found = {
            "scores": scores,
            "class_id": order[:, 0],
            "label": names[order[:, 0]],
            "top_scores": np.take_along_axis(scores, order, axis=1),
            "top_labels": names[order],
        }
        return {output: found[output] for output in wanted}

    return answer


def _blank(name: str, wanted: Input, metadata: Mapping[str, Any]) -> np.ndarray:
    """Return one example without content for an input of a model whose card states `metadata`."""
    if wanted.dtype != "string":
        return np.zeros([1 if size is None else size for size in wanted.shape or ()], wanted.dtype)
    content = b""
    if name.endswith(BYTES) and "sample_rate" in metadata:
        content = tf.audio.encode_wav(
            np.zeros(metadata["shape"], "f4"), metadata["sample_rate"]
        ).numpy()
    elif name.endswith(BYTES):
        content = tf.io.encode_png(np.zeros(metadata["shape"], np.uint8)).numpy()
    return np.array([content, b""], object)[:1]


def _noise(wanted: Input) -> np.ndarray:
    """Return two random examples for an input of whole numbers, or two texts."""
    if wanted.dtype == "string":
        return np.array([b"to be or not to be", b"that"], object)
    bounds = np.iinfo(wanted.dtype)
    shape = [2 if size is None else size for size in wanted.shape or ()]
    random = np.random.default_rng(0)
    return random.integers(bounds.min, bounds.max, shape, wanted.dtype, endpoint=True)


def _refusal(error: Exception, inputs: Mapping[str, Input]) -> str:
    """Return what the model's own check says, or else which input it cannot use."""
    found = _ASSERTION.search(str(error))
    if found:
        return found.group(1)
    names = ", ".join(inputs)
    if any(name.endswith(BYTES) for name in inputs):
        return f"{names} must be decodable; got damaged content"
    return f"{names} must be what the model takes; got: {_line(error)}"


def _line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
