"""One version of an exported model, loaded and ready to predict: LiteRT, and TensorFlow if needed.

Raw and encoded input goes through LiteRT where the export has it: for one image it is about twenty
times faster than TensorFlow, with the same scores, and TensorFlow is not imported. Other signatures
are TensorFlow's, which is loaded when the first of them is called.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cnnzoo.decoding import decode_image, encode_png
from cnnzoo.errors import CnnzooError
from cnnzoo.export.runtime import Light, check_light, parts_of_export
from cnnzoo.files import read
from cnnzoo.guard.documents import CARD_BYTES, parse_card, parse_json
from cnnzoo.guard.signatures import SIGNATURES
from cnnzoo.guard.sums import SUMS, check_sums
from cnnzoo.quiet import start_tensorflow
from cnnzoo.serving.limits import JPEG, PNG
from cnnzoo.serving.tensors import (
    BYTES,
    DEFAULT_SIGNATURE,
    ENCODED_SIGNATURE,
    Function,
    Input,
)
from cnnzoo.wav import encode_wav, load_wav

_QUICK = 1e-3  # Seconds for one example: not much more than a change of thread takes.
_QUICK_TEXTS, _QUICK_NUMBERS = 2**9, 2**14  # Bytes of a body that holds few such examples.
_TOLERANCE = 1e-4  # Of a score, between TensorFlow and LiteRT.
_NAMED = {"scores", "known", "class_id", "label", "top_scores", "top_labels"}


class Signature:
    """A function of a model from named arrays to named arrays, as `serving_default` is one."""

    def __init__(self, name: str, inputs: dict[str, Input], function: Function) -> None:
        self.name = name
        self.inputs = inputs
        self.quick = 0  # Bytes of a request's body whose answer is there at once.
        self.by_example = False  # Whether each example is answered as if it were alone.
        self._function = function

    def __call__(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the outputs for `arrays`, one per input; several threads may call at a time.

        Raises:
            CnnzooError: The model refuses the arrays.
            MemoryError: There is too little memory for them.
        """
        return self._function(arrays)


