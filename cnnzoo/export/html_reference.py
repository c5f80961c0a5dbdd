"""What a page answers, computed by NumPy from the page's own operations and weights."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cnnzoo.export.readers.tokenizer import Tokenizer

BEGIN, END = '<script type="application/json" id="network">', "</script>"
OPERATIONS: dict[str, Callable[..., np.ndarray]] = {}

_GELU = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


class Reference:
    """Scores and, if there is one, familiarity of raw batches, as a page computes them."""

    def __init__(self, content: dict[str, Any]) -> None:
        """Take what the page's scripts take."""
        self.content = content
        self.operations = list(_with_weights(self.content))
        facts = self.content["tokenizer"]
        self.tokenizer = None if facts is None else Tokenizer(facts)

    @classmethod
    def of_page(cls, path: str | Path) -> Reference:
        """Return that of the page at `path`."""
        page = Path(path).read_text(encoding="utf-8")
        begin = page.index(BEGIN) + len(BEGIN)
        return cls(json.loads(page[begin : page.index(END, begin)]))

    def __call__(self, batch: np.ndarray) -> list[np.ndarray]:
        """Return the outputs for raw images, sounds or texts."""
        if self.tokenizer is None:
            return self.run(batch)
        rows = [np.array(self.tokenizer([text])) for text in batch]  # Each as long as it is.
        found = [self.run(tokens) for tokens in rows]
        return [np.concatenate(one) for one in zip(*found, strict=True)]

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        """Return the outputs for raw images or sounds, or for tokens `[batch, length]`."""
        shape = (*batch.shape, 1) if self.tokenizer is not None else batch.shape
        values = [batch.astype(np.float32).reshape(_four(shape))]
        for kind, inputs, arguments in self.operations:
            values.append(OPERATIONS[kind](*(values[place] for place in inputs), **arguments))
        outputs = self.content["outputs"]
        found = [values[outputs[name]] for name in ("scores", "known") if name in outputs]
        return [one.reshape(len(one), -1) for one in found]


def _four(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], *(1,) * (4 - len(shape)), *shape[1:])


def _with_weights(content: dict[str, Any]) -> Iterator[tuple[str, list[int], dict[str, Any]]]:
    """Yield kind, inputs and arguments of each operation, the weights among these."""
    weights, begin = unpacked(content["weights"]), 0
    for one in content["operations"]:
        arguments = dict(one)
        kind, inputs = arguments.pop("kind"), arguments.pop("inputs")
        del arguments["name"]
        for name, shape in arguments.pop("weights", {}).items():
            size = int(np.prod(shape))
            arguments[name] = weights[begin : begin + size].reshape(shape)
            begin += size
        yield kind, inputs, arguments


def packed(weights: np.ndarray) -> str:
    """Return float32 `weights` as text.

    Of all numbers the first bytes, then the second, and so on, which zlib makes smaller, in base64.
    """
    bits = weights.view(np.uint32)
    planes = np.stack([bits >> shift & 0xFF for shift in (24, 16, 8, 0)]).astype(np.uint8)
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode()


def unpacked(text: str) -> np.ndarray:
    """Return what `packed` packed, float32."""
    planes = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8).reshape(4, -1)
    first, second, third, last = planes.astype(np.uint32)
    return (first << 24 | second << 16 | third << 8 | last).view(np.float32)


