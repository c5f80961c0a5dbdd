"""Run exported files with only their runtime, as their users would.

Run: python verification_worker.py JOB

A job is a pickle of a runtime's name, of runs, each a file, a signature and inputs, of the sizes of
batches that are timed and of the calls at least. Results take its place, a run each: columns of
scores and, if the file gives it, of `known`; seconds of each call, by size of the batch; and the
most memory that the process has had before it scored more, in bytes.
"""

from __future__ import annotations

import importlib.util
import pickle
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

_BATCH = 50  # Examples at once.
_SECONDS = 0.3  # For timing a file.
_UNNEEDED = ("keras", "jax")  # TensorFlow would import them: half the time of its own.

OUTPUTS = ("scores", "known")

Run = Callable[[Any], list[np.ndarray]]  # What a batch gives, as OUTPUTS.


def main(job: str) -> None:
    """Replace the content of the file `job` by the results of each run in it."""
    runtime, runs, sizes, calls = pickle.loads(Path(job).read_bytes())
    results = []
    for file, signature, inputs in runs:
        run = RUNTIMES[runtime](file, signature)
        batches = [inputs[:size] for size in sizes]
        batches += [inputs[begin : begin + _BATCH] for begin in range(0, len(inputs), _BATCH)]
        if inputs.dtype.hasobject and runtime in ("litert", "onnx"):
            batches = [_tokens(Path(file).parent, texts) for texts in batches]
        timed = {
            size: _seconds(run, batch, calls) for size, batch in zip(sizes, batches, strict=False)
        }
        peak = _peak()
        scored = [np.column_stack(run(batch)) for batch in batches[len(sizes) :]]
        results.append((np.concatenate(scored), timed, peak))
    Path(job).write_bytes(pickle.dumps(results))


def _keras(path: str, _: str) -> Run:
    for name in _UNNEEDED:
        if sys.modules.get(name, path) is None:
            del sys.modules[name]
    import tensorflow as tf

    import cnnzoo

    model = cnnzoo.load(path).model
    assert model is not None  # It is no SavedModel.

    def run(batch: Any) -> list[np.ndarray]:
        found = model.predict_on_batch(tf.convert_to_tensor(batch))
        return [found[one] for one in OUTPUTS] if isinstance(found, dict) else [found]

    return run


def _saved_model(folder: str, signature: str) -> Run:
    import tensorflow as tf

    function = tf.saved_model.load(folder).signatures[signature]
    ((name, spec),) = function.structured_input_signature[1].items()

    def run(batch: Any) -> list[np.ndarray]:
        found = function(**{name: tf.constant(batch, spec.dtype)})
        return [found[output].numpy() for output in OUTPUTS if output in found]

    return run


def _litert(path: str, _: str) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=path)
    given, outputs = interpreter.get_input_details()[0], interpreter.get_output_details()
    outputs.sort(key=lambda one: -len(one["shape_signature"]))  # Scores come first.
    shape = ()

    def run(batch: np.ndarray) -> list[np.ndarray]:
        nonlocal shape
        if batch.shape != shape:
            interpreter.resize_tensor_input(given["index"], batch.shape)
            interpreter.allocate_tensors()
            shape = batch.shape
        interpreter.set_tensor(given["index"], batch)
        interpreter.invoke()
        return [interpreter.get_tensor(one["index"]) for one in outputs]

    return run


def _micro(path: str, _: str) -> Run:
    """LiteRT, one example at a time, quantized: as a microcontroller gets it, but faster."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=path)
    interpreter.allocate_tensors()
    given, scores = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    (scale, zero), (step, offset) = given["quantization"], scores["quantization"]

    def run(batch: np.ndarray) -> list[np.ndarray]:
        found = []
        for values in np.clip(np.round(batch / scale) + zero, -128, 127).astype(np.int8):
            interpreter.set_tensor(given["index"], values[None])
            interpreter.invoke()
            found.append(interpreter.get_tensor(scores["index"]).astype(np.float32)[0])
        return [(np.stack(found) - offset) * step]

    return run


def _onnx(path: str, _: str) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    outputs = [one.name for one in session.get_outputs()]
    return lambda batch: session.run(outputs, {name: batch})


def _openvino(folder: str, _: str) -> Run:
    import openvino

    exact = {"INFERENCE_PRECISION_HINT": "f32"}  # By default it takes bfloat16 where a CPU has it.
    model = openvino.Core().compile_model(openvino.convert_model(folder), "CPU", exact)
    given = {name for output in model.outputs for name in output.names}

    def run(batch: Any) -> list[np.ndarray]:
        found = model(batch)
        return [found[output] for output in OUTPUTS if output in given]

    return run


def _html(path: str, _: str) -> Run:
    from cnnzoo.export.html_reference import Reference

    return Reference.of_page(path)


RUNTIMES = {
    "keras": _keras,
    "savedmodel": _saved_model,
    "openvino": _openvino,
    "litert": _litert,
    "micro": _micro,
    "onnx": _onnx,
    "html": _html,
}


def _tokens(folder: Path, texts: np.ndarray) -> np.ndarray:
    """Return the tokens of `texts` by the reader that is stored next to the file."""
    spec = importlib.util.spec_from_file_location("tokenizer", folder / "tokenizer.py")
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return np.array(module.Tokenizer(folder / "tokenizer.json")(texts), np.int32)


def _seconds(run: Run, batch: Any, calls: int) -> list[float]:
    """Return the time of each of several calls, after a first one."""
    run(batch)
    seconds: list[float] = []
    while len(seconds) < calls or sum(seconds) < _SECONDS:
        begin = time.perf_counter()
        run(batch)
        seconds.append(time.perf_counter() - begin)
    return seconds


def _peak() -> int | None:
    """Return the most memory that this process has had, in bytes, where Linux counts it.

    `getrusage` would count that of the process which started this one too.
    """
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.is_file() else None
    return 1024 * int(found[1]) if found else None


if __name__ == "__main__":
    for unneeded in _UNNEEDED:
        sys.modules[unneeded] = None  # type: ignore[assignment]
    main(*sys.argv[1:])
