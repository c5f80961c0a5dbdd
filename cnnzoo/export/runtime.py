"""The runtime of LiteRT files: neither Keras nor TensorFlow is needed."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from cnnzoo.errors import CnnzooError
from cnnzoo.export.readers.tokenizer import Tokenizer
from cnnzoo.files import read
from cnnzoo.guard.documents import parse_json
from cnnzoo.guard.tokenizer_file import check_tokenizer
from cnnzoo.guard.trial import require_bounded
from cnnzoo.quiet import silent_stderr

_ROUNDING = 1e-3  # Of a sum of scores.

# Scores `[batch, classes]` and, of a network that has it, the familiarity `[batch]`, float32.
Outputs = tuple[np.ndarray, ...]

LITERT, TOKENIZER = "model.tflite", "tokenizer.json"  # Parts of an artifact, files of an export.


def parts_of_export(folder: Path) -> dict[str, bytes] | None:
    """Return the parts of `Light` in a version's folder; None where it holds no LiteRT file.

    Raises:
        CnnzooError: A file cannot be read.
    """
    files = {name: folder / "assets.extra" / name for name in (LITERT, TOKENIZER)}
    if not files[LITERT].is_file():
        return None
    return {name: read(path) for name, path in files.items() if path.is_file()}


def check_light(parts: Mapping[str, bytes], card: Mapping[str, Any], owner: str) -> None:
    """Check that the network in `parts`, a stranger's, answers, and answers as its `card` says.

    Raises:
        CnnzooError: It takes or gives something else, no scores, or more than a bounded effort.
    """
    room = 4 * len(parts[LITERT])  # For weights, which LiteRT packs in other forms.
    require_bounded(lambda: _disagreement(Light(parts, owner), card), owner, room)


def _disagreement(light: Light, card: Mapping[str, Any]) -> str:
    """Return in what network and card differ, if they do."""
    shape = tuple(card["input"]["shape"])
    taken = light.network.input_shape
    if TOKENIZER not in light.parts and (shape != taken or not shape):
        return f"must take what its card says, {shape}; its network takes {taken}"
    blank = np.array([b"", b""], object)[:1]
    if shape:
        blank = np.zeros((1, *shape), light.network.input_type)
    return disagreement(light(blank), card)


def disagreement(outputs: Outputs, card: Mapping[str, Any]) -> str:
    """Return in what the `outputs` for one example are not those of a `card`, if they are not."""
    scores, *known = outputs
    classes = len(card["class_names"])
    if scores.shape != (1, classes):
        return f"must give a score for each of its {classes} classes; got shape {scores.shape}"
    if not np.isfinite(scores).all() or abs(float(scores.sum()) - 1) > _ROUNDING:
        return f"must give scores that sum to 1; got a sum of {float(scores.sum()):g}"
    if bool(known) != ("unknown" in card):
        return f"must give {'known' if 'unknown' in card else 'scores alone'}, as its card says"
    if known and not (known[0].shape == (1,) and 0 <= float(known[0][0]) <= 1):
        return f"must give a familiarity from 0 to 1; got {known[0].tolist()}"
    return ""


class Light:
    """Scores and familiarity of a raw batch by LiteRT, without Keras.

    Args:
        parts: The LiteRT file and, for texts, what the tokenizer is made of, by name.
        owner: Where they come from, for messages.

    Raises:
        CnnzooError: One is damaged.
    """

    def __init__(self, parts: Mapping[str, bytes], owner: str) -> None:
        self.parts, self._owner = parts, owner
        try:
            self.network = LiteRT(parts[LITERT])
        except (ValueError, RuntimeError) as error:
            raise CnnzooError(f"{LITERT} of {owner} is damaged: {error}") from error
        self._tokenizer: Tokenizer | None = None
        if TOKENIZER in parts:
            content = parse_json(parts[TOKENIZER], f"{TOKENIZER} of {owner}")
            self._tokenizer = Tokenizer(check_tokenizer(content, f"{TOKENIZER} of {owner}"))

    def __reduce__(self) -> tuple[type[Light], tuple[Mapping[str, bytes], str]]:
        """Pickle what it is made of."""
        return Light, (self.parts, self._owner)

    def __call__(self, batch: np.ndarray) -> Outputs:
        """Return the outputs for a raw batch."""
        if self._tokenizer is None:
            return self.network(batch)
        return self.network(np.array(self._tokenizer(batch), np.int32))


class LiteRT:
    """A LiteRT file with one input, ready to run in any thread."""

    def __init__(self, content: bytes) -> None:
        """Load the file.

        Raises:
            ValueError: It is none.
        """
        threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
        self._content, self._cores = content, threads or os.cpu_count() or 1
        with silent_stderr():  # It prints, once per process, which delegate it uses.
            first = _Interpreter(content, self._cores)
        self.input_shape, self.input_type = first.input_shape, first.input_type
        # Calls at the same time: the first has all cores, the others one each.
        self._idle, self._made, self._change = [first], 1, threading.Condition()

    def __call__(self, inputs: np.ndarray) -> Outputs:
        """Return the outputs for `inputs`, `[batch, ...]` of the type that the file takes."""
        interpreter = self._borrow()
        try:
            return interpreter(inputs)
        finally:
            with self._change:
                self._idle.append(interpreter)
                self._change.notify()

    def _borrow(self) -> _Interpreter:
        with self._change:
            while not self._idle and self._made >= self._cores:
                self._change.wait()
            if self._idle:
                return self._idle.pop()
            self._made += 1
        return _Interpreter(self._content, 1)


class _Interpreter:
    """One interpreter of LiteRT, for one call at a time."""

    def __init__(self, content: bytes, threads: int) -> None:
        self._interpreter = Interpreter(model_content=content, num_threads=threads)
        self._interpreter.allocate_tensors()
        given = self._interpreter.get_input_details()[0]
        self._input = given["index"]
        outputs = self._interpreter.get_output_details()
        outputs.sort(key=lambda one: -len(one["shape_signature"]))  # Scores come first.
        self._outputs = [one["index"] for one in outputs]
        self.input_shape = tuple(given["shape_signature"][1:].tolist())
        self.input_type = given["dtype"]
        self._shape: tuple[int, ...] | None = None

    def __call__(self, inputs: np.ndarray) -> Outputs:
        """Return the outputs for `inputs`."""
        if inputs.shape != self._shape:
            self._interpreter.resize_tensor_input(self._input, inputs.shape)
            self._interpreter.allocate_tensors()
            self._shape = inputs.shape
        self._interpreter.set_tensor(self._input, inputs)
        self._interpreter.invoke()
        return tuple(map(self._interpreter.get_tensor, self._outputs))
