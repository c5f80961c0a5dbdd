"""Recipes: what to train, on what, and how; frozen values that are checked when they are made."""

from __future__ import annotations

import dataclasses
import importlib
import math
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from cnnzoo.errors import CnnzooError
from cnnzoo.registry import Registry, modules, unknown
from cnnzoo.training.schedules import Cosine

OPTIMIZERS = ("adam", "sgd")
# Of images: to mean 0 and standard deviation 1 a channel, to 0 to 1, or to -0.5 to 0.5.
NORMALISATIONS = ("standardised", "unit", "centred")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way to train one network on one data set.

    Raises:
        CnnzooError: A field has a wrong type or value.
    """

    model: str
    dataset: str  # A name, or the path of a folder of one's own images.
    epochs: int
    batch_size: int
    learning_rate: float | Cosine
    augmentation: str | None = None  # A policy of cnnzoo.pipelines.augmentation.
    normalisation: str = "standardised"  # One of NORMALISATIONS.
    optimizer: str = "adam"  # One of OPTIMIZERS; "sgd" has Nesterov momentum 0.9.
    # Cut from the training split to choose the epoch: examples, or a share of it below 1.
    validation: int | float = 5_000
    seed: int = 0  # Of weights, order and augmentation.
    target: float | None = None  # Test accuracy, mean over seeds, that `cnnzoo reproduce` asks for.
    paper_accuracy: float | None = None  # Fraction, as published.

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(Recipe)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            allowed = typing.get_args(hints[field.name]) or (hints[field.name],)
            if float in allowed and int not in allowed and type(value) is int:
                object.__setattr__(self, field.name, float(value))
            elif type(value) not in allowed:
                raise CnnzooError(f"{field.name} must be {_described(allowed)}; got {value!r}")
        self._require("epochs", self.epochs >= 1, "at least 1")
        self._require("batch_size", self.batch_size >= 1, "at least 1")
        whole = isinstance(self.validation, int)
        self._require(
            "validation",
            self.validation >= 1 if whole else 0 < self.validation < 1,
            "at least 1, or a share between 0 and 1",
        )
        self._require("seed", 0 <= self.seed < 2**31, "from 0 to 2147483647")
        named = f"one of {', '.join(NORMALISATIONS)}"
        self._require("normalisation", self.normalisation in NORMALISATIONS, named)
        self._require("optimizer", self.optimizer in OPTIMIZERS, f"one of {', '.join(OPTIMIZERS)}")
        if isinstance(self.learning_rate, float):
            self._require("learning_rate", 0 < self.learning_rate < math.inf, "above 0")

    def _require(self, field: str, holds: bool, rule: str) -> None:
        if not holds:
            raise CnnzooError(f"{field} must be {rule}; got {getattr(self, field)!r}")

    def replace(self, **fields: Any) -> Recipe:
        """Return the recipe with some fields replaced.

        Raises:
            CnnzooError: A field is unknown or its value wrong.
        """
        known = [field.name for field in dataclasses.fields(self)]
        for name in fields:
            if name not in known:
                raise CnnzooError(unknown("recipe field", name, known))
        return dataclasses.replace(self, **fields)

    def changes(self, other: Recipe) -> list[str]:
        """Return the fields in which `other` would train otherwise: all but what is expected."""
        names = [field.name for field in dataclasses.fields(self)]
        return [
            name
            for name in names
            if name not in ("target", "paper_accuracy")
            and getattr(self, name) != getattr(other, name)
        ]

    def parse(self, assignments: Mapping[str, str]) -> dict[str, Any]:
        """Return the values of fields given as text, each of its field's type where it can be.

        What cannot be read as any of the field's types stays text, which `replace` then refuses.
        """
        hints = typing.get_type_hints(Recipe)
        return {name: _parsed(text, hints.get(name, str)) for name, text in assignments.items()}

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Recipe:
        """Return the recipe that `to_json` described.

        Raises:
            CnnzooError: A field is missing, unknown or wrong.
        """
        fields = dict(fields)
        if isinstance(fields.get("learning_rate"), dict):
            fields["learning_rate"] = Cosine(**fields["learning_rate"])
        try:
            return cls(**fields)
        except TypeError as error:
            raise CnnzooError(f"recipe fields must be those of this version: {error}") from error


def _described(types: tuple[type, ...]) -> str:
    names = {int: "an integer", float: "a number", str: "text", type(None): "none"}
    return " or ".join(names.get(kind, f"a {kind.__name__} schedule") for kind in types)


def _parsed(text: str, hint: Any) -> Any:
    allowed = typing.get_args(hint) or (hint,)
    if text.lower() == "none" and type(None) in allowed:
        return None
    for kind in (int, float):
        if kind in allowed:
            try:
                return kind(text)
            except ValueError:
                pass
    return text


def recipes() -> Registry[ModuleType]:
    """Return the recipe modules by name; each holds one `RECIPE`."""
    found: Registry[ModuleType] = Registry("recipe")
    for module in modules(importlib.import_module("cnnzoo.recipes")):
        found.add(module.__name__.rpartition(".")[2], module)
    return found


def list_recipes(pattern: str = "*") -> list[str]:
    """Return the names of the recipes that match the shell-style `pattern`."""
    return recipes().names(pattern)
