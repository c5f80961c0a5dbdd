"""The signatures of a SavedModel by TensorFlow, which is imported when the first one is loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from cnnzoo.errors import CnnzooError
from cnnzoo.files import read
from cnnzoo.guard.saved_model import check_saved_model
from cnnzoo.guard.signatures import stated
from cnnzoo.serving.tensors import BYTES, Function, Input

_ASSERTION = re.compile(r"assertion failed: \[(.+?)\](?:\s|$)")


def signatures(folder: Path) -> dict[str, tuple[dict[str, Input], list[str], Function]]:
    """Return inputs, names of outputs, and function of each signature of the SavedModel.

    The functions raise CnnzooError for arrays that the model refuses, MemoryError for too many.

    Raises:
        CnnzooError: There is no SavedModel in `folder`, or it is damaged or does more than compute.
    """
    check_saved_model(folder)
    try:
        loaded = tf.saved_model.load(folder)
    except Exception as error:  # TensorFlow has an exception for each way to be damaged.
        raise CnnzooError(f"{folder} is damaged or no SavedModel: {_line(error)}") from error
    found = {}
    for name, function in loaded.signatures.items():
        function._cnnzoo_owner = loaded  # A signature alone does not keep its variables alive.
        inputs = _inputs(function)
        found[name] = inputs, list(function.structured_outputs), _run(function, inputs)
    return found


def signature_defs(folder: Path) -> dict[str, Any]:
    """Return the signatures as the file states them, in the JSON of Protocol Buffers."""
    return stated(saved_model_pb2.SavedModel.FromString(read(folder / "saved_model.pb")))


def _inputs(function: Any) -> dict[str, Input]:
    found = {}
    for name, spec in function.structured_input_signature[1].items():
        shape = None if spec.shape.rank is None else tuple(spec.shape.as_list())
        found[name] = Input(spec.dtype.name, shape)
    return found


def _run(function: Any, inputs: Mapping[str, Input]) -> Function:
    specs = function.structured_input_signature[1]

    def answer(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        try:
            tensors = {name: tf.constant(arrays[name], spec.dtype) for name, spec in specs.items()}
            return {name: value.numpy() for name, value in function(**tensors).items()}
        # TensorFlow quotes the input in its message, which then may not be UTF-8.
        except (tf.errors.InvalidArgumentError, UnicodeDecodeError) as error:
            raise CnnzooError(_refusal(error, inputs)) from error
        except tf.errors.ResourceExhaustedError as error:
            raise MemoryError from error

    return answer


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
