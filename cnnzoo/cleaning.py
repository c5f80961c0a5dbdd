"""The cleaning of texts, by rules that are the same in plain Python and in a graph.

All rules but "unicode" work on bytes: only ASCII letters turn into lower case, and any bytes will
do as a text.

Source: Kim 2014, https://arxiv.org/abs/1408.5882, from the author's code, `clean_str` and
`clean_str_sst`, https://github.com/yoonkim/CNN_sentence. That code puts a backslash before brackets
and question marks, and so do these rules.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from cnnzoo.errors import CnnzooError
from cnnzoo.registry import unknown


class Cleaning(NamedTuple):
    """What one rule does, in this order."""

    keeps: str = ""  # Class of characters; others turn into single spaces. Empty: all stay.
    rewrites: tuple[tuple[str, str], ...] = ()  # Regular expression -> replacement.
    lower: bool = False
    # The rule works on the characters of UTF-8: each of the first turns into that of the second at
    # its place, and those of the class `apart` are words of their own.
    characters: tuple[str, str] = ("", "")
    apart: str = ""


def _case_and_signs() -> tuple[str, str]:
    """Return capital letters and signs, and what "unicode" makes of them: small letters and spaces.

    Categories are those of Unicode 3.2, which every version of Python has, and small letters those
    of the Latin, Greek, Cyrillic and Armenian scripts, which are complete: the rule is the same in
    every version. Characters since 3.2 stay.
    """
    category = unicodedata.ucd_3_2_0.category
    letters = [*range(0x590), *range(0x1E00, 0x2000), *range(0xFF21, 0xFF3B)]
    found = {chr(place): _small(chr(place)) for place in letters}
    for character in map(chr, range(0x20000)):
        kind = category(character)
        if kind[0] in "PZS" or kind in ("Cc", "Cf"):
            found[character] = " "
    found |= dict.fromkeys(_characters(_SIGNS), " ")
    found |= {character: character for character in _characters(_PICTOGRAPHS)}
    changed = {one: other for one, other in found.items() if one != other}
    return "".join(changed), "".join(changed.values())


def _small(letter: str) -> str:
    folded = letter.casefold()
    return folded if len(folded) == 1 else letter.lower()[0]


def _characters(blocks: Sequence[tuple[int, int]]) -> list[str]:
    return [chr(place) for first, last in blocks for place in range(first, last + 1)]


# Punctuation since Unicode 3.2, variation selectors, what stands for wrong bytes.
_SIGNS = ((0x2000, 0x200B), (0x200E, 0x206F), (0x2E00, 0x2E7F), (0xFE00, 0xFE0F), (0xFFFD, 0xFFFD))
# Joiners within words; symbols and emoji, which are words.
_PICTOGRAPHS = ((0x200C, 0x200D), (0x2190, 0x2BFF))
_UNSPACED = (  # Scripts without spaces between words: each character is taken as a word.
    (0x0E01, 0x0EFF),  # Thai, Lao.
    (0x1000, 0x109F),  # Burmese.
    (0x1780, 0x17FF),  # Khmer.
    (0x2E80, 0x2FDF),  # Radicals of Han.
    (0x3005, 0x312F),  # Han numerals, kana, bopomofo.
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),  # Han.
    (0x4E00, 0xA4CF),  # Han, Yi.
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),  # Half-width kana.
    (0x1B000, 0x1B16F),
    (0x20000, 0x3FFFF),  # Han.
)


def _class(blocks: Sequence[tuple[int, int]]) -> str:
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in blocks)


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
    # This project's, for every script: small letters, digits and pictographs are kept.
    "unicode": Cleaning(
        characters=_case_and_signs(),
        apart=_class((*_UNSPACED, (0x2190, 0x2BFF), (0x1F000, 0x1FAFF))),
    ),
}


def clean(text: bytes, cleaning: str) -> bytes:
    """Return `text`, cleaned by the rule `cleaning` in plain Python.

    Raises:
        CnnzooError: The name is unknown.
    """
    rule = rule_of(cleaning)
    if rule.apart:
        known = text.decode("utf-8", "replace").translate(translation(cleaning))
        apart = re.sub(f"([{rule.apart}])", r" \1 ", known)
        text = re.sub(" +", " ", apart).strip(" ").encode()
    if rule.keeps:
        text = re.sub(f"[^{rule.keeps}]+".encode(), b" ", text)
        for pattern, rewrite in rule.rewrites:
            text = re.sub(pattern.encode(), rewrite.encode(), text)
        text = re.sub(b" +", b" ", text).strip()
    return text.lower() if rule.lower else text


LOST = 0.01  # Share of letters, or of texts with letters, that a suited rule may erase.


def suited(texts: Sequence[str], cleaning: str) -> bool:
    """Return whether the words of `texts` survive `cleaning`, by their letters.

    A rule that keeps only some characters erases all letters but those of ASCII; one that keeps all
    leaves scripts without spaces, such as Chinese, uncut.
    """
    rule = rule_of(cleaning)
    if rule.apart:
        return True
    unspaced = re.compile(f"[{_class(_UNSPACED)}]")
    letters = lost = worded = emptied = 0
    for text in texts:
        of_text = sum(map(str.isalpha, text))
        gone = 0
        if not text.isascii():
            other = "".join(filter(str.isalpha, text))
            gone = (
                len(re.sub("[A-Za-z]", "", other)) if rule.keeps else len(unspaced.findall(other))
            )
        letters, lost = letters + of_text, lost + gone
        worded, emptied = worded + bool(of_text), emptied + (of_text > 0 and gone == of_text)
    return lost <= LOST * letters and emptied <= LOST * worded


def effects(
    texts: Sequence[str], labels: Sequence[int], cleaning: str, alphabet: str | None = None
) -> tuple[int, int]:
    """Return of how many texts nothing is left, and how many become equal to one of another class.

    Texts of which nothing is left are not among the latter.

    Args:
        texts: Before cleaning.
        labels: Of the texts.
        cleaning: A rule.
        alphabet: The only characters that are read, if it is fixed.
    """
    cleaned = [clean(text.encode(), cleaning).strip() for text in texts]
    if alphabet is not None:
        others = re.compile(f"[^{re.escape(alphabet)}]+")
        cleaned = [others.sub("", text.decode("utf-8", "replace")).encode() for text in cleaned]
    before: dict[bytes, tuple[set[int], set[str]]] = defaultdict(lambda: (set(), set()))
    for left, label, text in zip(cleaned, labels, texts, strict=True):
        before[left][0].add(label)
        before[left][1].add(text)
    of_several = {left for left, alike in before.items() if min(len(one) for one in alike) > 1}
    return cleaned.count(b""), sum(left in of_several for left in cleaned if left)


@functools.cache
def translation(cleaning: str) -> dict[int, int]:
    """Return what the characters of a rule turn into, by code point, for `str.translate`."""
    return str.maketrans(*CLEANINGS[cleaning].characters)


def rule_of(cleaning: str) -> Cleaning:
    """Return the rule of a name.

    Raises:
        CnnzooError: The name is unknown.
    """
    if cleaning not in CLEANINGS:
        raise CnnzooError(unknown("cleaning", cleaning, CLEANINGS))
    return CLEANINGS[cleaning]
