"""Texts to tokens: a Keras layer that training, the artifact and a SavedModel share.

Token 0 is padding, 1 is what is missing from the vocabulary, 2 the vocabulary's first word or
character. Words stand between ASCII white space and are compared as bytes. Characters are those of
UTF-8; what is not UTF-8 reads as U+FFFD, as Unicode recommends.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import tensorflow as tf

from cnnzoo.cleaning import CLEANINGS, clean
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.texts import as_bytes, check_texts, string_tensor
from cnnzoo.pipelines.tf_cleaning import clean_tensor
from cnnzoo.registry import unknown

__all__ = ["Tokenizer"]

PADDING, UNKNOWN, FIRST = 0, 1, 2

LEVELS: dict[str, Callable[[bytes], Any]] = {
    "word": bytes.split,
    "character": lambda text: text.decode("utf-8", "replace"),
}

# How many of so many tokens, to be added or cut off, are so in front of the text.
SIDES: dict[str, Callable[[Any], Any]] = {
    "front": lambda count: count,
    "end": lambda count: count - count,
    "both": lambda count: count // 2,
}

_CHUNK = 4096  # Texts that are cut into tokens at a time, which bounds memory.


@keras.saving.register_keras_serializable("cnnzoo")
class Tokenizer(keras.layers.Layer):
    """From texts, strings `[batch]`, to tokens int32 `[batch, length]`."""

    def __init__(
        self,
        vocabulary: Iterable[str | bytes],
        *,
        level: str = "word",
        cleaning: str = "none",
        length: int | None = None,
        shortest: int | None = None,
        padding: str = "end",
        truncation: str = "end",
        backwards: bool = False,
        **kwargs: Any,
    ) -> None:
        """Take a vocabulary as it is; `fit` makes one from texts.

        Args:
            vocabulary: Words or characters, in the order of their tokens; one that stands twice has
                the later token. A string is an alphabet, character by character.
            level: "word" or "character".
            cleaning: A rule of `cleaning.CLEANINGS`.
            length: Tokens that a text has at most, or None.
            shortest: Tokens that a batch has at least: `length` by default, so that every batch has
                this length, or else 1. A batch is as long as its longest text within these two.
            padding: Where short texts are filled up: at the "front", the "end" or "both".
            truncation: Where long texts are cut.
            backwards: Whether the last token comes first; padding and truncation follow.
            kwargs: Of every Keras layer, such as `name`.

        Raises:
            CnnzooError: One of them is none of these.
        """
        super().__init__(**kwargs)
        _check_name("level", level, LEVELS)
        _check_name("cleaning", cleaning, CLEANINGS)
        _check_name("padding", padding, SIDES)
        _check_name("truncation", truncation, SIDES)
        if length is not None:
            _check_least("length", length, 1)
        shortest = (length or 1) if shortest is None else shortest
        _check_least("shortest", shortest, 1)
        if length is not None and shortest > length:
            raise CnnzooError(f"shortest must be at most length, {length}; got {shortest}")
        self.vocabulary = tuple(as_bytes(token, "each word of vocabulary") for token in vocabulary)
        self.level, self.cleaning = level, cleaning
        self.length, self.shortest = length, shortest
        self.padding, self.truncation, self.backwards = padding, truncation, backwards
        self.supports_jit = False  # XLA has no strings.
        with tf.init_scope():
            self.table = self._lookup_table()

    @classmethod
    def fit(
        cls,
        texts: Any,
        *,
        level: str = "word",
        cleaning: str = "none",
        alphabet: str | None = None,
        max_tokens: int | None = None,
        min_count: int = 1,
        length: int | None = None,
        **options: Any,
    ) -> Tokenizer:
        """Return the tokenizer of the training texts, the most frequent word or character first.

        Equally frequent ones are ordered by their bytes.

        Args:
            texts: Strings or bytes `[texts]`, only of the training split.
            level: "word" or "character".
            cleaning: A rule of `cleaning.CLEANINGS`.
            alphabet: Characters to use instead of those of the texts.
            max_tokens: Greatest size of the vocabulary, padding and unknown included, or None.
            min_count: How often a word or character occurs at least.
            length: Tokens that a text has at most, or None.
            options: Other arguments of the layer.

        Raises:
            CnnzooError: There are no texts, or an argument is wrong.
        """
        _check_name("level", level, LEVELS)
        _check_least("min_count", min_count, 1)
        if max_tokens is not None:
            _check_least("max_tokens", max_tokens, FIRST)
        if alphabet is not None and level != "character":
            raise CnnzooError(f'level must be "character" for an alphabet; got {level!r}')
        counts: Counter[Any] = Counter()
        for text in _some(check_texts(texts)):
            counts.update(LEVELS[level](clean(text, cleaning)))
        by_count = sorted((-count, token) for token, count in counts.items() if count >= min_count)
        fitted = [token for _, token in by_count][: max_tokens and max_tokens - FIRST]
        vocabulary = fitted if alphabet is None else alphabet
        return cls(vocabulary, level=level, cleaning=cleaning, length=length, **options)

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens, padding and unknown included."""
        return FIRST + len(self.vocabulary)

    @property
    def names(self) -> list[bytes]:
        """The word or character of each token, in order; that of padding is empty."""
        return [b"", "\N{REPLACEMENT CHARACTER}".encode(), *self.vocabulary]

    def __call__(self, texts: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the tokens of `texts`, a tensor or list of strings `[batch]`.

        Raises:
            CnnzooError: They are no strings, or of another rank.
        """
        return super().__call__(string_tensor(texts), *args, **kwargs)

    def call(self, texts: tf.Tensor) -> tf.Tensor:
        """Return the tokens of `texts`."""
        return self.pad(self._kept(self._tokens(texts)))

    def ragged(self, texts: Any) -> tf.RaggedTensor:
        """Return the tokens of all `texts` before padding, int32 `[texts, (tokens)]`.

        Raises:
            CnnzooError: There are no texts, or one is no string.
        """
        strings = tf.constant(_some(check_texts(texts)), tf.string)
        chunks = (strings[begin : begin + _CHUNK] for begin in range(0, len(strings), _CHUNK))
        return tf.concat([self._kept(self._tokens(chunk)) for chunk in chunks], axis=0)

    def pad(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """Return `tokens`, rows of `ragged`, filled up to int32 `[batch, length]`."""
        sizes = tokens.row_lengths()
        length = tf.maximum(tf.reduce_max(sizes), self.shortest)
        if self.padding != "end":
            front = SIDES[self.padding](length - sizes)
            zeros = tf.zeros([tf.reduce_sum(front)], tf.int32)
            filling = tf.RaggedTensor.from_row_lengths(zeros, front, validate=False)
            tokens = tf.concat([filling, tokens], axis=1)
        padded = tokens.to_tensor(shape=tf.stack([-1, length]))
        return tf.ensure_shape(padded, self.compute_output_shape((None,)))

    def tokenize(self, texts: Iterable[str | bytes]) -> list[list[int]]:
        """Return the tokens of a batch of texts, rows of one length, computed in plain Python.

        Raises:
            CnnzooError: One is no string.
        """
        rows = [self._row(text) for text in texts]
        length = max([self.shortest, *map(len, rows)])
        padded = []
        for row in rows:
            empty = length - len(row)
            front = SIDES[self.padding](empty)
            padded.append([PADDING] * front + row + [PADDING] * (empty - front))
        return padded

    def _row(self, text: str | bytes) -> list[int]:
        found = LEVELS[self.level](clean(as_bytes(text), self.cleaning))
        tokens = [self._ids.get(token, UNKNOWN) for token in found]
        if self.backwards:
            tokens.reverse()
        excess = max(0, len(tokens) - self.length) if self.length else 0
        begin = SIDES[self.truncation](excess)
        return tokens[begin : begin + len(tokens) - excess]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `(batch, length)`; the length is None where it is that of the longest text."""
        return (input_shape[0], self.length if self.shortest == self.length else None)

    def compute_output_spec(self, texts: Any) -> keras.KerasTensor:
        """Return shape and type of the tokens."""
        return keras.KerasTensor(self.compute_output_shape(texts.shape), dtype="int32")

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer; bytes that are not UTF-8 as lone surrogates."""
        names = ("level", "cleaning", "length", "shortest", "padding", "truncation", "backwards")
        return {
            **super().get_config(),
            "vocabulary": [token.decode("utf-8", "surrogateescape") for token in self.vocabulary],
            **{name: getattr(self, name) for name in names},
        }

    @functools.cached_property
    def _ids(self) -> dict[Any, int]:
        """Word (bytes) or character (str) -> token."""
        keys = self.vocabulary if self.level == "word" else map(_character, self.vocabulary)
        return {key: token for token, key in enumerate(keys, start=FIRST)}

    def _lookup_table(self) -> tf.lookup.StaticHashTable:
        """Return the table from words (string) or code points (int64) to tokens."""
        words = self.level == "word"
        # TensorFlow refuses a table without keys.
        ids = self._ids or {b"" if words else "\0": UNKNOWN}
        keys = (
            tf.constant(list(ids), tf.string) if words else tf.constant([*map(ord, ids)], tf.int64)
        )
        values = tf.constant(list(ids.values()), tf.int32)
        return tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(keys, values), default_value=UNKNOWN
        )

    def _tokens(self, texts: tf.Tensor) -> tf.RaggedTensor:
        texts = clean_tensor(texts, self.cleaning)
        if self.level == "word":
            return self.table.lookup(tf.strings.split(texts))
        characters = tf.strings.unicode_decode(texts, "UTF-8", errors="replace")
        return self.table.lookup(tf.cast(characters, tf.int64))

    def _kept(self, tokens: tf.RaggedTensor) -> tf.RaggedTensor:
        """Return what truncation leaves of each row, in the order of reading."""
        sizes = tokens.row_lengths()
        kept = sizes if self.length is None else tf.minimum(sizes, self.length)
        skipped = SIDES[self.truncation](sizes - kept)
        begin, step = tokens.row_starts() + skipped, 1
        if self.backwards:
            begin, step = tokens.row_limits() - 1 - skipped, -1
        places = tf.ragged.range(begin, begin + step * kept, step)
        return places.with_flat_values(tf.gather(tokens.flat_values, places.flat_values))


def _character(token: bytes) -> str:
    characters = token.decode("utf-8", "surrogateescape")
    if len(characters) != 1 or characters.encode("utf-8", "replace") != token:
        raise CnnzooError(f"vocabulary must hold single characters; got {characters!r}")
    return characters


def _some(texts: list[bytes]) -> list[bytes]:
    if not texts:
        raise CnnzooError("texts must hold at least one text; got none")
    return texts


def _check_name(kind: str, name: Any, known: Mapping[str, Any]) -> None:
    if not isinstance(name, str) or name not in known:
        raise CnnzooError(unknown(kind, name, known))


def _check_least(name: str, value: Any, least: int) -> None:
    if not isinstance(value, int) or value < least:
        raise CnnzooError(f"{name} must be an integer of at least {least}; got {value!r}")
