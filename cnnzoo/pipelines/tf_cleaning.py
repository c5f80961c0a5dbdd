"""The cleaning of texts in TensorFlow, equal to that of `cnnzoo.cleaning` in plain Python."""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

from cnnzoo.cleaning import rule_of, translation

_PAGE = 256  # Characters whose offsets stand together; most pages are alike: all zero.


def clean_tensor(texts: tf.Tensor, cleaning: str) -> tf.Tensor:
    """Return `texts`, strings of any shape, cleaned by the rule `cleaning` in TensorFlow.

    Raises:
        CnnzooError: The name is unknown.
    """
    rule = rule_of(cleaning)
    if rule.apart:
        texts = tf.strings.regex_replace(_translated(texts, cleaning), f"([{rule.apart}])", r" \1 ")
        texts = tf.strings.strip(tf.strings.regex_replace(texts, " +", " "))
    if rule.keeps:
        # Read as Latin-1, every byte is a character; in UTF-8, no expression matches a wrong byte.
        texts = tf.strings.unicode_transcode(texts, "ISO-8859-1", "UTF-8")
        texts = tf.strings.regex_replace(texts, f"[^{rule.keeps}]+", " ")
        for pattern, rewrite in rule.rewrites:
            texts = tf.strings.regex_replace(texts, pattern, rewrite)
        texts = tf.strings.strip(tf.strings.regex_replace(texts, " +", " "))
    return tf.strings.lower(texts) if rule.lower else texts


@functools.cache
def _offsets(cleaning: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the pages of offsets of characters, and which of them each page of Unicode is."""
    offsets = np.zeros(0x110000, np.int32)
    for one, other in translation(cleaning).items():
        offsets[one] = other - one
    pages, places = np.unique(offsets.reshape(-1, _PAGE), axis=0, return_inverse=True)
    return pages, places.reshape(-1).astype(np.int32)


def _translated(texts: tf.Tensor, cleaning: str) -> tf.Tensor:
    """Return `texts` with the characters of the rule in place of theirs.

    TensorFlow's own lower case follows the locale of the machine and the version of its tables.
    """
    flat = tf.strings.unicode_decode(tf.reshape(texts, [-1]), "UTF-8", errors="replace")
    points = flat.flat_values
    pages, places = map(tf.constant, _offsets(cleaning))
    page = tf.gather(places, points // _PAGE)
    moved = points + tf.gather_nd(pages, tf.stack([page, points % _PAGE], axis=1))
    translated = tf.strings.unicode_encode(flat.with_flat_values(moved), "UTF-8")
    return tf.reshape(translated, tf.shape(texts))
