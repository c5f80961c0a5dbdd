"""Networks as ONNX files."""

from __future__ import annotations

import logging
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.export.assembly import named
from cnnzoo.export.classifier import OUTPUTS
from cnnzoo.export.litert import after_tokenizer, numeric_spec
from cnnzoo.keras_internals import frozen

OPSET = 18  # Of 2022; ONNX Runtime reads it since 1.14.
PACKAGES = ("tf2onnx", "onnx", "onnxruntime")


def convert(model: keras.Model) -> bytes:
    """Return the ONNX file of an artifact's model or, after a tokenizer, of the rest.

    Its input, named as the model's or "tokens", has a free batch and, for texts of any length, a
    free length; its outputs are those of the model.

    Raises:
        CnnzooError: ONNX has no equivalent of an operation.
    """
    import onnx
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # The checker reports what is wrong.
    spec = numeric_spec(model)
    numeric = after_tokenizer(model)
    function = tf.function(
        lambda inputs: named(numeric(inputs)), input_signature=[spec], autograph=False
    ).get_concrete_function()
    # From a graph with variables, tf2onnx loses kernels that are made of constants.
    constant = frozen(function)
    (given,) = constant.inputs
    names = dict(zip(sorted(function.structured_outputs), constant.outputs, strict=True))
    outputs = {names[name].name: name for name in OUTPUTS if name in names}
    proto, _ = tf2onnx.convert.from_graph_def(
        constant.graph.as_graph_def(),
        input_names=[given.name],
        output_names=list(outputs),
        tensors_to_rename={given.name: spec.name, **outputs},
        opset=OPSET,
        custom_op_handlers={"SelectV2": (_where, []), "Erfc": (_erfc, [])},
    )
    _finish(proto)
    onnx.checker.check_model(proto, full_check=True)
    return proto.SerializeToString()


def _where(_context: Any, node: Any, _name: str, _arguments: list[Any]) -> Any:
    # By default tf2onnx multiplies both sides with 0 and 1, which makes NaN of a side's infinity.
    node.type = "Where"
    return node


def _erfc(context: Any, node: Any, name: str, _arguments: list[Any]) -> Any:
    # ONNX has no such function, by which Keras computes GELU, but the error function itself.
    one = context.make_const(f"{name}_one", np.ones((), np.float32))
    erf = context.make_node("Erf", list(node.input))
    node.type = "Sub"
    context.replace_inputs(node, [one.output[0], erf.output[0]])
    return node


def _finish(proto: Any) -> None:
    """Name the axes that are free, if ONNX has all operations."""
    import onnx

    used = {node.op_type for node in proto.graph.node}
    missing = sorted(name for name in used if not onnx.defs.has(name, max_inclusive_version=OPSET))
    if missing:
        raise CnnzooError(
            f"format onnx cannot hold the network: it has no equivalent of {', '.join(missing)}"
        )
    for value in (*proto.graph.input, *proto.graph.output):
        for axis, name in zip(value.type.tensor_type.shape.dim, ("batch", "length"), strict=False):
            if not axis.HasField("dim_value"):
                axis.dim_param = name
