"""Texts as they come, strings, arrays and files of lines, to UTF-8 bytes."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.files import read
from cnnzoo.lazy import keras
from cnnzoo.lazy import tensorflow as tf


def as_bytes(text: Any, name: str = "text") -> bytes:
    """Return `text`, a string or bytes, as bytes.

    A string is encoded as UTF-8. What Python put into it for bytes that were not UTF-8, such as in
    the arguments of a command, turns into these bytes again.

    Raises:
        CnnzooError: It is something else, or half of a surrogate pair; `name` stands in the
            message.
    """
    if isinstance(text, bytes):
        return bytes(text)
    if not isinstance(text, str):
        raise CnnzooError(f"{name} must be a string; got {text!r}")
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        found = text[error.start]
        raise CnnzooError(
            f"{name} must be Unicode text; got half of a surrogate pair, {found!r}, at character "
            f"{error.start}"
        ) from error


def check_texts(texts: Any, name: str = "texts") -> list[bytes]:
    """Return `texts`, a list or array `[texts]` of strings or bytes, as a list of bytes.

    Raises:
        CnnzooError: A single text, another rank, or something that is no string.
    """
    texts = texts.numpy() if hasattr(texts, "numpy") else texts
    array_of_texts = isinstance(texts, np.ndarray) and texts.ndim == 1
    if not array_of_texts and not isinstance(texts, (list, tuple)):
        shape = getattr(texts, "shape", None)
        found = f"one {type(texts).__name__}" if shape is None else f"shape {list(shape)}"
        raise CnnzooError(f"{name} must be a list of strings; got {found}")
    return [as_bytes(text, f"{name}[{place}]") for place, text in enumerate(texts)]


def string_tensor(texts: Any) -> Any:
    """Return `texts`, a list or array of strings, or a tensor, as a string tensor `[texts]`.

    Raises:
        CnnzooError: They are no strings, or of another rank.
    """
    if not isinstance(texts, (tf.Tensor, keras.KerasTensor)):
        return tf.constant(check_texts(texts), tf.string)
    dtype = keras.backend.standardize_dtype(texts.dtype)
    if dtype != "string" or len(texts.shape) != 1:
        found = f"{dtype} {list(texts.shape)}"
        raise CnnzooError(f"texts must be strings of shape [batch]; got {found}")
    return texts


_MARKS = (  # Those of UTF-32 come first: that of UTF-16 is a part of one.
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_END = re.compile("\r\n|\r|\n")  # str.splitlines would also split at 0x85 and others.


def read_lines(path: Path, encoding: str | None = None, limit: int | None = None) -> list[str]:
    """Return the lines of a text file, without their ends: a newline, a carriage return, or both.

    Args:
        path: A file.
        encoding: Its encoding, such as "cp1252", if it does not begin with a byte order mark; UTF-8
            by default.
        limit: Bytes that it may have at most, if there is a limit.

    Raises:
        CnnzooError: There is no such file, it is too large, the encoding is unknown, or a line is
            not in it.
    """
    lines = _LINE_END.split(_decoded(read(path, limit), encoding, path))
    return lines if lines[-1] else lines[:-1]


def require_encoding(encoding: str) -> None:
    """Refuse an encoding of texts that Python does not know.

    Raises:
        CnnzooError: It does not.
    """
    try:
        " ".encode(encoding)
    except (LookupError, ValueError) as error:
        raise CnnzooError(f"encoding must be one that Python knows; got {encoding!r}") from error


def marked_encoding(content: bytes) -> str | None:
    """Return the encoding of texts that begin with a byte order mark, or None without one."""
    return next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)


def _decoded(content: bytes, encoding: str | None, path: Path) -> str:
    known = encoding or "utf-8"
    require_encoding(known)
    marked = marked_encoding(content)
    if marked:
        content, known = content[len("\ufeff".encode(marked)) :], marked
    try:
        return content.decode(known)
    except UnicodeDecodeError as error:
        before = _LINE_END.split(content[: error.start].decode(known, "replace"))
        wrong = " ".join(f"0x{byte:02x}" for byte in content[error.start : error.end])
        place = len(before[-1].encode(known, "replace"))
        advice = "" if encoding else "; name its encoding, such as --encoding cp1252"
        raise CnnzooError(
            f"{path}, line {len(before)}, must be {known.upper()} text; got {wrong} after {place} "
            f"bytes{advice}"
        ) from error
    except UnicodeError as error:  # Of encodings that do not say where.
        raise CnnzooError(f"{path} must be {known.upper()} text; {error}") from error
