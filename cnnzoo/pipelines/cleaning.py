"""Rules that clean a text before it is cut into tokens, the same in Python and in a graph.

They work on bytes: only ASCII letters turn into lower case, and any bytes will do as a text.

Source: Kim 2014, https://arxiv.org/abs/1408.5882, from the author's code, `clean_str` and
`clean_str_sst`, https://github.com/yoonkim/CNN_sentence. That code puts a backslash before brackets
and question marks, and so do these rules.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.registry import unknown


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
