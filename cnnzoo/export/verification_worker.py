"""Run exported files with only their runtime, as their users would.

Run: python verification_worker.py JOB

A job is a pickle of a runtime's name and of runs, each a file, a signature and inputs. Results take
its place: columns of scores and, if the file gives it, of `known`, and the latency.
"""

from __future__ import annotations

import importlib.util
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

_BATCH = 50  # Examples at once.
_SECONDS = 0.3  # For timing a file.
_UNTIMED = ("html",)  # Run here by another program than where it is used.

OUTPUTS = ("scores", "known")

Run = Callable[[Any], list[np.ndarray]]  # What a batch gives, as OUTPUTS.


def main(job: str) -> None:
    """Replace the content of the file `job` by scores and latency of each run in it."""
    runtime, runs = pickle.loads(Path(job).read_bytes())
    results = []
    for file, signature, inputs in runs:
        run = RUNTIMES[runtime](file, signature)
        batches = [inputs[begin : begin + _BATCH] for begin in range(0, len(inputs), _BATCH)]
        batches.append(inputs[:1])
        if inputs.dtype.hasobject and runtime in ("litert", "onnx"):
            batches = [_tokens(Path(file).parent, texts) for texts in batches]
        *batches, one = batches
        found = np.concatenate([np.column_stack(run(batch)) for batch in batches])
        results.append((found, None if runtime in _UNTIMED else _latency(run, one)))
    Path(job).write_bytes(pickle.dumps(results))


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


def _html(path: str, _: str) -> Run:
    from cnnzoo.export.html_reference import Reference

    return Reference.of_page(path)


RUNTIMES = {
    "savedmodel": _saved_model,
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


def _latency(run: Run, one: Any) -> float:
    """Return the median time for one example, in microseconds."""
    run(one)
    seconds: list[float] = []
    while not seconds or sum(seconds) < _SECONDS:
        begin = time.perf_counter()
        run(one)
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds)) * 1e6


if __name__ == "__main__":
    for unneeded in ("keras", "jax"):  # TensorFlow would import them: half the time of its own.
        sys.modules[unneeded] = None  # type: ignore[assignment]
    main(*sys.argv[1:])
