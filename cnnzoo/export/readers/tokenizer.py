"""Texts to the tokens that an exported network takes, in plain Python.

    from tokenizer import Tokenizer

    tokenizer = Tokenizer("tokenizer.json")
    tokens = tokenizer(["a text", b"another"])  # Rows of integers, all of one length.

Give them to the network as int32 `[batch, length]`. Strings are read as UTF-8; bytes need not be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from os import PathLike
from typing import Any

PADDING, UNKNOWN, FIRST = 0, 1, 2

# How many of so many tokens, to be added or cut off, are so in front of the text.
SIDES = {"front": lambda count: count, "end": lambda count: 0, "both": lambda count: count // 2}


class Tokenizer:
    """Turns texts into the tokens of one trained network."""

    def __init__(self, path: str | PathLike[str] | dict[str, Any]) -> None:
        """Read the `tokenizer.json` that was exported with the network, or take what it says."""
        if isinstance(path, dict):
            self.facts = path
        else:
            with open(path, "rb") as file:
                self.facts = json.load(file)
        self.changed = str.maketrans(*self.facts["cleaning"].get("characters", ("", "")))
        self.by_word = self.facts["level"] == "word"
        vocabulary = self.facts["vocabulary"]
        keys = [_bytes(word) for word in vocabulary] if self.by_word else vocabulary
        self.tokens_of = {key: token for token, key in enumerate(keys, start=FIRST)}

    def __call__(self, texts: Iterable[str | bytes]) -> list[list[int]]:
        """Return a row of tokens a text; the rows are as long as the longest text needs."""
        rows = [self.tokens(text) for text in texts]
        length = max([self.facts["shortest"], *map(len, rows)])
        return [self._padded(row, length) for row in rows]

    def tokens(self, text: str | bytes) -> list[int]:
        """Return the tokens of one text, string or bytes, without padding."""
        cleaned = self._cleaned(_bytes(text))
        found = cleaned.split() if self.by_word else cleaned.decode("utf-8", "replace")
        tokens = [self.tokens_of.get(key, UNKNOWN) for key in found]
        if self.facts["backwards"]:
            tokens.reverse()
        length = self.facts["length"]
        excess = max(0, len(tokens) - length) if length else 0
        begin = SIDES[self.facts["truncation"]](excess)
        return tokens[begin : begin + len(tokens) - excess]

    def _cleaned(self, text: bytes) -> bytes:
        rule = self.facts["cleaning"]
        if rule.get("apart"):
            known = text.decode("utf-8", "replace").translate(self.changed)
            apart = re.sub(f"([{rule['apart']}])", r" \1 ", known)
            text = re.sub(" +", " ", apart).strip(" ").encode()
        if rule["keeps"]:
            text = re.sub(f"[^{rule['keeps']}]+".encode(), b" ", text)
            for pattern, rewrite in rule["rewrites"]:
                text = re.sub(pattern.encode(), rewrite.encode(), text)
            text = re.sub(b" +", b" ", text).strip()
        return text.lower() if rule["lower"] else text  # Of bytes: only ASCII letters.

    def _padded(self, row: list[int], length: int) -> list[int]:
        empty = length - len(row)
        front = SIDES[self.facts["padding"]](empty)
        return [PADDING] * front + row + [PADDING] * (empty - front)


def _bytes(text: str | bytes) -> bytes:
    """Return `text` as UTF-8; half surrogates U+DC80 to U+DCFF are bytes that were not UTF-8."""
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)
