"""Pre-trained word vectors, read as a stream into the embedding matrix of a vocabulary.

Source: Kim 2014, https://arxiv.org/abs/1408.5882, section 3.2: words without a vector are drawn
uniformly, with the variance of those that have one. Formats: word2vec, binary and text,
https://code.google.com/archive/p/word2vec; GloVe, https://nlp.stanford.edu/projects/glove
"""

from __future__ import annotations

import gzip
import io
import math
import re
import zlib
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.texts import as_bytes
from cnnzoo.pipelines.tokenizer import FIRST, UNKNOWN
from cnnzoo.registry import unknown

KINDS = ("glove", "word2vec_binary", "word2vec_text")

_MAX_DIMENSION = 2**14
_MAX_WORD = 2**16  # Bytes.
_MAX_LINE = 2**20  # Bytes.
_HEADER = re.compile(rb"(\d{1,12}) (\d{1,12})\s*")  # Number of words, dimension.
_LIMIT = 0.25  # Of the uniform numbers where no word has a vector: that of Kim's code.

Row = tuple[str, bytes, np.ndarray]  # Where it stands, word, vector.


class WordVectors(NamedTuple):
    """An embedding matrix, and how much of it is pre-trained."""

    matrix: np.ndarray  # float32 [vocabulary size, dimension]; row 0, padding, is zeros.
    vocabulary_coverage: float  # Share of the words that have a vector in the file.
    token_coverage: float | None  # Share of the tokens, where tokens were given.


def read_word_vectors(
    path: str | Path,
    vocabulary: Sequence[str | bytes],
    *,
    seed: int,
    kind: str | None = None,
    dimension: int | None = None,
    tokens: Any = None,
) -> WordVectors:
    """Return the vectors of the words of `vocabulary`; others in the file are passed over.

    Where a word stands twice in the file, its first vector counts.

    Args:
        path: A file, which may be compressed (`.gz`).
        vocabulary: `tokenizer.vocabulary`: the words of tokens 2 and on.
        seed: Selects the vectors of words that are missing from the file, and of the unknown word.
        kind: One of KINDS; by default "word2vec_binary" for `.bin`, and otherwise a text format, by
            the first line.
        dimension: Numbers that a vector must have, or None.
        tokens: Tokens of the training texts, int of any shape, for `token_coverage`.

    Raises:
        CnnzooError: There is no such file, it is damaged, cut off or of another format, or its
            vectors have another dimension.
    """
    if kind is not None and kind not in KINDS:
        raise CnnzooError(unknown("kind", kind, KINDS))
    path = Path(path)
    if not path.is_file():
        raise CnnzooError(f"{path} must be a file of word vectors; got no such file")
    places = {as_bytes(word): place for place, word in enumerate(vocabulary, start=FIRST)}
    found: dict[int, np.ndarray] = {}
    try:
        opener: Any = gzip.open if path.suffix == ".gz" else open
        # Single bytes are read fast from a buffer alone.
        with opener(path, "rb") as opened, io.BufferedReader(opened) as file:
            first = file.readline(_MAX_LINE)
            kind = kind or _kind(path, first)
            count, size = _layout(path, first, kind, dimension)
            rows: Any = _binary_rows if kind == "word2vec_binary" else _text_rows
            for where, word, vector in rows(file, path, count, size, places):
                if not np.isfinite(vector).all():
                    raise CnnzooError(f"{where} must hold numbers; got NaN or infinity")
                found.setdefault(places[word], vector)
    except (EOFError, OSError, zlib.error) as error:
        raise CnnzooError(f"{path} cannot be read: {error}") from error
    matrix = _matrix(found, (FIRST + len(vocabulary), size), seed)
    share = len(found) / len(places) if places else 0.0
    return WordVectors(matrix, share, None if tokens is None else _share(tokens, found))


def _kind(path: Path, first: bytes) -> str:
    if path.name.removesuffix(".gz").endswith(".bin"):
        return "word2vec_binary"
    return "word2vec_text" if _HEADER.fullmatch(first) else "glove"


