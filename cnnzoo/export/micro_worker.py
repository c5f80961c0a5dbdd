"""Run an int8 file by TensorFlow Lite Micro's interpreter, and by LiteRT's reference kernels.

Run: python micro_worker.py JOB

A job is a pickle of the file and of quantized inputs, int8 `[examples, ...]`. In its place come the
outputs of both, int8 `[examples, classes]`, and the names of the file's operators; standard error
gets what the micro interpreter says, such as the arena that it used.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np

_ARENA = 2**26  # Bytes at most, more than any microcontroller has.


def main(job: str) -> None:
    """Replace the content of the file `job` by what comes of it."""
    content, inputs = pickle.loads(Path(job).read_bytes())
    outputs = _micro(content, inputs), _reference(content, inputs)
    Path(job).write_bytes(pickle.dumps((*outputs, _operators(content))))


def _micro(content: bytes, inputs: np.ndarray) -> np.ndarray:
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(content, arena_size=_ARENA)
    found = []
    for values in inputs:
        interpreter.set_input(values[None], 0)
        interpreter.invoke()
        found.append(interpreter.get_output(0)[0].copy())
    interpreter.print_allocations()
    return np.stack(found)


def _reference(content: bytes, inputs: np.ndarray) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kernels = OpResolverType.BUILTIN_REF  # Others round some sums in another way.
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    (given,), (scores,) = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for values in inputs:
        interpreter.set_tensor(given["index"], values[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(scores["index"])[0])
    return np.stack(found)


def _operators(content: bytes) -> list[str]:
    """Return the names of the file's operators, such as "CONV_2D", in order of their numbers."""
    from tflite_micro import runtime

    names = vars(runtime.schema_fb.BuiltinOperator)
    by_code = {code: name for name, code in names.items() if name.isupper()}
    model = runtime.convert_bytearray_to_object(content)
    used = {one.opcodeIndex for part in model.subgraphs for one in part.operators}
    codes = {
        runtime.get_builtin_code_from_operator_code(model.operatorCodes[place]) for place in used
    }
    return [by_code[code] for code in sorted(codes)]


if __name__ == "__main__":
    main(*sys.argv[1:])