class Engine:
    """All signatures of the version in a folder, and its card."""

    def __init__(self, folder: Path) -> None:
        """Load the version in `folder` and let each signature that is loaded answer once.

        Raises:
            CnnzooError: There is no model of cnnzoo there, or it is damaged.
        """
        path = folder / "assets.extra" / "card.json"
        self.card = parse_card(read(path, limit=CARD_BYTES), str(path))
        check_sums(folder)
        self._folder, self._lock = folder, threading.Lock()
        self._opened: dict[str, Any] = {}
        parts, light = parts_of_export(folder), None
        if parts is not None:
            check_light(parts, self.card, str(folder))
            light = Light(parts, str(folder))
        # Whoever exported it has compared LiteRT with TensorFlow, and the sums hold what was there.
        facts = path.with_name(SIGNATURES)
        if light is not None and facts.is_file() and (folder / SUMS).is_file():
            self.signature_defs = _stated(facts)
            stated = {  # TensorFlow's own, such as for initialization, are not to be called.
                name: one for name, one in self.signature_defs.items() if not name.startswith("__")
            }
            self.signatures = {
                name: Signature(name, _inputs(one), self._later(name))
                for name, one in stated.items()
            }
            self._answer_by(light, {name: set(one["outputs"]) for name, one in stated.items()})
        else:
            self._load_all(light)

    def _load_all(self, light: Any) -> None:
        """Take TensorFlow for all signatures and, if it agrees, LiteRT for raw input."""
        found = self._by_tensorflow()
        from cnnzoo.serving.by_tensorflow import signature_defs

        self.signature_defs = signature_defs(self._folder)
        self.signatures = {
            name: Signature(name, inputs, function) for name, (inputs, _, function) in found.items()
        }
        for signature in self.signatures.values():
            self._warm_up(signature)
        theirs = self.signatures.get(DEFAULT_SIGNATURE)
        if theirs is None or light is None:
            return
        self._answer_by(light, {DEFAULT_SIGNATURE: set(found[DEFAULT_SIGNATURE][1])})
        ours = self.signatures[DEFAULT_SIGNATURE]
        noise = {name: _noise(one) for name, one in theirs.inputs.items()}
        if ours is not theirs and not np.allclose(
            ours(noise)["scores"], theirs(noise)["scores"], rtol=0, atol=_TOLERANCE
        ):
            raise CnnzooError(
                f"{self._folder} is damaged: LiteRT does not give the SavedModel's scores"
            )

    def _answer_by(self, light: Any, outputs: Mapping[str, set[str]]) -> None:
        """Let LiteRT answer for those signatures whose `outputs` follow from scores."""
        for name, wanted in outputs.items():
            signature = self.signatures[name]
            if not {"scores"} <= wanted <= _NAMED or len(signature.inputs) != 1:
                continue
            ((given, one),) = signature.inputs.items()
            read_in = _reader(name, given, self.card["input"])
            if read_in is None:
                continue
            answer = _named(light, read_in, given, wanted, self.card)
            faster = Signature(name, signature.inputs, answer)
            faster.by_example = True
            fast = min(self._warm_up(faster) for _ in range(3)) < _QUICK
            if fast and name == DEFAULT_SIGNATURE:  # How long decoding takes, a body does not say.
                faster.quick = _QUICK_TEXTS if one.dtype == "string" else _QUICK_NUMBERS
            self.signatures[name] = faster

    def _later(self, name: str) -> Function:
        def answer(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            return self._by_tensorflow()[name][2](arrays)

        return answer

    def _by_tensorflow(self) -> dict[str, Any]:
        """Return the SavedModel's signatures, loaded when they are first needed."""
        with self._lock:
            if not self._opened:
                try:
                    start_tensorflow()
                except ImportError as error:
                    raise CnnzooError(
                        "this signature needs TensorFlow; run: pip install tensorflow"
                    ) from error
                from cnnzoo.serving.by_tensorflow import signatures

                self._opened = signatures(self._folder)
        return self._opened

    def _warm_up(self, signature: Signature) -> float:
        """Run one blank example, and return the seconds that this took."""
        metadata = self.card["input"]
        blanks = {name: _blank(name, one, metadata) for name, one in signature.inputs.items()}
        begin = time.perf_counter()
        signature(blanks)
        return time.perf_counter() - begin


def _stated(path: Path) -> dict[str, Any]:
    """Return the signatures that an export states.

    Raises:
        CnnzooError: The file is damaged.
    """
    found = parse_json(read(path, limit=CARD_BYTES), str(path))
    try:
        for one in found.values():
            _inputs(one)
            set(one["outputs"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CnnzooError(f"{path} is damaged: it states no signatures") from error
    return found


def _inputs(stated: Mapping[str, Any]) -> dict[str, Input]:
    found = {}
    for name, one in stated["inputs"].items():
        sides = [int(side["size"]) for side in one["tensor_shape"]["dim"]]
        shape = tuple(None if side == -1 else side for side in sides)
        dtype = one["dtype"].removeprefix("DT_").lower()
        dtype = {"float": "float32", "double": "float64"}.get(dtype, dtype)
        found[name] = Input(dtype, None if one["tensor_shape"]["unknown_rank"] else shape)
    return found


def _reader(
    signature: str, name: str, metadata: Mapping[str, Any]
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return what turns the input of a signature into a raw batch; None if TensorFlow must."""
    if signature == DEFAULT_SIGNATURE:
        return lambda batch: batch
    shape = tuple(metadata["shape"])
    if signature != ENCODED_SIGNATURE or not shape:
        return None
    how = {key: metadata[key] for key in ("light_on_dark", "resizing") if key in metadata}

    def decoded(content: bytes) -> np.ndarray:
        if "sample_rate" in metadata:
            return load_wav(content, shape, metadata["sample_rate"], name)
        if not content.startswith((PNG, JPEG)):  # As the SavedModel, which decodes no others.
            raise CnnzooError(f"{name} must be a PNG or JPEG image")
        return decode_image(content, shape, **how, name=name)

    dtype = np.int16 if "sample_rate" in metadata else np.uint8
    return lambda contents: np.array([*map(decoded, contents)], dtype).reshape(-1, *shape)


def _named(
    light: Any,
    read_in: Callable[[np.ndarray], np.ndarray],
    given: str,
    wanted: set[str],
    card: Mapping[str, Any],
) -> Function:
    names = np.array(card["class_names"], object)
    most = min(5, len(names))

    def answer(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        scores, *known = light(read_in(arrays[given]))
        order = np.argsort(-scores, axis=1, kind="stable")[:, :most]  # As tf.math.top_k does.
        found = {
            "scores": scores,
            "class_id": order[:, 0],
            "label": names[order[:, 0]],
            "top_scores": np.take_along_axis(scores, order, axis=1),
            "top_labels": names[order],
        }
        if known:
            unknown = card["unknown"]
            found["known"] = known[0]
            found["label"][known[0] < unknown["threshold"]] = unknown["label"]
        return {output: found[output] for output in found if output in wanted}

    return answer


def _blank(name: str, wanted: Input, metadata: Mapping[str, Any]) -> np.ndarray:
    """Return one example without content for an input of a model whose card states `metadata`."""
    if wanted.dtype != "string":
        return np.zeros([1 if size is None else size for size in wanted.shape or ()], wanted.dtype)
    content = b""
    if name.endswith(BYTES) and "sample_rate" in metadata:
        content = encode_wav(np.zeros(metadata["shape"], np.int16), metadata["sample_rate"])
    elif name.endswith(BYTES):
        content = encode_png(np.zeros(metadata["shape"], np.uint8))
    return np.array([content, b""], object)[:1]


def _noise(wanted: Input) -> np.ndarray:
    """Return two random examples for an input of whole numbers, or two texts."""
    if wanted.dtype == "string":
        return np.array([b"to be or not to be", b"that"], object)
    bounds = np.iinfo(wanted.dtype)
    shape = [2 if size is None else size for size in wanted.shape or ()]
    random = np.random.default_rng(0)
    return random.integers(bounds.min, bounds.max, shape, wanted.dtype, endpoint=True)