def _operation(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Register an operation by its name after the underscore."""
    OPERATIONS[function.__name__[1:]] = function
    return function


@_operation
def _scale(values: np.ndarray, factor: np.ndarray, offset: np.ndarray) -> np.ndarray:
    return values * factor + offset


@_operation
def _pad(values: np.ndarray, pads: list[int], filler: float = 0.0) -> np.ndarray:
    above, below, left, right = pads
    margins = ((0, 0), (above, below), (left, right), (0, 0))
    return np.pad(values, margins, constant_values=filler)


def _windows(
    values: np.ndarray, window: list[int], strides: list[int], dilation: list[int]
) -> np.ndarray:
    """Return what each window sees, `[batch, rows, columns, channels, *window]`."""
    reach = [(size - 1) * apart + 1 for size, apart in zip(window, dilation, strict=True)]
    (down, right), (rows, columns) = strides, dilation
    found = np.lib.stride_tricks.sliding_window_view(values, reach, axis=(1, 2))
    return found[:, ::down, ::right, :, ::rows, ::columns]


@_operation
def _conv(
    values: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray,
    pads: list[int],
    strides: list[int],
    dilation: list[int],
    groups: int,
) -> np.ndarray:
    windows = _windows(_pad(values, pads), list(kernel.shape[:2]), strides, dilation)
    seen, given = (size // groups for size in (values.shape[-1], kernel.shape[-1]))
    parts = []
    for group in range(groups):
        part = windows[:, :, :, group * seen : (group + 1) * seen]
        own = kernel[..., group * given : (group + 1) * given]
        parts.append(np.tensordot(part, own, axes=((3, 4, 5), (2, 0, 1))))
    return np.concatenate(parts, axis=-1) + bias


@_operation
def _max_pool(
    values: np.ndarray, window: list[int], strides: list[int], pads: list[int]
) -> np.ndarray:
    return _windows(_pad(values, pads, -np.inf), window, strides, [1, 1]).max(axis=(4, 5))


@_operation
def _average_pool(
    values: np.ndarray, window: list[int], strides: list[int], pads: list[int]
) -> np.ndarray:
    sums, counts = (
        _windows(_pad(one, pads), window, strides, [1, 1]).sum(axis=(4, 5))
        for one in (values, np.ones_like(values))  # Padding is left out of the mean.
    )
    return sums / counts


@_operation
def _max_all(values: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    counted = values if mask is None else np.where(mask > 0, values, -np.inf)
    greatest = counted.max(axis=(1, 2), keepdims=True)
    return np.where(greatest > -np.inf, greatest, 0)


@_operation
def _average_all(values: np.ndarray) -> np.ndarray:
    return values.mean(axis=(1, 2), keepdims=True)


@_operation
def _channels(values: np.ndarray, order: list[int]) -> np.ndarray:
    found = values[..., order]
    found[..., np.array(order) < 0] = 0
    return found


@_operation
def _reshape(values: np.ndarray, shape: list[int]) -> np.ndarray:
    return values.reshape(-1, *shape)


@_operation
def _relu(values: np.ndarray, most: float = np.inf) -> np.ndarray:
    return values.clip(0, most)


@_operation
def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values.astype(np.float64)))


@_operation
def _tanh(values: np.ndarray) -> np.ndarray:
    return np.tanh(values)


@_operation
def _scaled_tanh(values: np.ndarray) -> np.ndarray:
    return 1.7159 * np.tanh(values * 2 / 3)


@_operation
def _gelu(values: np.ndarray) -> np.ndarray:
    """By the error function of Abramowitz and Stegun 1964, formula 7.1.26: to within 1.5e-7."""
    share = 1 / (1 + 0.3275911 * np.abs(values) / 2**0.5)
    tail = share * np.polyval(_GELU[::-1], share) * np.exp(-values * values / 2)
    return values * np.where(values > 0, 1 - tail / 2, tail / 2)


@_operation
def _softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@_operation
def _positive(values: np.ndarray) -> np.ndarray:
    return (values > 0).astype(np.float32)


@_operation
def _signed_root(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.sqrt(np.abs(values))


@_operation
def _add(*values: np.ndarray) -> np.ndarray:
    return sum(values[1:], start=values[0])


@_operation
def _multiply(*values: np.ndarray) -> np.ndarray:
    found = values[0]
    for one in values[1:]:
        found = found * one
    return found


@_operation
def _concatenate(*values: np.ndarray) -> np.ndarray:
    return np.concatenate(values, axis=-1)


@_operation
def _embedding(tokens: np.ndarray, table: np.ndarray) -> np.ndarray:
    return table[tokens[..., 0].astype(int)]


@_operation
def _known_words(tokens: np.ndarray) -> np.ndarray:
    known, count = ((tokens > least).sum(axis=(1, 2, 3), keepdims=True) for least in (1, 0))
    return known / np.maximum(count, 1)


@_operation
def _distances(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return minus the squared distance from each code."""
    return -np.square(values[..., None, :] - codes).sum(axis=-1)


@_operation
def _familiarity(
    values: np.ndarray,
    directions: np.ndarray,
    shift: np.ndarray,
    centers: np.ndarray,
    offsets: np.ndarray,
) -> np.ndarray:
    found = values @ directions + shift
    nearest = (found @ centers + offsets).max(axis=-1, keepdims=True)
    return _sigmoid(nearest - np.square(found).sum(axis=-1, keepdims=True))


@_operation
def _views(values: np.ndarray, shifts: list[int]) -> np.ndarray:
    _, height, width, _ = values.shape
    wide = np.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    shifted = [wide[:, 1 + by : 1 + by + height, 1 + by : 1 + by + width] for by in shifts]
    found = [view for one in shifted for view in (one, one[:, :, ::-1])]
    return np.stack(found, axis=1).reshape(-1, *values.shape[1:])


@_operation
def _blend(values: np.ndarray, shares: list[float]) -> np.ndarray:
    """Return the weighted sums of every so many examples, the views of one."""
    grouped = values.reshape(-1, len(shares), *values.shape[1:])
    return np.tensordot(grouped, np.array(shares, np.float32), axes=((1,), (0,)))