def _layout(path: Path, first: bytes, kind: str, wanted: int | None) -> tuple[int | None, int]:
    """Return the number of vectors, where the `first` line says it, and their dimension."""
    if kind == "glove":
        count, dimension = None, first.rstrip().count(b" ")
    else:
        header = _HEADER.fullmatch(first)
        if header is None:
            raise CnnzooError(
                f"{path}, line 1 must be the number of words and their dimension; "
                f"got {first[:40]!r}"
            )
        count, dimension = (int(number) for number in header.groups())
    if not 1 <= dimension <= _MAX_DIMENSION or wanted not in (None, dimension):
        right = f"from 1 to {_MAX_DIMENSION}" if wanted is None else str(wanted)
        raise CnnzooError(f"{path}, line 1: dimension must be {right}; got {dimension}")
    return count, dimension


def _binary_rows(
    file: io.BufferedReader, path: Path, count: int, dimension: int, words: Container[bytes]
) -> Iterator[Row]:
    for place in range(count):
        word = _word(file, path)
        content = file.read(4 * dimension)
        if len(content) < 4 * dimension:
            raise CnnzooError(
                f"{path}, byte {file.tell()} must belong to vector {place + 1} of {count}; the "
                "file ends there and may be cut off"
            )
        if word in words:
            where = f"{path}, byte {file.tell() - len(content)}"
            yield where, word, np.frombuffer(content, "<f4")
    if file.read(2).strip():
        raise CnnzooError(f"{path} must end after the {count} vectors of line 1; got more lines")


def _word(file: io.BufferedReader, path: Path) -> bytes:
    """Read a word and the space after it."""
    word = bytearray()
    while (byte := file.read(1)) != b" ":
        if not byte or len(word) == _MAX_WORD:
            what = f"no space for {_MAX_WORD} bytes" if byte else "the end; it may be cut off"
            raise CnnzooError(f"{path}, byte {file.tell()} must belong to a word; got {what}")
        word += byte
    return bytes(word).lstrip(b"\n")  # Some writers end each vector with a line end.


def _text_rows(
    file: io.BufferedReader, path: Path, count: int | None, dimension: int, words: Container[bytes]
) -> Iterator[Row]:
    if count is None:
        file.seek(0)  # Without a header, the first line is a vector.
    header = 0 if count is None else 1
    number = header
    while line := file.readline(_MAX_LINE):
        number += 1
        where = f"{path}, line {number}"
        if not line.endswith(b"\n"):
            raise CnnzooError(
                f"{where} must be at most {_MAX_LINE} bytes and a line end; the file may be cut "
                "off or no text"
            )
        line = line.rstrip(b" \r\n")
        word = _first_field(line, dimension, where)
        if word in words:
            yield where, word, _numbers(line[len(word) + 1 :], where)
    if count not in (None, number - header):
        raise CnnzooError(
            f"{path} must hold {count} vectors, by line 1; got {number - header}, and the file may "
            "be cut off"
        )


def _first_field(line: bytes, dimension: int, where: str) -> bytes:
    """Return the word of a `line`; some words of GloVe have spaces in them."""
    spaces = line.count(b" ")
    if spaces == dimension:
        return line[: line.index(b" ")]
    word = line.rsplit(b" ", dimension)[0]
    if spaces < dimension or _is_number(word.rsplit(b" ", 1)[1]):
        raise CnnzooError(f"{where} must hold a word and {dimension} numbers; got {spaces} numbers")
    return word


def _numbers(fields: bytes, where: str) -> np.ndarray:
    numbers = []
    for field in fields.split(b" "):
        if not _is_number(field):
            raise CnnzooError(f"{where} must hold numbers after the word; got {field!r}")
        numbers.append(float(field))
    with np.errstate(over="ignore"):  # What is too large turns into infinity, which is refused.
        return np.array(numbers).astype(np.float32)


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _matrix(found: dict[int, np.ndarray], shape: tuple[int, int], seed: int) -> np.ndarray:
    known = np.array(list(found.values()), np.float64)
    # The variance of numbers uniform within a limit is limit squared / 3.
    limit = math.sqrt(3 * known.var()) if found else _LIMIT
    # RandomState, unlike Generator, promises the same stream in every version of NumPy.
    matrix = np.random.RandomState(seed).uniform(-limit, limit, shape).astype(np.float32)
    matrix[:UNKNOWN] = 0
    if found:
        matrix[list(found)] = known
    return matrix


def _share(tokens: Any, found: dict[int, np.ndarray]) -> float:
    """Return the share of the `tokens` that are `found`; padding counts nowhere."""
    real = np.asarray(tokens)[np.asarray(tokens) >= UNKNOWN]
    return float(np.isin(real, list(found)).mean()) if real.size else 0.0
