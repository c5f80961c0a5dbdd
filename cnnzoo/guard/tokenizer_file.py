"""What a file says of a tokenizer: rules by which texts are cut, of a fixed set, within bounds."""

from __future__ import annotations

import json
from typing import Any

from cnnzoo.cleaning import CLEANINGS
from cnnzoo.errors import CnnzooError

_SIDES = ("front", "end", "both")
_LONGEST = 2**16  # Tokens to which a short text is filled up, at most.


def check_tokenizer(facts: Any, name: str) -> dict[str, Any]:
    """Return `facts`, the content of a `tokenizer.json`.

    Raises:
        CnnzooError: They are none, or beyond bounds; `name` stands in the message.
    """
    if not isinstance(facts, dict):
        raise CnnzooError(f"{name} must hold a dictionary; got {type(facts).__name__}")
    known = [json.loads(json.dumps(rule._asdict())) for rule in CLEANINGS.values()]
    vocabulary, length = facts.get("vocabulary"), facts.get("length")
    rules = {
        "level": facts.get("level") in ("word", "character"),
        # Regular expressions of a stranger could take for ever.
        "cleaning": _filled(facts.get("cleaning"), known),
        "length": length is None or _is_count(length),
        "shortest": _is_count(facts.get("shortest")) and facts["shortest"] <= _LONGEST,
        "padding": facts.get("padding") in _SIDES,
        "truncation": facts.get("truncation") in _SIDES,
        "backwards": isinstance(facts.get("backwards"), bool),
        "vocabulary": isinstance(vocabulary, list)
        and all(isinstance(one, str) for one in vocabulary),
    }
    for field, kept in rules.items():
        if not kept:
            raise CnnzooError(
                f"{name} must state a proper {field!r}; got {str(facts.get(field))[:80]}"
            )
    return facts


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 1


def _filled(rule: Any, known: list[dict[str, Any]]) -> bool:
    """Return whether `rule`, perhaps written before some of its fields came, is a known one."""
    if not isinstance(rule, dict):
        return False
    return {"characters": ["", ""], "apart": "", **rule} in known
