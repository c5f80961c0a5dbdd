"""Frozen dataclasses whose fields are checked, replaced, read from text and written as JSON.

A recipe is one, and so are its parts, such as a learning-rate schedule.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import typing
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from cnnzoo.errors import CnnzooError
from cnnzoo.registry import unknown

Self = TypeVar("Self", bound="Fields")

_NAMES = {
    int: "an integer",
    float: "a number",
    str: "text",
    bool: "true or false",
    type(None): "none",
    tuple: "a list of integers",
    dict: "a mapping",
}


@dataclasses.dataclass(frozen=True)
class Fields:
    """Base of such a dataclass; `check` of the class adds the rules of its values."""

    # Names and values of version 0.1, which go with 0.3: earlier -> today's.
    RENAMED: ClassVar[Mapping[str, str]] = {}
    RENAMED_VALUES: ClassVar[Mapping[str, Mapping[str, str]]] = {}  # By today's field.
    REMOVED: ClassVar[Mapping[str, Any]] = {}  # Field -> the value that it must have had.

    def __post_init__(self) -> None:
        for name, allowed in _types(type(self)).items():
            value = getattr(self, name)
            if float in allowed and int not in allowed and type(value) is int:
                object.__setattr__(self, name, float(value))
            elif tuple in allowed and _are_integers(value):
                object.__setattr__(self, name, tuple(value))
            elif type(value) not in allowed or type(value) is tuple:
                raise CnnzooError(f"{name} must be {_described(allowed)}; got {value!r}")
        self.check()

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take over the fields of a pickle, of version 0.1 too."""
        current = self.current(state, warn=False)
        vars(self).update({name: current[name] for name in current if name not in self.REMOVED})

    def check(self) -> None:
        """Refuse wrong values; types are checked already.

        Raises:
            CnnzooError: A value is wrong.
        """

    def require(self, field: str, holds: bool, rule: str) -> None:
        """Refuse the value of `field` unless `holds`.

        Raises:
            CnnzooError: It does not hold.
        """
        if not holds:
            raise CnnzooError(f"{field} must be {rule}; got {getattr(self, field)!r}")

    def replace(self: Self, **fields: Any) -> Self:
        """Return a copy with some fields replaced.

        Raises:
            CnnzooError: A field is unknown or its value wrong.
        """
        current = self.current(fields)
        for name in current:
            self._known(name)
        return dataclasses.replace(self, **current)

    def _known(self, name: str) -> str:
        known = _types(type(self))
        if name not in known:
            raise CnnzooError(unknown(f"{type(self).__name__.lower()} field", name, known))
        return name

    def parse(self, assignments: Mapping[str, str]) -> dict[str, Any]:
        """Return the values of fields given as text, each of its field's type where it can be.

        `tokens.length` names a field of a field. What cannot be read as any of the field's types
        stays text, which `replace` then refuses.

        Raises:
            CnnzooError: A field is unknown.
        """
        found: dict[str, Any] = {}
        for name, text in self.current(assignments).items():
            head, _, rest = name.partition(".")
            if not rest:
                found[head] = _parsed(text, _types(type(self))[self._known(head)])
                continue
            part = found.get(head, getattr(self, self._known(head)))
            if isinstance(part, Fields):
                found[head] = part.replace(**part.parse({rest: text}))
            elif isinstance(part, dict) or (part is None and dict in _types(type(self))[head]):
                found[head] = {**(part or {}), rest: _literal(text)}
            else:
                raise CnnzooError(f"{head} must have fields for {name} to be one; got {part!r}")
        return found

    def to_text(self) -> dict[str, str]:
        """Return what `parse` reads these fields from: one text per field, or per key of one."""
        found = {}
        for name in _types(type(self)):
            value = getattr(self, name)
            if isinstance(value, dict) and value:
                found.update({f"{name}.{key}": _text(one) for key, one in value.items()})
            else:
                found[name] = _text(value)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values; a part that is one of several classes is named."""
        kinds = _types(type(self))
        return {name: _to_json(getattr(self, name), kinds[name]) for name in kinds}

    @classmethod
    def from_json(cls: type[Self], fields: Mapping[str, Any]) -> Self:
        """Return what `to_json` described.

        Raises:
            CnnzooError: A field is missing, unknown or wrong.
        """
        try:
            kinds, current = _types(cls), cls.current(fields, warn=False)
            for name, value in cls.REMOVED.items():
                if current.pop(name, value) != value:
                    rule = f"{name} must be {value!r} in this version"
                    raise CnnzooError(f"{rule}; got {fields[name]!r}")
            return cls(**{name: _from_json(value, kinds[name]) for name, value in current.items()})
        except CnnzooError:
            raise
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            what = cls.__name__.lower()
            raise CnnzooError(f"{what} fields must be those of this version: {error}") from error

    @classmethod
    def current(cls, fields: Mapping[str, Any], *, warn: bool = True) -> dict[str, Any]:
        """Return `fields` under today's names, with today's names of their values.

        An earlier name wins over today's: `dataclasses.replace` adds the latter by itself.
        """
        found = {}
        for name, value in sorted(fields.items(), key=lambda item: item[0] in cls.RENAMED):
            field = cls.RENAMED.get(name, name)
            values = cls.RENAMED_VALUES.get(field, {})
            known = isinstance(value, str) and value in values
            found[field] = values[value] if known else value
            if warn and (field != name or known):
                message = f"{name}={value!r} is now {field}={found[field]!r}; the old name goes"
                warnings.warn(message, FutureWarning, stacklevel=3)
        return found


_hints = functools.cache(typing.get_type_hints)


def _types(cls: type) -> dict[str, tuple[type, ...]]:
    """Return the types that each field of `cls` may have."""
    hints = _hints(cls)
    return {
        field.name: tuple(
            typing.get_origin(kind) or kind for kind in _alternatives(hints[field.name])
        )
        for field in dataclasses.fields(cls)
    }


def _alternatives(hint: Any) -> tuple[Any, ...]:
    plain = typing.get_origin(hint) in (None, tuple, dict)
    return (hint,) if plain else typing.get_args(hint)


def _parts(kinds: tuple[type, ...]) -> dict[str, type[Fields]]:
    return {kind.__name__: kind for kind in kinds if issubclass(kind, Fields)}


def _are_integers(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(type(one) is int for one in value)


def _described(kinds: tuple[type, ...]) -> str:
    return " or ".join(_NAMES.get(kind, f"{kind.__name__}(...)") for kind in kinds)


def _parsed(text: str, kinds: tuple[type, ...]) -> Any:
    if text.lower() == "none" and type(None) in kinds:
        return None
    if text.lower() in ("true", "false") and bool in kinds:
        return text.lower() == "true"
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                pass
    if tuple in kinds or dict in kinds:
        return _literal(text)
    return _called(text, _parts(kinds))


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _called(text: str, parts: dict[str, type[Fields]]) -> Any:
    """Return the part that `text`, such as "Cosine(0.1, warmup=0.2)", makes, or else `text`."""
    try:
        call = ast.parse(text, mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            return text
        arguments = [ast.literal_eval(argument) for argument in call.args]
        named = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
    except (ValueError, SyntaxError):
        return text
    if call.func.id not in parts:
        return text
    try:
        return parts[call.func.id](*arguments, **named)
    except TypeError as error:
        raise CnnzooError(f"{call.func.id} must be made of its fields: {error}") from error


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"{value[0]}," if len(value) == 1 else ",".join(map(str, value))
    return str(value)


def _to_json(value: Any, kinds: tuple[type, ...]) -> Any:
    if not isinstance(value, Fields):
        return list(value) if isinstance(value, tuple) else value
    content = value.to_json()
    return content if len(_parts(kinds)) == 1 else {type(value).__name__: content}


def _from_json(value: Any, kinds: tuple[type, ...]) -> Any:
    parts = _parts(kinds)
    if not parts or not isinstance(value, dict):
        return value
    if len(parts) > 1:
        ((name, value),) = value.items()
        return parts[name].from_json(value)
    (kind,) = parts.values()
    return kind.from_json(value)
