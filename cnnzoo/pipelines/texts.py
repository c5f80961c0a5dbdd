"""Texts as they come, strings, arrays and files of lines, to UTF-8 bytes, and their cleaning.

The rules of cleaning are the same in Python and in a graph. They work on bytes: only ASCII letters
turn into lower case, and any bytes will do as a text.

Source: Kim 2014, https://arxiv.org/abs/1408.5882, from the author's code, `clean_str` and
`clean_str_sst`, https://github.com/yoonkim/CNN_sentence. That code puts a backslash before brackets
and question marks, and so do these rules.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.files import read
from cnnzoo.registry import unknown


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
    texts = texts.numpy() if isinstance(texts, tf.Tensor) else texts
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


def read_lines(path: Path, encoding: str = "utf-8") -> list[str]:
    """Return the lines of a text file, without their ends.

    A line ends in a newline, with or without a carriage return before it, and nowhere else.

    Args:
        path: A file.
        encoding: Its encoding, such as "cp1252".

    Raises:
        CnnzooError: There is no such file, the encoding is unknown, or a line is not in it.
    """
    lines = read(path).split(b"\n")
    if not lines[-1]:
        del lines[-1]
    return [
        _decoded(line.removesuffix(b"\r"), encoding, f"{path}, line {number},")
        for number, line in enumerate(lines, start=1)
    ]


def _decoded(line: bytes, encoding: str, where: str) -> str:
    try:
        return line.decode(encoding)
    except LookupError as error:
        raise CnnzooError(f"encoding must be one that Python knows; got {encoding!r}") from error
    except UnicodeDecodeError as error:
        wrong = " ".join(f"0x{byte:02x}" for byte in line[error.start : error.end])
        raise CnnzooError(
            f"{where} must be {encoding.upper()} text; got {wrong} after {error.start} bytes"
        ) from error


class Cleaning(NamedTuple):
    """What one rule does, in this order."""

    keeps: str = ""  # Class of characters; others turn into single spaces. Empty: all stay.
    rewrites: tuple[tuple[str, str], ...] = ()  # Regular expression -> replacement.
    lower: bool = False


_KEPT = "A-Za-z0-9(),!?'`"
_APART = (
    ("('s|'ve|n't|'re|'d|'ll)", r" \1"),
    ("([,!])", r" \1 "),
    ("([()?])", r" \\\1 "),
)
_SHAPES = (
    (r"\xc2\xa3", " gbp "),  # The pound sign in UTF-8.
    (r"[\xc2\xa3]", " "),
    ("[0-9]", "0"),
    (r"([^A-Za-z0-9 ])", r" \1 "),
)
CLEANINGS = {
    "none": Cleaning(),
    "lower": Cleaning(lower=True),
    "kim": Cleaning(_KEPT, _APART, lower=True),
    "kim_trec": Cleaning(_KEPT, _APART),  # His rule for TREC, where case matters.
    "kim_sst": Cleaning(_KEPT, lower=True),  # For SST, whose text is cut into words already.
    # This project's, for messages: each sign a word, and numbers known by their lengths alone.
    "shapes": Cleaning(r"!-~\xc2\xa3", _SHAPES, lower=True),
}


def clean(text: bytes, cleaning: str) -> bytes:
    """Return `text`, cleaned by the rule `cleaning` in plain Python.

    Raises:
        CnnzooError: The name is unknown.
    """
    rule = _rule(cleaning)
    if rule.keeps:
        text = re.sub(f"[^{rule.keeps}]+".encode(), b" ", text)
        for pattern, rewrite in rule.rewrites:
            text = re.sub(pattern.encode(), rewrite.encode(), text)
        text = re.sub(b" +", b" ", text).strip()
    return text.lower() if rule.lower else text


def clean_tensor(texts: tf.Tensor, cleaning: str) -> tf.Tensor:
    """Return `texts`, strings of any shape, cleaned by the rule `cleaning` in TensorFlow.

    Raises:
        CnnzooError: The name is unknown.
    """
    rule = _rule(cleaning)
    if rule.keeps:
        # Read as Latin-1, every byte is a character; in UTF-8, no expression matches a wrong byte.
        texts = tf.strings.unicode_transcode(texts, "ISO-8859-1", "UTF-8")
        texts = tf.strings.regex_replace(texts, f"[^{rule.keeps}]+", " ")
        for pattern, rewrite in rule.rewrites:
            texts = tf.strings.regex_replace(texts, pattern, rewrite)
        texts = tf.strings.strip(tf.strings.regex_replace(texts, " +", " "))
    return tf.strings.lower(texts) if rule.lower else texts


def _rule(cleaning: str) -> Cleaning:
    if cleaning not in CLEANINGS:
        raise CnnzooError(unknown("cleaning", cleaning, CLEANINGS))
    return CLEANINGS[cleaning]
