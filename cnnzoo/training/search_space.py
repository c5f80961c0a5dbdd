"""What a sweep searches: fields of a recipe, each with its values or with a range of numbers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cnnzoo.config.recipe import Recipe
from cnnzoo.errors import CnnzooError

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(:log)?")
_DIGITS = 4  # Significant ones of a number from a range.
_CHECKED = 500  # Combinations that are checked before the first is trained.


class Range(NamedTuple):
    """All numbers from `low` to `high`, evenly drawn, or evenly in their logarithms."""

    low: int | float
    high: int | float
    log: bool

    def text(self, value: int | float) -> str:
        """Return a number of the range as text, with four digits where it is no integer."""
        if isinstance(self.low, int):
            return str(value)
        return repr(min(max(float(f"{value:.{_DIGITS}g}"), self.low), self.high))


class SearchSpace:
    """Fields of `recipe`, and for each its values as text, or its range.

    Args:
        recipe: Whose fields they are.
        over: Field, such as "batch_size" or "learning_rate.peak" -> its values, or a text:
            "64,128" (or "64|128") are two values, "1e-3..1e-1" is a range of the field's numbers,
            "1e-3..1e-1:log" one in which each decade counts alike.

    Raises:
        CnnzooError: A field is unknown, a value is wrong, a field has no value, or a range is
            upside down, of a field that is no number, or logarithmic from 0.
    """

    def __init__(self, recipe: Recipe, over: Mapping[str, str | Sequence[str]]) -> None:
        self.fields: dict[str, tuple[str, ...] | Range] = {}
        for field, given in over.items():
            found = _RANGE.fullmatch(given) if isinstance(given, str) else None
            if isinstance(given, str) and found:
                self.fields[field] = _range(recipe, field, given, *found.groups())
                continue
            values = _values(given) if isinstance(given, str) else given
            if not values:
                raise CnnzooError(f"over must give at least one value for {field}; got none")
            self.fields[field] = tuple(dict.fromkeys(values))
        for assignments in itertools.islice(self._combinations(), _CHECKED):
            recipe.replace(**recipe.parse(assignments))

    @property
    def ranges(self) -> dict[str, Range]:
        """The fields that have a range."""
        return {name: one for name, one in self.fields.items() if isinstance(one, Range)}

    def _combinations(self) -> Iterator[dict[str, str]]:
        """Yield the combinations of all values and ends of ranges, at first some of each value."""
        values = [
            tuple(map(one.text, one[:2])) if isinstance(one, Range) else one
            for one in self.fields.values()
        ]
        longest = max(map(len, values), default=0)
        each = (tuple(one[place % len(one)] for one in values) for place in range(longest))
        for chosen in itertools.chain(each, itertools.product(*values)):
            yield dict(zip(self.fields, chosen, strict=True))

    def assignments(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Return the values that were drawn for the fields, as text."""
        return {
            name: one.text(params[name]) if isinstance(one, Range) else params[name]
            for name, one in self.fields.items()
        }

    def to_json(self) -> list[Any]:
        """Return fields, in their order, and values or range in JSON's types."""
        return [[name, list(one)] for name, one in self.fields.items()]


def _values(text: str) -> list[str]:
    """Return what stands between the bars of `text` or else between its commas outside brackets."""
    if "|" in text:
        return text.split("|")
    parts, depth = [""], 0
    for one in text:
        depth += (one in "([{") - (one in ")]}")
        if one == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += one
    return [part.strip() for part in parts]


def _range(recipe: Recipe, field: str, text: str, first: str, last: str, log: str | None) -> Range:
    low, high = (_leaf(recipe.parse({field: end}), field) for end in (first, last))
    if not {type(low), type(high)} <= {int, float}:
        rule = "a number to have a range, and an integer field needs integers"
        raise CnnzooError(f"{field} must be {rule}; got {text!r}")
    if low >= high:
        raise CnnzooError(f"{field} must have a range from low to high; got {text!r}")
    if log and low <= 0:
        raise CnnzooError(f"{field} must have a range above 0 to be logarithmic; got {text!r}")
    if type(low) is not type(high):
        low, high = float(low), float(high)
    return Range(low, high, bool(log))


def _leaf(parsed: Mapping[str, Any], field: str) -> Any:
    """Return the value of the field, or of the field of a field, that was parsed alone."""
    (value,) = parsed.values()
    _, *parts = field.split(".")
    while parts and not isinstance(value, dict):
        value = getattr(value, parts.pop(0))
    return value[".".join(parts)] if parts else value
