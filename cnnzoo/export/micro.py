"""Networks as C++ for microcontrollers: the model, test vectors and programs that run them.

TensorFlow Lite Micro interprets the model. Before anything is written, its interpreter for this
machine must give the int8 outputs of LiteRT's reference kernels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from cnnzoo.errors import CnnzooError
from cnnzoo.export import micro_project, micro_worker
from cnnzoo.export.fresh_process import run_fresh
from cnnzoo.export.verification_data import COMPARED
from cnnzoo.files import write_whole
from cnnzoo.pipelines.input_types import raw_input

PACKAGES = ("tflite_micro",)

VECTORS = 10  # Test examples that are compiled into the programs.

_FILES = ("README.md", "model.h", "test_vectors.h", "micro.ino", "host/Makefile", "host/host.cc")
_NAMES = {  # Of operators -> of the resolver's methods, where these follow another rule.
    "BATCH_MATMUL": "BatchMatMul",
    "CUMSUM": "CumSum",
    "PADV2": "PadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTM",
}


class Trial(NamedTuple):
    """What TensorFlow Lite Micro makes of a file."""

    inputs: np.ndarray  # int8 `[examples, ...]`.
    outputs: np.ndarray  # int8 `[examples, classes]`.
    different: int  # Examples with an output that is not LiteRT's.
    arena: int  # Bytes that it needs beside the file, on this machine.
    operators: list[str]  # As the file names them, such as "CONV_2D".


def write_project(folder: Path, content: bytes, card: dict[str, Any], examples: np.ndarray) -> None:
    """Write the C++ files of an int8 file, after a trial with the first of `examples`.

    Args:
        folder: To be made.
        content: What `litert.whole_int8` returned.
        card: Of the network.
        examples: Raw batch.

    Raises:
        CnnzooError: TensorFlow Lite Micro lacks an operator, or gives other outputs than LiteRT.
    """
    found = trial(content, examples[:COMPARED])
    if found.different:
        raise CnnzooError(
            f"format micro must give the int8 outputs of LiteRT's reference kernels; got others "
            f"for {found.different} of {len(found.inputs)} examples, and nothing was published"
        )
    facts = _facts(content, card, found)
    (folder / "host").mkdir(parents=True)
    write_whole(folder / "model.tflite", content)
    for name in _FILES:
        text = resources.files(micro_project).joinpath(name).read_text(encoding="utf-8")
        write_whole(folder / name, Template(text).safe_substitute(facts).encode())
    write_whole(folder / "model.cc", _model_source(content, card["class_names"]).encode())
    write_whole(folder / "test_vectors.cc", _vectors_source(found).encode())


def trial(content: bytes, examples: np.ndarray) -> Trial:
    """Return what TensorFlow Lite Micro, in a fresh process, makes of raw `examples`.

    Raises:
        CnnzooError: It lacks an operator of the file, or does not run it.
    """
    (scale, zero), _ = _quantizations(content)
    inputs = np.clip(np.round(examples / scale) + zero, -128, 127).astype(np.int8)
    found, messages = run_fresh(micro_worker, (content, inputs))
    if found is None:
        missing = re.search("Didn't find op for builtin opcode '(.+?)'", messages)
        reason = f"it has no equivalent of {missing[1]}" if missing else messages.splitlines()[0]
        raise CnnzooError(f"format micro cannot hold the network: {reason}")
    outputs, wanted, operators = found
    different = int((outputs != wanted).any(axis=1).sum())
    used = re.search(r"Arena allocation total (\d+) bytes", messages)
    assert used is not None  # It says so in all versions.
    return Trial(inputs, outputs, different, int(used[1]), operators)


def _quantizations(content: bytes) -> tuple[tuple[float, int], tuple[float, int]]:
    """Return scale and zero point of the file's input and of its output."""
    interpreter = Interpreter(model_content=content)
    (given,), (scores,) = interpreter.get_input_details(), interpreter.get_output_details()
    return given["quantization"], scores["quantization"]


def _facts(content: bytes, card: dict[str, Any], found: Trial) -> dict[str, Any]:
    """Return what the files state, by the name that stands for it in them."""
    raw = raw_input(card["input"])
    methods = [_method(name) for name in found.operators]
    (scale, zero), (step, offset) = _quantizations(content)
    return {
        "name": card["name"],
        "raw": "pixels, 0 to 255" if raw.name == "images" else "samples, -32,768 to 32,767",
        "shape": ", ".join(map(str, raw.shape)),
        "model_bytes": len(content),
        "arena": found.arena,
        "inputs": found.inputs[0].size,
        "classes": len(card["class_names"]),
        "input_scale": _number(scale),
        "input_zero": zero,
        "score_scale": _number(step),
        "step": f"{step:g}",
        "score_zero": offset,
        "operators": len(methods),
        "listed": ", ".join(f"`{name}`" for name in found.operators),
        "added": " ||\n      ".join(f"resolver.Add{one}() != kTfLiteOk" for one in methods),
        "vectors": min(VECTORS, len(found.inputs)),
        "compared": len(found.inputs),
    }


def _method(operator: str) -> str:
    """Return what follows "Add" in the resolver's method: CONV_2D -> Conv2D."""
    words = "".join(part.capitalize() for part in operator.split("_"))
    return _NAMES.get(operator) or re.sub(r"(?<=\d)d", "D", words)


def _number(value: float) -> str:
    """Return a float32 as C++ writes it, exactly."""
    return f"{np.float32(value):.9g}" + ("f" if value % 1 else ".0f")


def _model_source(content: bytes, class_names: list[str]) -> str:
    names = ",\n".join(f"    {_literal(name)}" for name in class_names)
    return (
        '#include "model.h"\n\n'
        f"alignas(16) const unsigned char kModel[kModelBytes] = {{\n{_rows(content)}\n}};\n\n"
        f"const char* const kClassNames[kClasses] = {{\n{names},\n}};\n"
    )


def _vectors_source(found: Trial) -> str:
    arrays = {"kInputs[kVectors][kInputBytes]": found.inputs}
    arrays["kOutputs[kVectors][kClasses]"] = found.outputs
    lines = ['#include "test_vectors.h"\n']
    for name, values in arrays.items():
        rows = ",\n".join(f"{{\n{_rows(one.ravel())}\n}}" for one in values[:VECTORS])
        lines.append(f"\nconst int8_t {name} = {{\n{rows},\n}};\n")
    return "".join(lines)


def _rows(values: Iterable[int]) -> str:
    """Return numbers as lines of C++."""
    written = list(map(str, values))
    lines = (", ".join(written[begin : begin + 16]) for begin in range(0, len(written), 16))
    return ",\n".join(f"    {line}" for line in lines)


def _literal(text: str) -> str:
    """Return `text` as a C++ string of ASCII, whatever characters it has."""
    plain = set(range(32, 127)) - set(b'"\\?')  # Two question marks start a trigraph.
    return '"' + "".join(chr(b) if b in plain else f"\\{b:03o}" for b in text.encode()) + '"'
