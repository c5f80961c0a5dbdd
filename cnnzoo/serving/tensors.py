"""What stands in the JSON body of a request, as arrays.

TensorFlow Serving's rules: `instances` holds one row per example, `inputs` one column per input;
bytes are {"b64": "..."}. Whole numbers must be whole numbers: 1.0 is no uint8.
"""

from __future__ import annotations

import base64
import binascii
import math
from array import array
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import orjson

from cnnzoo.errors import CnnzooError
from cnnzoo.serving import flat
from cnnzoo.serving.limits import Limits, pixels

DEFAULT_SIGNATURE, ENCODED_SIGNATURE = "serving_default", "serving_bytes"
BYTES = "_bytes"  # Ends the names of inputs and outputs that hold bytes, not text.

Function = Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]  # Of a signature.


class Input(NamedTuple):
    """One input of a signature."""

    dtype: str  # NumPy's name, or "string".
    shape: tuple[int | None, ...] | None  # None where the rank is open.


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`.

    Raises:
        CnnzooError: It is no JSON, or no object; NaN and Infinity are no JSON.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise CnnzooError(f"the body must be JSON; got {error}") from error
    if not isinstance(document, dict):
        raise CnnzooError(f"the body must be a JSON object; got {_kind(document)}")
    return document


def signature_name(document: Mapping[str, Any]) -> str:
    """Return the name of the requested signature, or "".

    Raises:
        CnnzooError: It is no string.
    """
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise CnnzooError(f"signature_name must be a string; got {_kind(name)}")
    return name


def arrays(
    document: Mapping[str, Any], inputs: Mapping[str, Input], limits: Limits
) -> tuple[dict[str, np.ndarray], bool]:
    """Return an array for each of `inputs`, and whether they came as rows.

    Raises:
        CnnzooError: What stands in the document does not fit.
    """
    by_row = "instances" in document
    if by_row == ("inputs" in document):
        found = "both" if by_row else f"{', '.join(map(repr, document)) or 'nothing'}"
        raise CnnzooError(f"the body must hold either 'instances' or 'inputs'; got {found}")
    if by_row:
        columns = _columns(document["instances"], inputs, limits)
    elif _is_named(document["inputs"]) or len(inputs) != 1:
        columns = document["inputs"]
        _check_names(columns, "inputs", inputs)
    else:
        columns = dict.fromkeys(inputs, document["inputs"])
    return {name: _array(columns[name], name, inputs[name], limits) for name in inputs}, by_row


def whole_numbers(
    numbers: bytes, inputs: Mapping[str, Input], limits: Limits
) -> dict[str, np.ndarray] | None:
    """Return the array of a signature's one input if `numbers`, JSON of rows, is that and fits.

    For all else, None is returned, and `arrays` says what is wrong.
    """
    if len(inputs) != 1:
        return None
    ((name, wanted),) = inputs.items()
    if wanted.shape is None or wanted.dtype == "string":
        return None
    found = flat.integers(numbers, wanted.shape, wanted.dtype)
    return None if found is None or len(found) > limits.instances else {name: found}


def _columns(rows: Any, inputs: Mapping[str, Input], limits: Limits) -> dict[str, Any]:
    if not isinstance(rows, list) or not rows:
        found = "an empty one" if rows == [] else _kind(rows)
        raise CnnzooError(f"instances must be a list of at least one example; got {found}")
    check_number(len(rows), "instances", limits)
    if not any(map(_is_named, rows)) and len(inputs) == 1:
        return dict.fromkeys(inputs, rows)
    for place, row in enumerate(rows):
        _check_names(row, f"instances[{place}]", inputs)
    return {name: [row[name] for row in rows] for name in inputs}


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() != {"b64"}


def _check_names(value: Any, where: str, inputs: Mapping[str, Input]) -> None:
    if not isinstance(value, dict) or value.keys() != inputs.keys():
        names = ", ".join(map(repr, sorted(inputs)))
        found = ", ".join(map(_short, value)) if isinstance(value, dict) else _kind(value)
        raise CnnzooError(f"{where} must be an object with {names}; got {found or 'an empty one'}")


def _array(values: Any, name: str, wanted: Input, limits: Limits) -> np.ndarray:
    leaves, shape, kinds = _flat(values, name)
    if wanted.dtype != "string" and kinds == {dict} and len(shape) <= 1:
        contents = [_string(leaf, name, encoded=True) for leaf in leaves]
        if len(set(map(len, contents))) > 1:
            raise CnnzooError(f"{name} must have as many bytes in each example; got several sizes")
        return raw(b"".join(contents), name, wanted, limits, len(contents) if shape else None)
    check_shape(shape, name, wanted.shape)
    if shape:
        check_number(shape[0], name, limits)
    if wanted.dtype == "string":
        found = strings(
            [_string(leaf, name, name.endswith(BYTES)) for leaf in leaves], name, limits
        )
    else:
        found = _numbers(leaves, kinds, name, wanted.dtype)
    return found.reshape(shape)


def raw(
    content: bytes, name: str, wanted: Input, limits: Limits, count: int | None = None
) -> np.ndarray:
    """Return the array of an input whose values are `content`, in little-endian byte order.

    Args:
        content: Examples one after the other.
        name: Of the input.
        wanted: The input; all its axes but the first have sizes.
        limits: Of the request.
        count: How many examples there must be; None: as many as there are.

    Raises:
        CnnzooError: They do not fit.
    """
    sides = (wanted.shape or (None,))[1:]
    if None in sides or wanted.shape is None:
        raise CnnzooError(f"{name} has no fixed shape, so raw bytes do not say what they are")
    dtype = np.dtype(wanted.dtype).newbyteorder("<")
    size = math.prod(sides) * dtype.itemsize  # type: ignore[arg-type]
    found = len(content) / size if size else 0
    if found != (count or int(found)):
        sizes = " x ".join(map(str, (*sides, f"{dtype.itemsize} bytes")))
        raise CnnzooError(
            f"{name} must have {size:,} bytes an example, {sizes}; got {len(content):,} bytes"
            + (f" for {count} of them" if count else "")
        )
    check_number(int(found), name, limits)
    values = np.frombuffer(content, dtype).reshape(-1, *sides).astype(wanted.dtype, copy=False)
    return _finite(values, name)


def _finite(values: np.ndarray, name: str) -> np.ndarray:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise CnnzooError(f"{name} must be finite numbers; got {values[~np.isfinite(values)][0]}")
    return values


def _flat(values: Any, name: str) -> tuple[list[Any], list[int], set[type]]:
    """Return the leaves of nested lists, the lists' shape, and the leaves' types."""
    leaves, shape = [values], []
    while list in (kinds := set(map(type, leaves))):
        sizes = set(map(len, leaves)) if len(kinds) == 1 else set()
        if len(sizes) != 1:
            what = "lists of several sizes" if len(kinds) == 1 else "lists and values"
            raise CnnzooError(f"{name} must not be ragged; got {what} side by side")
        shape.append(sizes.pop())
        leaves = list(chain.from_iterable(leaves))
    return leaves, shape, kinds


def check_shape(found: list[int], name: str, wanted: tuple[int | None, ...] | None) -> None:
    """Refuse another shape than that of an input.

    Raises:
        CnnzooError: It is another.
    """
    if wanted is None:
        return
    fits = len(found) == len(wanted) and all(
        want in (None, have) for have, want in zip(found, wanted, strict=True)
    )
    if not fits:
        sizes = ["batch" if size is None else str(size) for size in wanted]
        raise CnnzooError(f"{name} must have shape [{', '.join(sizes)}]; got {found}")


def check_number(number: int, name: str, limits: Limits) -> None:
    """Refuse a request of no examples, or of too many.

    Raises:
        CnnzooError: It is one.
    """
    if not 1 <= number <= limits.instances:
        raise CnnzooError(f"{name} must hold 1 to {limits.instances} examples; got {number:,}")


def _numbers(leaves: list[Any], kinds: set[type], name: str, dtype: str) -> np.ndarray:
    if dtype == "bool":
        return np.array(_checked(leaves, kinds, {bool}, name, "true or false"), bool)
    if np.dtype(dtype).kind not in "iu":
        numbers = np.array(_checked(leaves, kinds, {int, float}, name, "numbers"), np.float64)
        with np.errstate(over="ignore"):
            cast = numbers.astype(dtype)
        if not np.isfinite(cast).all():
            raise CnnzooError(f"{name} must fit in {dtype}; got {abs(numbers).max()}")
        return cast
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    rule = f"whole numbers from {low} to {high}"
    _checked(leaves, kinds, {int}, name, rule)
    try:
        return np.frombuffer(array(np.dtype(dtype).char, leaves), dtype)
    except OverflowError:
        wrong = next(leaf for leaf in leaves if not low <= leaf <= high)
        raise CnnzooError(f"{name} must be {rule}; got {wrong}") from None


def _checked(
    leaves: list[Any], kinds: set[type], wanted: set[type], name: str, rule: str
) -> list[Any]:
    if not kinds <= wanted:
        wrong = next(leaf for leaf in leaves if type(leaf) not in wanted)
        raise CnnzooError(f"{name} must be {rule}; got {_short(wrong)}")
    return leaves


def _string(leaf: Any, name: str, encoded: bool) -> bytes:
    if isinstance(leaf, str):
        return leaf.encode()
    if not isinstance(leaf, dict) or leaf.keys() != {"b64"} or not isinstance(leaf["b64"], str):
        raise CnnzooError(f'{name} must be strings or {{"b64": string}}; got {_short(leaf)}')
    try:  # As in TensorFlow Serving, the filling at the end may be missing.
        content = base64.b64decode(leaf["b64"] + "=" * (-len(leaf["b64"]) % 4), validate=True)
        if not encoded:
            content.decode()
    except binascii.Error as error:
        raise CnnzooError(f"{name} must hold valid base64; got {_short(leaf['b64'])}") from error
    except UnicodeDecodeError as error:
        raise CnnzooError(f"{name} must be UTF-8; got {content[error.start :][:1]!r}") from error
    return content


def strings(contents: list[bytes], name: str, limits: Limits) -> np.ndarray:
    """Return `contents` as an array of objects.

    Raises:
        CnnzooError: They are too large together.
    """
    _check_strings(contents, name, limits)
    found = np.empty(len(contents), object)
    found[:] = contents
    return found


def _check_strings(contents: list[bytes], name: str, limits: Limits) -> None:
    if not name.endswith(BYTES):
        size = len(contents) * max(map(len, contents), default=0)
        if size > limits.text:
            raise CnnzooError(
                f"{name} must come to at most {limits.text:,} bytes, the longest times their "
                f"number; got {size:,}"
            )
        return
    number = sum(map(pixels, contents))
    if number > limits.pixels:
        raise CnnzooError(f"{name} must have {limits.pixels:,} pixels at most; got {number:,}")


def _kind(value: Any) -> str:
    """Return what JSON calls `value`."""
    if value is None:
        return "null"
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return kinds.get(type(value), "a number")


def _short(value: Any) -> str:
    """Return a number or the beginning of a string as it is, else what it is called."""
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:40] + "...")
    return str(value) if type(value) in (int, float) else _kind(value)
