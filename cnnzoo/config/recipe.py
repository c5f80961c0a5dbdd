"""Recipes: what to train, on what, and how; frozen values that are checked when they are made."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import math
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from cnnzoo.config.fields import Fields
from cnnzoo.config.schedules import Cosine, OneCycle, Plateau, Steps
from cnnzoo.errors import CnnzooError
from cnnzoo.registry import Registry, modules

OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "muon")
LOSSES = ("cross_entropy", "margin")
PRECISIONS = ("float32", "bfloat16", "float16")
VIEWS = {"flip": 2, "flip_shift": 6}  # Kind -> views of an image whose logits are averaged.
SAMPLINGS = ("uniform", "balanced")  # Of examples, or of classes.
RESIZINGS = ("pad", "crop")  # Whole with margins, or the center; see cnnzoo.decoding.
# Of images and sounds: mean 0 and standard deviation 1 per channel, 0 to 1, or -0.5 to 0.5.
NORMALIZATIONS = ("standardized", "unit", "centered")
_THAW_RATE = 0.1
RENAMED_POLICIES = {"colour": "color", "pad_crop_flip_colour": "pad_crop_flip_color"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tokens(Fields):
    """How texts turn into tokens, by the training texts only; see `pipelines.tokenizer.Tokenizer`.

    Raises:
        CnnzooError: A field has a wrong type or value.
    """

    REMOVED: ClassVar = {"percentile": None}

    level: str = "word"  # Or "character".
    cleaning: str = "lower"  # A rule of `cnnzoo.cleaning`.
    fallback: str | None = "unicode"  # Rule for custom data whose letters `cleaning` would erase.
    alphabet: str | None = None  # Characters to use instead of those of the texts.
    max_tokens: int | None = None  # Greatest size of the vocabulary.
    min_count: int = 1  # How often a word occurs at least.
    length: int | None = None  # Tokens that a text has at most.
    shortest: int | None = 1  # Tokens that a batch has at least; none: length, always.
    padding: str = "end"  # Or "front" or "both".
    truncation: str = "end"
    backwards: bool = False
    window: int = 1  # Batches whose texts are sorted by length together.
    vectors: str | None = None  # Path of pretrained word vectors, word2vec or GloVe.

    def check(self) -> None:
        """Refuse wrong values."""
        self.require("min_count", self.min_count >= 1, "at least 1")
        self.require("window", self.window >= 1, "at least 1")
        for name in ("max_tokens", "length", "shortest"):
            value = getattr(self, name)
            self.require(name, value is None or value >= 1, "at least 1")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(Fields):
    """One way to train one network on one data set.

    Raises:
        CnnzooError: A field has a wrong type or value.
    """

    RENAMED: ClassVar = {"normalisation": "normalization"}
    RENAMED_VALUES: ClassVar = {
        "normalization": {"standardised": "standardized", "centred": "centered"},
        "augmentation": RENAMED_POLICIES,
    }

    model: str
    dataset: str | None = None  # A name, or the path of your data; none: it must be given.
    epochs: int
    batch_size: int
    learning_rate: float | Cosine | OneCycle | Steps | Plateau
    # To which images at a path are brought, rows, columns and 1 or 3 channels; by default those of
    # the network's usual ones.
    input_shape: tuple[int, ...] | None = None
    model_options: dict[str, Any] = dataclasses.field(default_factory=dict)  # Of `create_model`.
    # To start from: a shipped name, a run folder, a .keras file, or "imagenet". The head is fresh,
    # unless the network is to be quantized or pruned: then it is taken whole, options and all.
    weights: str | None = None
    frozen_epochs: int | None = None  # First ones, of the head only; by default a third of all.
    thaw_rate: float = _THAW_RATE  # Factor of the learning rate, started anew, from then on.
    augmentation: str | None = None  # Of images: a policy of cnnzoo.pipelines.augmentation.
    views: str | None = None  # Of an image when the network answers: one of VIEWS; none: itself.
    normalization: str = "standardized"  # Of images and sounds: one of NORMALIZATIONS.
    tokens: Tokens | None = None  # Of texts.
    optimizer: str = "adam"  # One of OPTIMIZERS; those with momentum have 0.9.
    optimizer_options: dict[str, Any] = dataclasses.field(default_factory=dict)  # Of Keras's class.
    l2: float = 0.0  # This times the weight is added to its gradient: the papers' weight decay.
    weight_decay: float = 0.0  # Decoupled: this times rate and weight is taken from the weight.
    norm_bias_rate: float = 1.0  # Factor of the learning rate of the biases of normalization.
    decay_all: bool = False  # Whether biases and normalization decay too, not only kernels.
    clip_norm: float | None = None  # Greatest norm of the gradient of all weights together.
    ema: float | None = None  # Momentum of the average of weights that is validated and saved.
    loss: str = "cross_entropy"  # One of LOSSES.
    label_smoothing: float = 0.0
    # Distillation: a shipped name or a run folder whose scores are learned beside the labels.
    teacher: str | None = None
    teacher_weight: float = 0.9  # Share of the loss.
    temperature: float = 4.0  # By which both networks' logits are divided for that share.
    # Factors of the loss by class name, 1 where one is missing; "balanced": examples over the
    # number of classes times those of the class, in the training part.
    class_weight: str | dict[str, Any] | None = None
    sampling: str = "uniform"  # Or "balanced": each class equally often in an epoch.
    precision: str = "float32"  # One of PRECISIONS, of computation; weights stay float32.
    prune: float | None = None  # Share of the multiply-adds of `weights` to remove, by filters.
    quantize: str | None = None  # "int8": the last epochs compute as the int8 file will.
    quantized_epochs: int | None = None  # How many; by default a third of all.
    patience: int | None = None  # Epochs without a better validation after which training stops.
    # Cut from the training split to choose the epoch: examples, or a share of it below 1.
    validation: int | float = 5_000
    resizing: str = "pad"  # Of images of custom data to the input shape: one of RESIZINGS.
    skip_unreadable: bool = False  # Whether images of custom data that cannot be read are left out.
    leave_out: str | None = None  # An audit's CSV file of training examples to leave out.
    encoding: str | None = None  # Of your texts, such as "cp1252"; none: UTF-8, or as marked.
    folds: int | None = None  # Of a cross-validation over the whole set, if any.
    fold: int = 0  # Which of them is the test split, from 0.
    seed: int = 0  # Of weights, order and augmentation.
    target: float | None = None  # Test accuracy, mean over seeds, that `cnnzoo reproduce` requires.
    paper_accuracy: float | None = None  # Fraction, as published.

    def check(self) -> None:
        """Refuse wrong values."""
        self.require("epochs", self.epochs >= 1, "at least 1")
        self.require("batch_size", self.batch_size >= 1, "at least 1")
        whole = isinstance(self.validation, int)
        self.require(
            "validation",
            self.validation >= 1 if whole else 0 < self.validation < 1,
            "at least 1, or a share between 0 and 1",
        )
        named = all(isinstance(name, str) for name in self.model_options)
        self.require("model_options", named, "a mapping whose keys are names")
        self.require("folds", self.folds is None or self.folds >= 2, "at least 2")
        self.require("fold", 0 <= self.fold < (self.folds or 1), "from 0 to below folds")
        self.require("seed", 0 <= self.seed < 2**31, "from 0 to 2147483647")
        for field, names in (
            ("normalization", NORMALIZATIONS),
            ("optimizer", OPTIMIZERS),
            ("loss", LOSSES),
            ("precision", PRECISIONS),
            ("sampling", SAMPLINGS),
        ):
            self.require(field, getattr(self, field) in names, f"one of {', '.join(names)}")
        self._check_size()
        self._check_rates()
        if self.views is not None:
            self.require("views", self.views in VIEWS, f"one of {', '.join(VIEWS)}, or none")
        self.require("teacher_weight", 0 < self.teacher_weight <= 1, "above 0, and at most 1")
        self.require("temperature", 0 < self.temperature < math.inf, "above 0")
        self.require("label_smoothing", 0 <= self.label_smoothing < 1, "from 0 to below 1")
        self.require("resizing", self.resizing in RESIZINGS, f"one of {', '.join(RESIZINGS)}")
        known = self.encoding is None or _is_encoding(self.encoding)
        self.require("encoding", known, "one that Python knows, such as cp1252")
        self.require("patience", self.patience is None or self.patience >= 1, "at least 1")
        self._check_class_weight()

    def _check_rates(self) -> None:
        fits = self.frozen_epochs is None or 0 <= self.frozen_epochs <= self.epochs
        self.require("frozen_epochs", fits, f"from 0 to epochs, {self.epochs}")
        self.require("thaw_rate", 0 < self.thaw_rate < math.inf, "above 0")
        fits = self.frozen_epochs is None or self.weights is not None
        self.require("frozen_epochs", fits, "none without weights")
        fits = self.thaw_rate == _THAW_RATE or self.frozen > 0
        self.require("thaw_rate", fits, f"{_THAW_RATE} without frozen epochs")
        if isinstance(self.learning_rate, float):
            self.require("learning_rate", 0 < self.learning_rate < math.inf, "above 0")
        for field in ("l2", "weight_decay"):
            self.require(field, 0 <= getattr(self, field) < math.inf, "at least 0")
        self.require("clip_norm", self.clip_norm is None or self.clip_norm > 0, "above 0")
        self.require("ema", self.ema is None or 0 < self.ema < 1, "between 0 and 1")
        self.require("norm_bias_rate", 0 < self.norm_bias_rate < math.inf, "above 0")
        fits = self.norm_bias_rate == 1 or self.optimizer in OPTIMIZERS[:3]
        self.require("norm_bias_rate", fits, f"1 unless optimizer is {', '.join(OPTIMIZERS[:3])}")

    def _check_size(self) -> None:
        self.require("quantize", self.quantize in (None, "int8"), "'int8' or none")
        given = self.quantized_epochs
        self.require(
            "quantized_epochs", given is None or bool(self.quantize), "none without quantize"
        )
        fits = given is None or 1 <= given <= self.epochs
        self.require("quantized_epochs", fits, f"from 1 to epochs, {self.epochs}")
        self.require("prune", self.prune is None or 0 < self.prune < 1, "between 0 and 1")
        fits = self.prune is None or self.weights is not None
        self.require("prune", fits, "none unless weights names the network to prune")
        fits = not self.keeps_head or self.precision == "float32"
        self.require("precision", fits, "float32 where quantize or prune is given")
        fits = not self.keeps_head or self.frozen_epochs is None
        self.require("frozen_epochs", fits, "none where quantize or prune is given")

    def _check_class_weight(self) -> None:
        value = self.class_weight
        if isinstance(value, dict):
            weights = [one for one in value.values() if type(one) in (int, float)]
            self.require(
                "class_weight",
                len(weights) == len(value) > 0
                and all(isinstance(name, str) for name in value)
                and all(0 <= one < math.inf for one in weights),
                "a mapping from names of classes to finite weights of at least 0",
            )
        else:
            rule = "'balanced', a mapping from names of classes to weights, or none"
            self.require("class_weight", value in (None, "balanced"), rule)
            balanced = value == self.sampling == "balanced"
            self.require("class_weight", not balanced, "none where sampling is balanced")

    @property
    def frozen(self) -> int:
        """First epochs, in which only the head is trained."""
        if self.weights is None or self.keeps_head:
            return 0
        return -(-self.epochs // 3) if self.frozen_epochs is None else self.frozen_epochs

    @property
    def keeps_head(self) -> bool:
        """Whether the head is started from `weights`, too."""
        return self.quantize is not None or self.prune is not None

    @property
    def quantized(self) -> int:
        """Last epochs, which compute as the int8 file will."""
        if self.quantize is None:
            return 0
        return self.quantized_epochs or -(-self.epochs // 3)

    @property
    def unquantized(self) -> int:
        """First epochs, which compute as the network does without `quantize`."""
        return self.epochs - self.quantized

    def changes(self, other: Recipe) -> list[str]:
        """Return the fields in which `other` would train otherwise: all but what is expected."""
        return [
            name for name in self.differences(other) if name not in ("target", "paper_accuracy")
        ]

    def differences(self, other: Recipe) -> dict[str, tuple[Any, Any]]:
        """Return the fields in which `other` differs: the value here, and the value there."""
        pairs = {
            field.name: (getattr(self, field.name), getattr(other, field.name))
            for field in dataclasses.fields(self)
        }
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _is_encoding(name: str) -> bool:
    try:
        " ".encode(name)
    except (LookupError, ValueError):
        return False
    return True


_init = Recipe.__init__


@functools.wraps(_init)
def _init_by_any_name(self: Recipe, **fields: Any) -> None:
    _init(self, **self.current(fields))


Recipe.__init__ = _init_by_any_name  # type: ignore[method-assign]


def recipes() -> Registry[ModuleType]:
    """Return the recipe modules by name; each holds one `RECIPE`."""
    found: Registry[ModuleType] = Registry("recipe", "cnnzoo list recipes")
    for module in modules(importlib.import_module("cnnzoo.recipes")):
        found.add(module.__name__.rpartition(".")[2], module)
    return found


def list_recipes(pattern: str = "*") -> list[str]:
    """Return the names of the recipes that match the shell-style `pattern`.

    Raises:
        CnnzooError: The pattern is not text.
    """
    return recipes().names(pattern)


def get_recipe(name: str) -> Recipe:
    """Return the recipe `name`; `.replace(epochs=2)` makes another of it.

    Raises:
        CnnzooError: The name is unknown.
    """
    return recipes()[name].RECIPE


def resolve(
    recipe: str | Recipe, fields: Mapping[str, Any], *, custom: bool = False
) -> tuple[str, Recipe, Recipe]:
    """Return what to call a run, its recipe as it stands, and that recipe with `fields` replaced.

    Args:
        recipe: A recipe, or the name of one.
        fields: Values of the recipe to replace.
        custom: Whether it is trained on custom data: then a tenth of the training split is
            validation data, and there are no folds, unless `fields` say otherwise.

    Raises:
        CnnzooError: The recipe or a field is unknown or wrong, or there are no data.
    """
    name, base = named(recipe)
    if custom:  # The recipe's validation data and folds were chosen for its own data.
        fields = {"validation": 0.1, "folds": None, "fold": 0, **fields}
    value = base.replace(**fields)
    if value.dataset is None:
        raise CnnzooError(f"data must be given for {name}, which has none of its own; got none")
    return name, base, value


def named(recipe: str | Recipe) -> tuple[str, Recipe]:
    """Return what to call a run of `recipe`, and the recipe.

    Raises:
        CnnzooError: It is unknown.
    """
    if isinstance(recipe, str):
        return recipe, get_recipe(recipe)
    if not isinstance(recipe, Recipe):
        raise CnnzooError(f"recipe must be a name or a Recipe; got {recipe!r}")
    return f"{_plain(recipe.dataset or 'data')}_{recipe.model}", recipe


def _plain(dataset: str) -> str:
    """Return the name of a data set or, of a path, its last part in characters of names."""
    return re.sub(r"[^\w.-]+", "_", Path(dataset).name)
