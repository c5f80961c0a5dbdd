"""The runtime of LiteRT files: neither Keras nor TensorFlow is needed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from cnnzoo.errors import CnnzooError
from cnnzoo.export.readers.tokenizer import Tokenizer
from cnnzoo.files import read
from cnnzoo.quiet import silent_stderr


def scores_of(folder: Path) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return the function from a raw batch to scores, float32 `[batch, classes]`, of an export.

    Args:
        folder: Of a version, as `cnnzoo.export` publishes it. None is returned where it holds no
            LiteRT file.

    Raises:
        CnnzooError: The LiteRT file is damaged.
    """
    path = folder / "assets.extra" / "model.tflite"
    if not path.is_file():
        return None
    try:
        model = LiteRT(read(path))
    except (ValueError, RuntimeError) as error:
        raise CnnzooError(f"{path} is damaged: {error}") from error
    tokenizer_path = path.with_name("tokenizer.json")
    if not tokenizer_path.is_file():
        return model
    tokenizer = Tokenizer(tokenizer_path)
    return lambda texts: model(np.array(tokenizer(texts), np.int32))


class LiteRT:
    """A LiteRT file with one input and one output, ready to run in any thread."""

    def __init__(self, content: bytes) -> None:
        """Load the file.

        Raises:
            ValueError: It is none.
        """
        threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
        with silent_stderr():  # It prints, once per process, which delegate it uses.
            self._interpreter = Interpreter(
                model_content=content, num_threads=threads or os.cpu_count() or 1
            )
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._shape: tuple[int, ...] | None = None
        self._lock = threading.Lock()  # An interpreter holds one output at a time.

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Return the output for `inputs`, `[batch, ...]` of the type that the file takes."""
        with self._lock:
            if inputs.shape != self._shape:
                self._interpreter.resize_tensor_input(self._input, inputs.shape)
                self._interpreter.allocate_tensors()
                self._shape = inputs.shape
            self._interpreter.set_tensor(self._input, inputs)
            self._interpreter.invoke()
            return self._interpreter.get_tensor(self._output)
